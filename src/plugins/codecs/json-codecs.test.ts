import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCodec } from '../../../test/support/plugin.ts';
import { Event } from '../../event/event.ts';
import type { Event as EventType, Fields } from '../../kernel/event-types.ts';
import type { Codec } from '../../kernel/plugin.ts';
import { json } from './json.ts';
import { jsonLines } from './json-lines.ts';

function decode(codec: Codec, record: string): EventType[] {
  const events: EventType[] = [];
  codec.decode(record, (event) => events.push(event));
  return events;
}
const fields = (codec: Codec, record: string): Fields[] => decode(codec, record).map((event) => event.fields);

describe('json', () => {
  const codec = createCodec(json);

  it('makes an event of an object and one each of a list', () => {
    expect(fields(codec, '{"a":-1,"b":"","c":[],"d":null}')).toEqual([{ a: -1, b: '', c: [], d: null }]);
    expect(fields(codec, ' [{"a":1},{"a":2}] ')).toEqual([{ a: 1 }, { a: 2 }]);
    expect(fields(codec, '[]')).toEqual([]);
    expect(fields(codec, ' \r\n')).toEqual([]);
    expect(fields(codec, '\ufeff{"a":1}')).toEqual([{ a: 1 }]);
  });

  it.each([
    'oops',
    '{"a":1',
    '12',
    '"text"',
    'null',
    '[1]',
    '[{"a":1},2]',
    '{"@metadata":1}',
    '12345678901234567890',
  ])('keeps %s as message with a tag', (text) => {
    expect(fields(codec, text)).toEqual([{ message: text, tags: ['_jsonparsefailure'] }]);
  });

  it('refuses nesting that is too deep', () => {
    const deep = (depth: number) => `{"a":${'['.repeat(depth)}${']'.repeat(depth)}}`;
    expect(fields(codec, deep(900))[0]).toHaveProperty('a');
    expect(fields(codec, deep(1100))).toEqual([{ message: deep(1100), tags: ['_jsonparsefailure'] }]);
    expect(fields(codec, deep(100_000))[0]!['tags']).toEqual(['_jsonparsefailure']);
    const numbers = deep(50_000).replace('[]', '[12345678901234567890]');
    expect(fields(codec, numbers)[0]!['tags']).toEqual(['_jsonparsefailure']);
  });

  it('alters no number', () => {
    const text = '{"a":12345678901234567890,"b":-0.12345678901234567890,"c":1.5,"d":-3}';
    expect(codec.encode(decode(codec, text)[0]!)).toBe(text);
  });

  it('coerces @timestamp and sets a bad one aside', () => {
    expect(fields(codec, '{"@timestamp":"2026-11-20T12:00:00+02:00"}')).toEqual([
      { '@timestamp': '2026-11-20T10:00:00.000Z' },
    ]);
    const [bad] = fields(codec, '{"@timestamp":42,"tags":["mine"]}');
    expect(bad).toMatchObject({ '_@timestamp': 42, tags: ['mine', '_timestampparsefailure'] });
    expect(Date.parse(bad!['@timestamp'] as string)).toBeGreaterThan(0);
  });

  it('sets illegal tags aside and takes @metadata out', () => {
    expect(fields(codec, '{"tags":{"a":1}}')).toEqual([{ tags: ['_tagsparsefailure'], _tags: { a: 1 } }]);
    expect(fields(codec, '{"tags":["a",1]}')).toEqual([{ tags: ['_tagsparsefailure'], _tags: ['a', 1] }]);
    expect(fields(codec, '{"tags":"a"}')).toEqual([{ tags: 'a' }]);
    const [event] = decode(codec, '{"@metadata":{"x":1},"a":2}');
    expect(event!.metadata).toEqual({ x: 1 });
    expect(codec.encode(event!)).toBe('{"a":2}');
  });

  it('puts what it decodes below target', () => {
    const target = createCodec(json, { target: '[app][data]' });
    expect(fields(target, '[{"a":1},{"tags":1}]')).toEqual([
      { app: { data: { a: 1 } } },
      { app: { data: { tags: 1 } } },
    ]);
  });

  it('keeps the original of a single event with ECS', () => {
    const ecs = createCodec(json, {}, { ecs: 'v8' });
    expect(fields(ecs, '{"a":1}')).toEqual([{ a: 1, event: { original: '{"a":1}' } }]);
    expect(fields(ecs, '{"event":{"original":"x"}}')).toEqual([{ event: { original: 'x' } }]);
    expect(fields(ecs, '{"event":"scalar"}')).toEqual([{ event: 'scalar' }]);
    expect(fields(ecs, '[{"a":1},{"a":2}]')).toEqual([{ a: 1 }, { a: 2 }]);
  });

  it('skips removed fields and metadata when it writes', () => {
    expect(codec.encode(new Event({ a: 1, b: undefined, c: { d: undefined } }, { m: 1 }))).toBe(
      '{"a":1,"c":{}}',
    );
  });

  it('takes names of Object.prototype as data', () => {
    const text = '{"__proto__":{"x":1},"constructor":"c","hasOwnProperty":1}';
    expect(codec.encode(decode(codec, text)[0]!)).toBe(text);
  });
});

describe('json_lines', () => {
  const codec = createCodec(jsonLines);

  it('makes events of lines and none of blank ones', () => {
    expect(fields(codec, '{"a":1}')).toEqual([{ a: 1 }]);
    expect(fields(codec, '{"a":1}\n\r\n{"a":2}\nbad\n')).toEqual([
      { a: 1 },
      { a: 2 },
      { message: 'bad', tags: ['_jsonparsefailure'] },
    ]);
  });

  it('writes a line an event', () => {
    expect(codec.encode(new Event({ a: 'x\ny' }))).toBe('{"a":"x\\ny"}\n');
    expect(createCodec(jsonLines, { delimiter: '||' }).encode(new Event({ a: 1 }))).toBe('{"a":1}||');
  });

  it('keeps the original of every event with ECS', () => {
    const ecs = createCodec(jsonLines, {}, { ecs: 'v1' });
    expect(fields(ecs, '[{"a":1},{"a":2}]').map((each) => (each['event'] as Fields)['original'])).toEqual([
      '[{"a":1},{"a":2}]',
      '[{"a":1},{"a":2}]',
    ]);
  });

  it('does not parse lines over the limit', () => {
    const small = createCodec(jsonLines, { decode_size_limit_bytes: 8 });
    expect(fields(small, '{"a":1}\n{"a":"éé"}')).toEqual([
      { a: 1 },
      { message: '{"a":"éé"}', tags: ['_jsonparsetoobigfailure'] },
    ]);
  });

  it('reads back what it wrote', () => {
    const values = fc.dictionary(fc.constantFrom('a', 'b', 'message', '__proto__'), fc.jsonValue(), {
      maxKeys: 4,
    });
    fc.assert(
      fc.property(values, (value) => {
        const text = JSON.stringify(value);
        const [event] = decode(codec, text);
        expect(codec.encode(event!)).toBe(`${text}\n`);
      }),
    );
  });

  it('never throws on any text', () => {
    const odd = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.json().map((text) => text.slice(0, -1)),
      fc
        .dictionary(fc.constantFrom('@timestamp', 'tags', '@metadata', 'event'), fc.jsonValue())
        .map((value) => JSON.stringify(value)),
    );
    const codecs = [codec, createCodec(json, { target: 'tags' }), createCodec(json, {}, { ecs: 'v8' })];
    fc.assert(
      fc.property(odd, (text) => {
        for (const each of codecs)
          for (const event of decode(each, text)) expect(each.encode(event)).toBeTypeOf('string');
      }),
    );
  });
});
