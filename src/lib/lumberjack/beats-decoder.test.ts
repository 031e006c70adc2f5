import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCodec, decoderContext, withoutRemoved } from '../../../test/support/plugin.ts';
import type { Event } from '../../event/event.ts';
import type { EcsMode, FieldUse, Peer } from '../../kernel/plugin.ts';
import { RunKind } from '../../kernel/plugin.ts';
import { json } from '../../plugins/codecs/json.ts';
import { plain } from '../../plugins/codecs/plain.ts';
import { type BeatsDecoderOptions, createBeatsDecoder } from './beats-decoder.ts';
import { encodeData, encodeJson } from './lumberjack.ts';

interface Settings extends Partial<BeatsDecoderOptions> {
  ecs?: EcsMode;
  needs?: FieldUse;
  codecPlugin?: typeof plain | typeof json;
  peer?: Record<string, unknown>;
}

function decode(records: Buffer[], settings: Settings = {}): Event[] {
  const { ecs = 'disabled', needs = 'all', codecPlugin = plain, peer = {}, ...options } = settings;
  const codec = createCodec(codecPlugin, {}, { ecs });
  const context = decoderContext(codec, {
    ecs,
    needs,
    decorate: (event) => {
      event.fields['decorated'] = true;
    },
  });
  const decoder = createBeatsDecoder(context, {
    codec: codecPlugin.name,
    codecTag: true,
    sourceMetadata: true,
    original: true,
    addHostname: false,
    ...options,
  });
  const runs = new Int32Array(records.length * 4);
  let end = 0;
  for (const [index, record] of records.entries()) {
    end += record.length;
    runs.set([RunKind.record, 0, end, 1], index * 4);
  }
  const events: Event[] = [];
  decoder.decode(
    {
      id: 1,
      receivedAt: Date.parse('2026-11-20T10:00:00.000Z'),
      count: records.length,
      bytes: Buffer.concat(records),
      peers: [{ key: '192.0.2.1:999', ip: '192.0.2.1', ...peer } as Peer],
      runs,
    },
    (event) => events.push(event as Event),
  );
  return events;
}

function one(payload: unknown, settings: Settings = {}): { fields: any; metadata: any } {
  const text = typeof payload === 'string' ? payload : JSON.stringify(payload);
  const [event, ...more] = decode([encodeJson([text])], settings);
  expect(more).toEqual([]);
  return {
    fields: withoutRemoved(event!.fields),
    metadata: event!.metadata && withoutRemoved(event!.metadata),
  };
}

