import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCodec } from '../../../test/support/plugin.ts';
import { Event } from '../../event/event.ts';
import { rubydebug } from './rubydebug.ts';

const codec = createCodec(rubydebug);
const show = (fields: object): string => String(codec.encode(new Event(fields as never)));

describe('rubydebug', () => {
  it('lays events out as AmazingPrint does', () => {
    expect(
      show({
        '@timestamp': '2026-11-20T10:00:00.000Z',
        '@version': '1',
        message: 'pipeline test processed=6, errors=0',
        _sensorfleet_event: {
          source_sensor: 'testsensor',
          timestamp: 1614868533.946555,
          empty: {},
          deep: { a: [] },
        },
        tags: ['a', { b: true }, [1, null]],
        gone: undefined,
      }),
    ).toBe(`{
            "@timestamp" => 2026-11-20T10:00:00.000Z,
              "@version" => "1",
               "message" => "pipeline test processed=6, errors=0",
    "_sensorfleet_event" => {
        "source_sensor" => "testsensor",
            "timestamp" => 1614868533.946555,
                "empty" => {},
                 "deep" => {
            "a" => []
        }
    },
                  "tags" => [
        [0] "a",
        [1] {
            "b" => true
        },
        [2] [
            [0] 1,
            [1] nil
        ]
    ]
}
`);
  });

  it('aligns the indexes of long lists', () => {
    const lines = show({ a: Array.from({ length: 11 }, (_, index) => index) }).split('\n');
    expect(lines[2]).toBe('        [ 0] 0,');
    expect(lines[12]).toBe('        [10] 10');
  });

  it.each([
    ['tab\there', '"tab\\there"'],
    ['quote " and \\', '"quote \\" and \\\\"'],
    ['#{x} #$y #@z # a', '"\\#{x} \\#$y \\#@z # a"'],
    ['\u0000\u001b[1m\u007f', '"\\u0000\\e[1m\\x7F"'],
    ['naïve 日本 😀', '"naïve 日本 😀"'],
    ['\u2028\ud800', '"\\u2028\\uD800"'],
    ["it's", '"it\'s"'],
  ])('escapes text as Ruby: %j', (text, shown) => {
    expect(show({ a: text })).toBe(`{\n    "a" => ${shown}\n}\n`);
  });

  it.each([
    [1, '1'],
    [-2.5, '-2.5'],
    [1e20, '1.0e+20'],
    [1.5e-7, '1.5e-07'],
    [12345678901234567890n, '12345678901234567890'],
    [JSON.rawJSON('0.12345678901234567890'), '0.12345678901234567890'],
    [false, 'false'],
    [null, 'nil'],
  ])('prints %s', (value, shown) => {
    expect(show({ a: value })).toBe(`{\n    "a" => ${shown}\n}\n`);
  });

  it('shows metadata when asked to and there is any', () => {
    const withMetadata = createCodec(rubydebug, { metadata: true });
    expect(withMetadata.encode(new Event({ a: 1 }, { b: 2 }))).toBe(
      '{\n            "a" => 1,\n    "@metadata" => {\n        "b" => 2\n    }\n}\n',
    );
    expect(withMetadata.encode(new Event({ a: 1 }, { b: undefined }))).toBe('{\n    "a" => 1\n}\n');
    expect(codec.encode(new Event({ a: 1 }, { b: 2 }))).toBe('{\n    "a" => 1\n}\n');
  });

  it('shows an event without fields', () => {
    expect(show({ a: undefined })).toBe('{}\n');
  });

  it('never throws on any event', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue()), (fields) => {
        expect(show(fields).endsWith('}\n')).toBe(true);
      }),
    );
    let deep: unknown = 1;
    for (let index = 0; index < 1000; index++) deep = [deep];
    expect(show({ deep }).length).toBeGreaterThan(1000);
  });
});
