import { expect, test } from 'vitest';
import { listen, type OwnServerOptions } from './own-server.ts';
import { pathParts } from './path-parts.ts';

const warnings: string[] = [];
const logger = { warn: (_fields: unknown, text: string) => void warnings.push(text) } as never;
const options = (ports: readonly [number, number], host = '127.0.0.1'): OwnServerOptions => ({
  name: 'test',
  host,
  ports,
  settings: 'console.http',
  logger,
  listener: (_request, response) => void response.end('here'),
});

test('answers at its URL, and not after it was closed', async () => {
  const own = await listen(options([0, 0]));
  expect(own.url()).toBe(`http://127.0.0.1:${own.port}`);
  expect(own.url('::1')).toBe(`http://[::1]:${own.port}`);
  expect(await (await fetch(own.url())).text()).toBe('here');
  await own.close();
  await expect(fetch(own.url())).rejects.toThrow();
});

test('a port that is taken: the next one, or the setting to change', async () => {
  const first = await listen(options([0, 0]));
  try {
    const { port } = first;
    await expect(listen(options([port, port]))).rejects.toThrow(
      `port ${port} is in use: set another console.http.port`,
    );
    await expect(listen(options([0, 0], '203.0.113.1'))).rejects.toThrow(
      'Set another console.http.host or console.http.port',
    );
  } finally {
    await first.close();
  }
});

test('parts of a path are decoded', () => {
  expect(pathParts('/_node/pipelines/my%20pipeline/')).toEqual(['_node', 'pipelines', 'my pipeline']);
  expect(pathParts('/%zz')).toBeUndefined();
});
