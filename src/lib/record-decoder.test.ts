import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { createCodec, decoderContext } from '../../test/support/plugin.ts';
import type { Event, Fields } from '../kernel/event-types.ts';
import {
  type Block,
  type Codec,
  type CodecPlugin,
  type DecoderContext,
  type Peer,
  RunKind,
} from '../kernel/plugin.ts';
import { jsonLines } from '../plugins/codecs/json-lines.ts';
import { line } from '../plugins/codecs/line.ts';
import { multiline } from '../plugins/codecs/multiline.ts';
import { createRecordDecoder, type SourceField } from './record-decoder.ts';

const peer = (key: string): Peer => ({ key, ip: '10.0.0.1' });
const source: SourceField[] = [{ reference: 'host', value: (from) => from['ip'] as string }];

function linesBlock(id: number, from: Peer, text: string | Buffer): Block {
  const bytes = Buffer.from(text as string);
  const count = bytes.reduce((sum, byte) => sum + (byte === 10 ? 1 : 0), 0);
  return {
    id,
    receivedAt: 1_763_632_800_000,
    count,
    bytes,
    peers: [from],
    runs: Int32Array.of(RunKind.lines, 0, bytes.length, count),
  };
}

function decoder(codec: Codec, more: Partial<DecoderContext> = {}, fields = source) {
  const events: Event[] = [];
  const made = createRecordDecoder(decoderContext(codec, more), fields);
  return {
    events,
    fields: (): Fields[] => events.map((event) => event.fields),
    decode: (block: Block) => made.decode(block, (event) => events.push(event)),
    flush: (final: boolean) => made.flush!((event) => events.push(event), final),
    holds: (id: number) => made.holds!(id),
  };
}
const codecOf = (plugin: CodecPlugin<any>, options: Record<string, unknown> = {}): Codec =>
  createCodec(plugin, options);

describe('whole lines', () => {
  test('become events with time, version and source', () => {
    const { decode, fields } = decoder(codecOf(line));
    decode(linesBlock(1, peer('a'), 'one\n\nthree\r\n'));
    const base = { '@timestamp': '2025-11-20T10:00:00.000Z', '@version': '1', host: '10.0.0.1' };
    expect(fields()).toEqual([
      { ...base, message: 'one' },
      { ...base, message: '' },
      { ...base, message: 'three\r' },
    ]);
  });

  test('invalid UTF-8 is replaced and tagged, line by line', () => {
    const { decode, fields } = decoder(codecOf(line));
    decode(linesBlock(1, peer('a'), Buffer.from('good\nb\xe4d\ngrün\n', 'latin1')));
    expect(fields().map(({ message, tags }) => [message, tags])).toEqual([
      ['good', undefined],
      ['b\ufffdd', ['_invalid_encoding']],
      ['gr\ufffdn', ['_invalid_encoding']],
    ]);
  });

  test('only fields that are needed are built', () => {
    const { decode, fields } = decoder(codecOf(line), { needs: ['message'] });
    decode(linesBlock(1, peer('a'), 'x\n'));
    expect(fields()).toEqual([{ message: 'x' }]);
    const none = decoder(codecOf(line), { needs: [] });
    none.decode(linesBlock(1, peer('a'), 'x\ny\n'));
    expect(none.fields()).toEqual([{}, {}]);
  });

  test('source fields may be nested, in metadata, or without a value', () => {
    const nested: SourceField[] = [
      { reference: '[host][name]', value: () => 'web-1' },
      { reference: '[host][port]', value: () => undefined },
      { reference: '[@metadata][input][tcp][source][ip]', value: (from) => from['ip'] as string },
      { reference: '__proto__', value: () => 'data' },
    ];
    const { decode, events } = decoder(codecOf(line), {}, nested);
    decode(linesBlock(1, peer('a'), 'x\n'));
    expect(events[0]!.fields['host']).toEqual({ name: 'web-1' });
    expect(Object.getOwnPropertyDescriptor(events[0]!.fields, '__proto__')?.value).toBe('data');
    expect(events[0]!.metadata).toEqual({ input: { tcp: { source: { ip: '10.0.0.1' } } } });
  });

  test('there is room for what filters add, and it is no field', () => {
    const { decode, fields } = decoder(codecOf(line), { room: ['later', 'message'] });
    decode(linesBlock(1, peer('a'), 'x\n'));
    expect(JSON.parse(JSON.stringify(fields()[0]))).toEqual({
      '@timestamp': '2025-11-20T10:00:00.000Z',
      '@version': '1',
      message: 'x',
      host: '10.0.0.1',
    });
    expect(fields()[0]!['later']).toBeUndefined();
  });
});

