/** The elasticsearch output against a server that answers like Elasticsearch; everything is closed after each test. */
import { afterEach } from 'vitest';
import { Event } from '../../src/event/event.ts';
import type { Fields } from '../../src/kernel/event-types.ts';
import { type Logger, silentLogger } from '../../src/kernel/logger.ts';
import type { Output, OutputContext, WriteFailure } from '../../src/kernel/plugin.ts';
import { plain } from '../../src/plugins/codecs/plain.ts';
import { elasticsearch } from '../../src/plugins/outputs/elasticsearch.ts';
import { type FakeElasticsearch, type FakeOptions, fakeElasticsearch } from './elasticsearch-server.ts';
import { createCodec, outputContext, resolveOptions } from './plugin.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});
export const { signal } = new AbortController();
const DAY = { '@timestamp': '2026-11-20T10:00:00.000Z' };
export const event = (fields: Fields = {}, metadata?: Fields): Event =>
  new Event({ ...DAY, ...fields }, metadata);

export async function fake(options?: FakeOptions): Promise<FakeElasticsearch> {
  const server = await fakeElasticsearch(options);
  cleanups.push(() => server.close());
  return server;
}

export function make(options: Record<string, unknown>, context: Partial<OutputContext> = {}): Output {
  const output = elasticsearch.create(options as never, outputContext(createCodec(plain), context));
  cleanups.push(() => output.close());
  return output;
}

export async function open(
  server: FakeElasticsearch,
  options: Record<string, unknown> = {},
  context: Partial<OutputContext> = {},
): Promise<Output> {
  const output = make(resolved({ hosts: [server.url], ilm_enabled: 'false', ...options }), context);
  await output.open!(signal);
  return output;
}
export const resolved = (options: Record<string, unknown>): Record<string, unknown> =>
  resolveOptions(elasticsearch, options);

/** What one event becomes: its action and metadata, and the document. */
export async function action(
  options: Record<string, unknown>,
  one: Event = event({ n: 1 }),
  fakeOptions?: FakeOptions,
): Promise<{
  action: string;
  meta: Record<string, unknown>;
  source: any;
  failures: WriteFailure[] | undefined;
}> {
  const server = await fake(fakeOptions);
  const output = await open(server, options);
  const failures = await output.write([one], signal);
  const [document] = server.documents;
  return {
    action: document?.action ?? '',
    meta: document?.meta ?? {},
    source: document?.source === undefined ? undefined : JSON.parse(document.source),
    failures,
  };
}

export function recorder(): { logger: Logger; lines: string[] } {
  const lines: string[] = [];
  const log = (level: string) => (_fields: object, message: string) => void lines.push(`${level} ${message}`);
  const logger: Logger = { ...silentLogger, info: log('info'), warn: log('warn'), error: log('error') };
  return { logger, lines };
}
