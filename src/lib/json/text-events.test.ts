import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createCodec, decoderContext } from '../../../test/support/plugin.ts';
import type { Event } from '../../kernel/event-types.ts';
import { type Block, type DecoderContext, RunKind } from '../../kernel/plugin.ts';
import { jsonLines } from '../../plugins/codecs/json-lines.ts';
import { createRecordDecoder, type SourceField } from '../record-decoder.ts';
import { PlainObjectScan } from './plain-object.ts';

const source: SourceField[] = [
  { reference: 'host', value: (peer) => peer['ip'] as string },
  { reference: 'port', value: (peer) => peer['port'] as number | undefined },
  { reference: '[@metadata][input]', value: () => 'a' },
];

function blockOf(bytes: Buffer): Block {
  const count = bytes.reduce((sum, byte) => sum + (byte === 10 ? 1 : 0), 0);
  return {
    id: 1,
    receivedAt: 1_763_632_800_000,
    count,
    bytes,
    peers: [{ key: 'a', ip: '10.0.0.1', port: 1234 }],
    runs: Int32Array.of(RunKind.lines, 0, bytes.length, count),
  };
}

function decode(lines: string | Buffer, more: Partial<DecoderContext>, options = {}, ecs = {}): Event[] {
  const events: Event[] = [];
  const codec = createCodec(jsonLines, options, ecs);
  const decoder = createRecordDecoder(decoderContext(codec, more), source);
  decoder.decode(blockOf(Buffer.from(lines as string)), (event) => events.push(event));
  return events;
}

/** As outputs write it, without a look at the fields where there is a text. */
const written = (event: Event): string =>
  event.text === undefined
    ? JSON.stringify(event.fields)
    : event.text.bytes.utf8Slice(event.text.from, event.text.to) + event.text.rest.toString();

const texts = (events: readonly Event[]): number => events.filter(({ text }) => text !== undefined).length;

/** A time of arrival stands in for one that can not be read: it is another one each time. */
const withoutClock = (text: string): string => (text.includes('_@timestamp') ? '' : text);

function check(lines: string | Buffer): void {
  const parsed = decode(lines, {});
  const kept = decode(lines, { textFields: ['a', 'tags'] });
  expect(kept.map((event) => withoutClock(written(event)))).toEqual(
    parsed.map((event) => withoutClock(written(event))),
  );
  const again = decode(lines, { textFields: [] });
  expect(again.map(({ fields, metadata }) => [withoutClock(JSON.stringify(fields)), metadata])).toEqual(
    parsed.map(({ fields, metadata }) => [withoutClock(JSON.stringify(fields)), metadata]),
  );
}
const name = fc.oneof(
  { weight: 3, arbitrary: fc.string({ unit: 'grapheme', maxLength: 4 }) },
  fc.constantFrom('@timestamp', '@version', 'tags', '@metadata', 'host', 'port', '__proto__', '0', '17', 'a'),
);
const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom('null', 'true', 'false', '{}', '[]', '""', '0', '-0', '1e5', '1E400', '0.10', '-0.5'),
    fc.constantFrom('1.5', '9007199254740993', '123456789012345678901234567890', '0.1234567890123456789'),
    fc.constantFrom(
      '"\\/"',
      '"\\u00e4"',
      '"\\n\\t\\"\\\\"',
      '"\\ud800"',
      '"\\u001f"',
      '0.0000001',
      '["t"]',
      '[1]',
    ),
    fc.constantFrom('"2026-11-20T10:00:00.000Z"', '"2026-11-20"', '"2026-02-30T10:00:00.000Z"', '"x"'),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
    fc.integer().map(String),
    fc.string({ unit: 'grapheme' }).map((text) => JSON.stringify(text)),
    fc.array(tie('any'), { maxLength: 4 }).map((list) => `[${list.join(',')}]`),
    fc
      .array(fc.tuple(name, tie('any')), { maxLength: 6 })
      .map((members) => `{${members.map(([key, inner]) => `${JSON.stringify(key)}:${inner}`).join(',')}}`),
  ),
})).any as fc.Arbitrary<string>;
const object = fc
  .array(fc.tuple(name, value), { maxLength: 8 })
  .map((members) => `{${members.map(([key, inner]) => `${JSON.stringify(key)}:${inner}`).join(',')}}`);

test('a text is what parsing and writing the line gives, byte for byte', () => {
  fc.assert(
    fc.property(fc.array(object, { minLength: 1, maxLength: 5 }), (lines) => {
      check(`{"first":1}\n${lines.join('\n')}\n`);
      check(`${lines.join('\n')}\n`);
    }),
    { numRuns: 200 },
  );
});