describe('JSON lines', () => {
  test('keep their own values, long numbers exactly', () => {
    const { decode, fields } = decoder(codecOf(jsonLines));
    decode(
      linesBlock(1, peer('a'), '{"host":"own","n":12345678901234567890,"d":0.12345678901234567}\n{"n":1}\n'),
    );
    expect(JSON.stringify(fields()[0])).toContain('"n":12345678901234567890,"d":0.12345678901234567');
    expect(fields()[0]!['host']).toBe('own');
    expect(fields()[1]).toMatchObject({ n: 1, host: '10.0.0.1' });
  });
});

describe('a stateful codec', () => {
  const java = (): Codec => codecOf(multiline, { pattern: '^\\s', what: 'previous' });

  test('keeps senders apart', () => {
    const { decode, flush, fields } = decoder(java());
    decode(linesBlock(1, peer('a'), 'a1\n'));
    decode(linesBlock(2, peer('b'), 'b1\n'));
    decode(linesBlock(3, peer('a'), ' a2\n'));
    decode(linesBlock(4, peer('b'), ' b2\n'));
    flush(true);
    expect(fields().map((each) => each['message'])).toEqual(['a1\n a2', 'b1\n b2']);
  });

  test('holds a block only as long as something of it is held', () => {
    const { decode, holds, flush } = decoder(java());
    decode(linesBlock(1, peer('a'), 'one\n two\n'));
    expect(holds(1)).toBe(true);
    decode(linesBlock(2, peer('a'), ' three\nfour\n'));
    // `one` went out with block 2; `four` is of block 2.
    expect([holds(1), holds(2)]).toEqual([false, true]);
    for (let id = 3; id < 50; id++) {
      decode(linesBlock(id, peer('a'), `line ${id}\n`));
      expect([holds(id - 1), holds(id)]).toEqual([false, true]);
    }
    flush(true);
    expect(holds(49)).toBe(false);
  });

  test('gives what it holds when the sender is gone', () => {
    const { decode, fields } = decoder(java());
    const from = peer('a');
    decode(linesBlock(1, from, 'one\n two\n'));
    decode({ ...linesBlock(2, from, ''), runs: Int32Array.of(RunKind.end, 0, 0, 0) });
    expect(fields().map((each) => each['message'])).toEqual(['one\n two']);
  });
});

describe('whatever comes', () => {
  let codecs: Codec[];
  beforeAll(() => {
    codecs = [codecOf(line), codecOf(jsonLines), codecOf(line, { charset: 'CP1252' })];
  });
  test('one event a line, and never an exception', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 60 }).map((bytes) => bytes.filter((byte) => byte !== 10))),
        (all) => {
          const bytes = Buffer.concat(all.flatMap((each) => [each, Buffer.from('\n')]));
          for (const [index, codec] of codecs.entries()) {
            const made = decoder(codec);
            made.decode(linesBlock(1, peer('a'), bytes));
            if (index !== 1) expect(made.events).toHaveLength(all.length);
          }
        },
      ),
    );
  });
});

test('pieces of a record that is too long are tagged', () => {
  const { decode, fields } = decoder(codecOf(line));
  const bytes = Buffer.from('abcdef');
  decode({
    id: 1,
    receivedAt: 0,
    count: 2,
    bytes,
    peers: [peer('a')],
    runs: Int32Array.of(RunKind.cut, 0, 4, 1, RunKind.record, 0, 6, 1),
  });
  expect(fields().map(({ message, tags }) => [message, tags])).toEqual([
    ['abcd', ['_record_too_long']],
    ['ef', undefined],
  ]);
});
