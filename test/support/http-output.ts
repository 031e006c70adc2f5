/** The http output against servers on loopback; everything is closed after each test. */
import { afterEach } from 'vitest';
import { Event } from '../../src/event/event.ts';
import type { Output, OutputContext } from '../../src/kernel/plugin.ts';
import { plain } from '../../src/plugins/codecs/plain.ts';
import { http } from '../../src/plugins/outputs/http.ts';
import { type Answer, httpServer, type Script, type TestServer } from './http-server.ts';
import { createCodec, outputContext, resolveOptions } from './plugin.ts';

export const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});
export const { signal } = new AbortController();
export const numbered = (count: number): Event[] =>
  Array.from({ length: count }, (_, index) => new Event({ n: index + 1 }));

export async function serve(script: Script, tls?: Parameters<typeof httpServer>[1]): Promise<TestServer> {
  const server = await httpServer(script, tls);
  cleanups.push(() => server.close());
  return server;
}
export const answering =
  (answer: Answer): Script =>
  () =>
    answer;

export async function create(
  options: Record<string, unknown>,
  context: Partial<OutputContext> = {},
): Promise<Output> {
  const output = http.create(
    resolveOptions(http, { http_method: 'post', ...options }),
    outputContext(createCodec(plain), context),
  );
  cleanups.push(() => output.close());
  await output.open!(signal);
  return output;
}