test('so it is of lines that are damaged, and of any bytes', () => {
  const damaged = fc.tuple(
    object,
    fc.nat(),
    fc.constantFrom('', ' ', ',', '}', '"', '\\', '\0', '\r', '\u00a0'),
  );
  fc.assert(
    fc.property(fc.array(damaged, { minLength: 1, maxLength: 4 }), fc.uint8Array(), (lines, bytes) => {
      const broken = lines.map(([text, at, put]) => {
        const place = at % (text.length + 1);
        return text.slice(0, place) + put + text.slice(place + (at % 3));
      });
      check(`{"first":1}\n${broken.join('\n')}\n`);
      check(Buffer.concat([Buffer.from('{"first":1}\n'), bytes, Buffer.from('\n')]));
    }),
    { numRuns: 150 },
  );
});

test('outputs see the fields that they look at as parsing gives them', () => {
  const lines =
    '{"agent":{"type":"a","n":12345678901234567890},"x":[1,"ä\\n"]}\n{"x":null}\n{"agent":"\\""}\n';
  const [first, second, third] = decode(lines, { textFields: ['agent', 'x'] });
  const time = '2025-11-20T10:00:00.000Z';
  expect(first!.text!.seen).toEqual({
    '@timestamp': time,
    agent: { type: 'a', n: 12345678901234567890n },
    x: [1, 'ä\n'],
  });
  expect(second!.text!.seen).toEqual({ '@timestamp': time, x: null });
  expect(third!.text!.seen).toEqual({ '@timestamp': time, agent: '"' });
  // What the input adds does not stand in the text.
  expect(texts(decode('{"a":1}\n', { textFields: ['host'] }))).toBe(0);
  expect(texts(decode('{"a":1}\n', { textFields: ['@version'] }))).toBe(0);
});

test('lines as shippers write them stay texts; what the input adds stands behind', () => {
  const line =
    '{"@timestamp":"2026-11-20T10:00:00.000Z","host":{"name":"ä"},"n":[1,-2.5,true,null],"tags":["x"]}';
  const [event] = decode(`${line}\n`, { textFields: [] });
  expect(event!.text!.seen).toEqual({ '@timestamp': '2026-11-20T10:00:00.000Z' });
  expect(written(event!)).toBe(`${line.slice(0, -1)},"@version":"1","port":1234}`);
  const [bare] = decode('{"a":1}\n', { textFields: [] });
  expect(bare!.text!.seen).toEqual({ '@timestamp': '2025-11-20T10:00:00.000Z' });
  expect(texts([bare!])).toBe(1);
  expect(bare!.fields).toEqual({
    a: 1,
    '@timestamp': '2025-11-20T10:00:00.000Z',
    '@version': '1',
    host: '10.0.0.1',
    port: 1234,
  });
  expect(bare!.metadata).toEqual({ input: 'a' });
});

test('fields that somebody asked for are what counts', () => {
  const [event] = decode('{"a":1}\n', { textFields: [] });
  event!.fields['a'] = 2;
  expect(event!.text).toBeUndefined();
  expect(JSON.parse(written(event!))).toMatchObject({ a: 2 });
  const [other] = decode('{"a":1}\n', { textFields: [] });
  other!.metadata = { b: 1 };
  other!.fields = { c: 1 };
  expect([other!.fields, other!.metadata, other!.text]).toEqual([{ c: 1 }, { b: 1 }, undefined]);
});

test('a line that is no plain object is parsed between others that are', () => {
  const events = decode('{"a":1}\n{"b": 2}\nno json\n\n[{"c":1},{"d":1}]\n{"e":1}\n', { textFields: [] });
  expect(events.map(({ text }) => text !== undefined)).toEqual([true, false, false, false, false, true]);
});

test('nothing stays a text where the codec does more, or where fields are read', () => {
  const line = '{"a":1}\n';
  expect(texts(decode(line, {}))).toBe(0);
  expect(texts(decode(line, { textFields: [] }))).toBe(1);
  expect(texts(decode(line, { textFields: [] }, { target: 'x' }))).toBe(0);
  expect(texts(decode(line, { textFields: [] }, { charset: 'ISO-8859-1' }))).toBe(0);
  expect(texts(decode(line, { textFields: [] }, {}, { ecs: 'v8' }))).toBe(0);
  expect(texts(decode(line, { textFields: [] }, { decode_size_limit_bytes: 6 }))).toBe(0);
});

test('objects with many names or much depth are left to the parser', () => {
  const scan = new PlainObjectScan([]);
  const many = (count: number): string =>
    `{${Array.from({ length: count }, (_, at) => `"n${at}":{"a":1}`).join(',')}}`;
  const deep = (depth: number): string => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
  const isPlain = (text: string): boolean => scan.scan(Buffer.from(text), 0) === text.length;
  expect([isPlain(many(64)), isPlain(many(65)), isPlain(deep(64)), isPlain(deep(65))]).toEqual([
    true,
    false,
    true,
    false,
  ]);
  expect(isPlain(deep(100_000))).toBe(false);
});
