import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { createCodec, decoderContext, outputContext, resolveOptions } from '../../../test/support/plugin.ts';
import { everything } from '../../../test/support/store-everything.ts';
import type { Event } from '../../kernel/event-types.ts';
import { type OutputPlugin, RunKind } from '../../kernel/plugin.ts';
import { createRecordDecoder } from '../../lib/record-decoder.ts';
import { EmbeddedStore } from '../../store/embedded/embedded-store.ts';
import { jsonLines } from '../codecs/json-lines.ts';
import { store as output } from './store.ts';

const folders: string[] = [];
const stores: EmbeddedStore[] = [];
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

async function open(): Promise<EmbeddedStore> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-store-output-'));
  folders.push(folder);
  const store = await EmbeddedStore.open({ folder, searcher: everything, memoryLimit: 2 ** 28, reserve: 0 });
  stores.push(store);
  return store;
}

/** Lines of JSON as a pipeline of nothing but an input and this output has them. */
function eventsOf(lines: string, textFields?: readonly string[]): Event[] {
  const events: Event[] = [];
  const bytes = Buffer.from(lines);
  const count = lines.split('\n').length - 1;
  createRecordDecoder(decoderContext(createCodec(jsonLines), { textFields }), []).decode(
    {
      id: 1,
      receivedAt: Date.UTC(2026, 10, 20),
      count,
      bytes,
      peers: [{ key: 'a' }],
      runs: Int32Array.of(RunKind.lines, 0, bytes.length, count),
    },
    (event) => events.push(event),
  );
  return events;
}

const write = async (store: EmbeddedStore, given: Record<string, unknown>, events: Event[]) => {
  const made = output.create(
    resolveOptions(output, given),
    outputContext(createCodec(jsonLines), { store: async () => store }),
  );
  await made.open!(new AbortController().signal);
  return made.write(events, new AbortController().signal);
};

const stored = async (store: EmbeddedStore, ...names: string[]): Promise<string[]> =>
  (await store.search({ indices: { names }, query: { type: 'all' } } as any)).hits
    .map(({ index, source }) => `${index} ${source}`)
    .sort();

const LINES = `{"@timestamp":"2026-11-19T10:00:00.000Z","a":{"ä":[1,2.5,"x\\n"]},"@version":"7"}
{"b":12345678901234567890}
{"c": 1.0, "d": "ü"}
no json
{"e":"last"}
`;

describe('events of which only the text is there', () => {
  test('are stored as those of which the fields are, and go to the same indices', async () => {
    const [one, other] = [await open(), await open()];
    const texts = eventsOf(LINES, []);
    expect(texts.map(({ text }) => text !== undefined)).toEqual([true, true, false, false, true]);
    const options = { index: 'day-%{+yyyy.MM.dd}' };
    expect(await write(one, options, texts)).toEqual([]);
    expect(await write(other, options, eventsOf(LINES))).toEqual([]);
    expect(await stored(one)).toEqual(await stored(other));
    expect(await stored(one)).toEqual([
      'day-2026.11.19 {"@timestamp":"2026-11-19T10:00:00.000Z","a":{"ä":[1,2.5,"x\\n"]},"@version":"7"}',
      'day-2026.11.20 {"b":12345678901234567890,"@timestamp":"2026-11-20T00:00:00.000Z","@version":"1"}',
      'day-2026.11.20 {"c":1,"d":"ü","@timestamp":"2026-11-20T00:00:00.000Z","@version":"1"}',
      'day-2026.11.20 {"e":"last","@timestamp":"2026-11-20T00:00:00.000Z","@version":"1"}',
      'day-2026.11.20 {"message":"no json","tags":["_jsonparsefailure"],"@timestamp":"2026-11-20T00:00:00.000Z","@version":"1"}',
    ]);
  });

  test('have what names of indices, ids and actions look at', async () => {
    const options = {
      index: '%{[agent][type]}-%{[agent][version]}-%{+yyyy.MM.dd}',
      document_id: '%{id}',
      action: '%{do}',
    };
    const lines = `{"agent":{"type":"web","version":"1"},"id":7,"do":"index","a":[1]}
{"agent":{"type":"web","version":1.5},"id":"x","do":"create"}
{"agent":{"type":"web","version":"1"},"id":7,"do":"update","b":2}
{"agent":{"type":"web","version":1.5},"id":"x","do":"delete"}
{"agent":{"type":"Web"},"id":"y","do":"index"}
{"agent":{"type":"web","version":"1"},"id":"z","do":"burn"}
`;
    const [one, other] = [await open(), await open()];
    const texts = eventsOf(lines, ['agent', 'id', 'do']);
    expect(texts.every(({ text }) => text !== undefined)).toBe(true);
    const failures = await write(one, options, texts);
    expect(failures).toEqual(await write(other, options, eventsOf(lines)));
    expect(failures!.map(({ index }) => index)).toEqual([4, 5]);
    expect(await stored(one)).toEqual(await stored(other));
    expect(await stored(one)).toEqual([
      'web-1-2026.11.20 {"agent":{"type":"web","version":"1"},"id":7,"do":"update","a":[1],"@timestamp":"2026-11-20T00:00:00.000Z","@version":"1","b":2}',
    ]);
  });

  test('are rejected one by one, and have their fields for the dead letter queue', async () => {
    const store = await open();
    await store.createIndex('strict', {
      mappings: { dynamic: 'strict', properties: { a: { type: 'long' } } },
    });
    const events = eventsOf('{"a":1}\n{"b":2}\n', []);
    const failures = await write(store, { index: 'strict' }, events);
    expect(failures).toMatchObject([{ index: 1, kind: 'reject' }]);
    expect(events.map(({ fields }) => Object.keys(fields))).toEqual([
      ['a', '@timestamp', '@version'],
      ['b', '@timestamp', '@version'],
    ]);
  });
});

test('texts are taken whatever is asked of an event beside', () => {
  const reads = (given: Record<string, unknown>): readonly string[] | undefined =>
    (output as OutputPlugin<any>).takesText!(resolveOptions(output, given));
  expect(reads({})).toEqual(['@timestamp']);
  expect(reads({ index: 'all', action: 'create' })).toEqual([]);
  expect(reads({ index: '%{a}', document_id: '%{[b][c]}', action: '%{[d]}' })).toEqual(['a', '[b][c]', 'd']);
});