describe('events of Beats', () => {
  it('takes fields, time and metadata of a payload with a message', () => {
    const { fields, metadata } = one({
      '@timestamp': '2026-11-19T08:00:00.123Z',
      '@metadata': { beat: 'filebeat', version: '8.15.0' },
      message: 'hello',
      agent: { name: 'a' },
      tags: ['own'],
    });
    expect(fields).toEqual({
      '@timestamp': '2026-11-19T08:00:00.123Z',
      '@version': '1',
      message: 'hello',
      agent: { name: 'a' },
      tags: ['own', 'beats_input_codec_plain_applied'],
      decorated: true,
    });
    expect(metadata).toEqual({ beat: 'filebeat', version: '8.15.0', ip_address: '192.0.2.1' });
  });

  it('leaves payloads without a message as they are', () => {
    expect(one({ a: { b: [1, -2, ''] } }).fields).toEqual({
      '@timestamp': '2026-11-20T10:00:00.000Z',
      '@version': '1',
      a: { b: [1, -2, ''] },
      tags: ['beats_input_raw_event'],
      decorated: true,
    });
  });

  it('decodes data frames of version 1 through the field line', () => {
    const [event] = decode([
      encodeData(1, [
        ['line', 'an old line'],
        ['host', 'h1'],
      ]),
    ]);
    expect(withoutRemoved(event!.fields)).toEqual({
      '@timestamp': '2026-11-20T10:00:00.000Z',
      '@version': '1',
      message: 'an old line',
      host: 'h1',
      tags: ['beats_input_codec_plain_applied'],
      decorated: true,
    });
  });

  it('makes text of messages that are none', () => {
    expect(one({ message: 5 }).fields.message).toBe('5');
    expect(one({ message: { a: 1 } }).fields.message).toBe('{"a":1}');
    expect(one({ message: false }).fields.message).toBe('false');
    expect(one({ message: null }).fields.tags).toEqual(['beats_input_raw_event']);
  });

  it('keeps every digit of large numbers', () => {
    expect(
      JSON.stringify(
        decode([encodeJson(['{"n":12345678901234567890,"d":0.12345678901234567890}'])])[0]!.fields,
      ),
    ).toContain('"n":12345678901234567890,"d":0.12345678901234567890');
  });

  it('runs the text through other codecs and adds the other fields', () => {
    const events = decode(
      [
        encodeJson([
          '{"message":"[{\\"x\\":1,\\"m\\":{\\"a\\":1}},{\\"x\\":2}]","m":{"b":2},"@metadata":{"k":1}}',
        ]),
      ],
      {
        codecPlugin: json,
      },
    );
    expect(events.map((event) => withoutRemoved(event.fields))).toMatchObject([
      { x: 1, m: { a: 1, b: 2 }, tags: ['beats_input_codec_json_applied'] },
      { x: 2, m: { b: 2 }, tags: ['beats_input_codec_json_applied'] },
    ]);
    expect(events[1]!.metadata).toEqual({ k: 1, ip_address: '192.0.2.1' });
    expect(events[0]!.fields['message']).toBeUndefined();
    expect(events[0]!.fields['m']).not.toBe(events[1]!.fields['m']);
  });

  it('names things as ECS does in ECS modes', () => {
    const tls = { status: 'verified', protocol: 'TLSv1.3', subject: 'CN=c', cipher_suite: 'TLS_X' };
    const { fields, metadata } = one(
      { message: 'hello', event: { kind: 'event' } },
      { ecs: 'v8', peer: { tls } },
    );
    expect(fields.event).toEqual({ kind: 'event', original: 'hello' });
    expect(metadata).toEqual({
      tls_peer: { status: 'verified' },
      input: {
        beats: {
          host: { ip: '192.0.2.1' },
          tls: { version_protocol: 'TLSv1.3', client: { subject: 'CN=c' }, cipher: 'TLS_X' },
        },
      },
    });
    expect(one({ message: 'hello' }, { ecs: 'v1', original: false }).fields.event).toBeUndefined();
    expect(one({ message: 'x', event: { original: 'y' } }, { ecs: 'v1' }).fields.event).toEqual({
      original: 'y',
    });
  });

  it('adds what is known of the client certificate', () => {
    const tls = { status: 'verified', protocol: 'TLSv1.3', subject: 'CN=c', cipher_suite: 'TLS_X' };
    expect(one({ a: 1 }, { peer: { tls } }).metadata).toEqual({ ip_address: '192.0.2.1', tls_peer: tls });
    expect(one({ a: 1 }, { peer: { tls: { status: 'unverified' } } }).metadata.tls_peer).toEqual({
      status: 'unverified',
    });
  });

  it('obeys the options', () => {
    expect(one({ message: 'm' }, { codecTag: false }).fields.tags).toBeUndefined();
    expect(one({ message: 'm' }, { sourceMetadata: false }).metadata).toBeUndefined();
    const beat = { hostname: 'h' };
    expect(one({ beat }, { addHostname: true }).fields.host).toBe('h');
    expect(one({ beat, host: { name: 'own' } }, { addHostname: true }).fields.host).toEqual({ name: 'own' });
    expect(one({ beat }, { addHostname: true, ecs: 'v8' }).metadata.input.beats.host).toMatchObject({
      name: 'h',
    });
    expect(one({ beat }).fields.host).toBeUndefined();
  });

  it('coerces @timestamp and says when it can not', () => {
    expect(one({ '@timestamp': '2026-11-20T10:00:00+02:00' }).fields['@timestamp']).toBe(
      '2026-11-20T08:00:00.000Z',
    );
    expect(one({ '@timestamp': '2026-02-30T10:00:00.000Z', message: 'm' }).fields).toMatchObject({
      '@timestamp': '2026-11-20T10:00:00.000Z',
      tags: ['beats_input_codec_plain_applied'],
    });
    expect(one({ '@timestamp': 'yesterday' }).fields).toMatchObject({
      '@timestamp': '2026-11-20T10:00:00.000Z',
      '_@timestamp': 'yesterday',
      tags: ['_timestampparsefailure', 'beats_input_raw_event'],
    });
  });

  it('moves tags away that are none', () => {
    expect(one({ tags: { a: 1 } }).fields).toMatchObject({
      _tags: { a: 1 },
      tags: ['_tagsparsefailure', 'beats_input_raw_event'],
    });
    expect(one({ tags: 'one' }).fields.tags).toEqual(['one', 'beats_input_raw_event']);
  });

  it('loses nothing that is no JSON object', () => {
    for (const text of [
      '{"a":',
      '[1]',
      '5',
      '"x"',
      'null',
      '{"a":12345678901234567890',
      `${'{"a":'.repeat(1001)}1${'}'.repeat(1001)}`,
    ]) {
      const { fields } = one(text);
      expect(fields.message).toBe(text);
      expect(fields.tags).toEqual(['_jsonparsefailure', 'beats_input_codec_plain_applied']);
    }
    expect(one({ '@metadata': 'text' }).fields['_@metadata']).toBe('text');
  });

  it('replaces and tags invalid UTF-8, not U+FFFD that was sent', () => {
    const [bad] = decode(
      [encodeJson([JSON.stringify({ message: 'abc' })])].map((frame) => {
        frame[frame.indexOf('b')] = 0xe4;
        return frame;
      }),
    );
    expect(bad!.fields['message']).toBe('a\ufffdc');
    expect(bad!.fields['tags']).toContain('_invalid_encoding');
    expect(one({ message: 'a\ufffdc' }).fields.tags).toEqual(['beats_input_codec_plain_applied']);
    const [data] = decode([encodeData(1, [['line', Buffer.from([0x61, 0xe4, 0x62])]])]);
    expect(data!.fields['tags']).toContain('_invalid_encoding');
  });

  it('builds nothing that nothing reads, and still counts', () => {
    const frames = [encodeJson(['{"message":"a"}']), encodeJson(['no json']), encodeData(1, [['line', 'b']])];
    expect(decode(frames, { needs: [] })).toHaveLength(3);
    const [event] = decode([encodeJson(['{"message":"a","x":1}'])], { needs: ['x'] });
    expect(withoutRemoved(event!.fields)).toEqual({ message: 'a', x: 1, decorated: true });
    expect(event!.metadata).toBeUndefined();
  });

  it('never throws, and makes one event of every record, whatever the bytes', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 50 }).map((array) => Buffer.from(array)),
      fc.json().map((text) => encodeJson([text])),
      fc
        .dictionary(
          fc.constantFrom(
            '@timestamp',
            '@metadata',
            'message',
            'line',
            'tags',
            'event',
            'beat',
            'host',
            '__proto__',
            'toString',
          ),
          fc.jsonValue(),
        )
        .map((value) => encodeJson([JSON.stringify(value)])),
    );
    fc.assert(
      fc.property(
        fc.array(bytes, { maxLength: 4 }),
        fc.constantFrom<EcsMode>('disabled', 'v8'),
        (records, ecs) => {
          expect(decode(records, { ecs, addHostname: true })).toHaveLength(records.length);
        },
      ),
      { numRuns: 500 },
    );
  });
});
