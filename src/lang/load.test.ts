import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadConfigPath, loadConfigString } from './load.ts';

let folder: string;
const write = (name: string, content: string | Buffer): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-load-'));
  write('b.conf', 'filter { }');
  write('a.conf', 'input { }');
  write('B.conf', 'output { }');
  write('c.conf~', 'broken');
  write('.hidden', 'broken');
  write('notes.txt', '# notes');
  mkdirSync(join(folder, 'inner'));
  writeFileSync(join(folder, 'inner', 'd.conf'), '');
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('loadConfigString', () => {
  test.each([
    ['filter { }', ['<config.string>', '<default input>', '<default output>']],
    ['input { stdin { } }', ['<config.string>', '<default output>']],
    ['input\n{ stdin { } }', ['<config.string>', '<default output>']],
    ['output { stdout { } }', ['<config.string>', '<default input>']],
    ['input{}output{}', ['<config.string>']],
  ])('%j', (text, files) => {
    expect(loadConfigString(text).sources.map(({ file }) => file)).toEqual(files);
  });

  test('the defaults are those of Logstash', () => {
    const [, input, output] = loadConfigString('').sources;
    expect(input!.text).toBe('input { stdin { type => stdin } }');
    expect(output!.text).toBe('output { stdout { codec => rubydebug } }');
  });
});

describe('loadConfigPath', () => {
  const names = async (path: string) =>
    (await loadConfigPath(path)).sources.map(({ file }) => basename(file));

  test('one file, named as given', async () => {
    const path = join(folder, 'a.conf');
    expect(await loadConfigPath(path)).toEqual({
      sources: [{ file: path, text: 'input { }' }],
      diagnostics: [],
    });
    expect(await names(`file://${path}`)).toEqual(['a.conf']);
  });

  test('a directory: sorted by bytes, without hidden files, backups and what lies below', async () => {
    const { sources, diagnostics } = await loadConfigPath(folder);
    expect(sources.map(({ file }) => basename(file))).toEqual(['B.conf', 'a.conf', 'b.conf', 'notes.txt']);
    expect(diagnostics).toMatchObject([{ severity: 'warning', file: join(folder, 'c.conf~') }]);
    expect(await names(`${folder}/`)).toEqual(['B.conf', 'a.conf', 'b.conf', 'notes.txt']);
  });

  test('globs', async () => {
    expect(await names(join(folder, '*.conf'))).toEqual(['B.conf', 'a.conf', 'b.conf']);
    expect(await names(join(folder, '{a,b}.conf'))).toEqual(['a.conf', 'b.conf']);
    expect(await names(join(folder, '**/*.conf'))).toContain('d.conf');
  });

  test('nothing found is an error', async () => {
    const { sources, diagnostics } = await loadConfigPath(join(folder, 'no-*.conf'));
    expect(sources).toEqual([]);
    expect(diagnostics).toMatchObject([{ severity: 'error', message: 'no config file is found here' }]);
  });

  test('a byte order mark and carriage returns are fine', async () => {
    const path = write('bom', Buffer.from('\ufeffinput {\r\n}'));
    expect((await loadConfigPath(path)).sources[0]!.text).toBe('input {\r\n}');
  });

  test.each([
    ['latin1 in the middle', Buffer.from('# one\n# caf\xe9 au lait', 'latin1'), 2, 6, 11, 'E9'],
    ['the first byte', Buffer.from([0xff, 0x41]), 1, 1, 0, 'FF'],
    ['a character cut at the end', Buffer.from([0x41, 0x0a, 0x42, 0xe2, 0x82]), 2, 2, 3, 'E2'],
    [
      'behind other characters',
      Buffer.concat([Buffer.from('# \u00e9\ufffd'), Buffer.from([0xc3, 0x28])]),
      1,
      5,
      7,
      'C3',
    ],
  ])('not UTF-8: %s', async (_title, bytes, line, column, offset, byte) => {
    const path = write('bytes', bytes);
    const { sources, diagnostics } = await loadConfigPath(path);
    expect(sources).toEqual([]);
    expect(diagnostics).toMatchObject([
      { file: path, line, column, message: `this file is not UTF-8: byte 0x${byte} at offset ${offset}` },
    ]);
  });

  test('a URL', async () => {
    const server = createServer((request, response) => {
      response.statusCode = request.url === '/ok' ? 200 : 404;
      response.end('input { }');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    try {
      expect((await loadConfigPath(`${base}/ok`)).sources).toEqual([
        { file: `${base}/ok`, text: 'input { }' },
      ]);
      expect((await loadConfigPath(`${base}/no`)).diagnostics).toMatchObject([
        { severity: 'error', message: 'the server answered 404 Not Found' },
      ]);
    } finally {
      server.closeAllConnections();
      server.close();
    }
    expect((await loadConfigPath(`${base}/ok`)).diagnostics).toMatchObject([
      { severity: 'error', message: expect.stringContaining('can not be fetched') },
    ]);
  });
});
