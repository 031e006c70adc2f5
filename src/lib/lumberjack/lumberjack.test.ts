import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cpuTime } from '../../../test/support/busy-machine.ts';
import {
  AckReader,
  decodePairs,
  encodeAck,
  encodeCompressed,
  encodeData,
  encodeJson,
  encodeWindow,
  type FrameLimits,
  FrameReader,
  frameLimits,
  LumberjackError,
  sequenceOf,
  V1,
  V2,
} from './lumberjack.ts';

/** What a reader handed on, one line a frame. */
function read(chunks: Buffer[], limits: Partial<FrameLimits> = {}, inside = false): string[] {
  const seen: string[] = [];
  const reader = new FrameReader(
    {
      window: (version, count) => seen.push(`W${version - 0x30} ${count}`),
      frames: (bytes, ends, count) => {
        let start = 0;
        for (let index = 0; index < count; index++) {
          const end = ends[index]!;
          const body =
            bytes[start + 1] === 0x4a
              ? bytes.toString('utf8', start + 10, end)
              : JSON.stringify(decodePairs(bytes, start, end));
          seen.push(`${sequenceOf(bytes, start)} ${body}`);
          start = end;
        }
        expect(start).toBe(bytes.length);
      },
      compressed: (version, deflated) => seen.push(`C${version - 0x30} ${deflated.toString('hex')}`),
    },
    { ...frameLimits, ...limits },
    inside,
  );
  for (const chunk of chunks) reader.push(chunk);
  if (reader.buffered > 0) seen.push(`${reader.buffered} bytes left`);
  return seen;
}

const stream = Buffer.concat([
  encodeWindow(V2, 3),
  encodeJson(['{"a":1}', '{"ü":"€"}']),
  encodeCompressed(V2, Buffer.from('0102', 'hex')),
  encodeWindow(V1, 2),
  encodeData(1, [
    ['line', 'hello'],
    ['empty', ''],
  ]),
  encodeData(2, [['__proto__', 'own']]),
  encodeJson(['{}'], 7),
  encodeWindow(V2, 0),
]);
const expected = [
  'W2 3',
  '1 {"a":1}',
  '2 {"ü":"€"}',
  'C2 0102',
  'W1 2',
  '1 {"line":"hello","empty":""}',
  '2 {"__proto__":"own"}',
  '7 {}',
  'W2 0',
];

describe('FrameReader', () => {
  it('reads every kind of frame', () => {
    expect(read([stream])).toEqual(expected);
  });

  it('gives the same frames however the bytes are split', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(stream.length), { maxLength: 40 }), (cuts) => {
        const sorted = [0, ...cuts.sort((a, b) => a - b), stream.length];
        const chunks = sorted.slice(1).map((end, index) => stream.subarray(sorted[index], end));
        expect(read(chunks)).toEqual(expected);
      }),
    );
    expect(read([...stream].map((byte) => Buffer.from([byte])))).toEqual(expected);
  });

  it('puts together frames much larger than a chunk', () => {
    const text = JSON.stringify({ message: 'x'.repeat(3_000_000) });
    const bytes = encodeJson([text]);
    const chunks: Buffer[] = [];
    for (let at = 0; at < bytes.length; at += 65_536) chunks.push(bytes.subarray(at, at + 65_536));
    expect(read(chunks)).toEqual([`1 ${text}`]);
  });

  it('walks many small frames without recursion', () => {
    expect(read([Buffer.concat(Array(200_000).fill(encodeWindow(V2, 0)))])).toHaveLength(200_000);
  });

  it('walks a data frame that comes in tiny pieces in linear time', () => {
    const pairs = Array.from({ length: 60_000 }, () => ['', ''] as const);
    const bytes = encodeData(1, pairs);
    const start = cpuTime();
    const pieces: Buffer[] = [];
    for (let at = 0; at < bytes.length; at += 4) pieces.push(bytes.subarray(at, at + 4));
    expect(read(pieces)).toEqual(['1 {"":""}']);
    expect(cpuTime() - start).toBeLessThan(3_000);
  });

  it('holds no more memory than came for a frame that claims to be huge', () => {
    const reader = new FrameReader({ window() {}, frames() {}, compressed() {} });
    const before = process.memoryUsage().arrayBuffers;
    reader.push(Buffer.from([V2, 0x4a, 0, 0, 0, 1, 0x06, 0x00, 0x00, 0x00, 0x7b]));
    expect(reader.buffered).toBe(11);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 * 1024 * 1024);
  });

  const refused: [string, Buffer, RegExp, Partial<FrameLimits>?, boolean?][] = [
    ['windows beyond the limit', encodeWindow(V2, 1_000_001), /window of 1000001 events/],
    ['JSON frames without payload', Buffer.from([V2, 0x4a, 0, 0, 0, 1, 0, 0, 0, 0]), /without payload/],
    ['frames beyond the limit', encodeJson(['{"a":123}']), /a frame of 19 bytes/, { frameBytes: 18 }],
    ['compressed frames without payload', encodeCompressed(V2, Buffer.alloc(0)), /without payload/],
    [
      'compressed frames beyond the limit',
      encodeCompressed(V2, Buffer.alloc(9)),
      /a frame of 15/,
      { frameBytes: 14 },
    ],
    ['data frames without pairs', encodeData(1, []), /without pairs/],
    [
      'data frames of too many pairs',
      encodeData(1, [
        ['a', 'b'],
        ['c', 'd'],
      ]),
      /2 pairs/,
      { pairs: 1 },
    ],
    ['keys beyond the limit', encodeData(1, [['abc', 'b']]), /key of 3 bytes/, { keyBytes: 2 }],
    ['values beyond the limit', encodeData(1, [['abc', 'b'.repeat(99)]]), /a frame of/, { frameBytes: 100 }],
    ['C inside C', encodeCompressed(V2, Buffer.from('x')), /inside a compressed frame/, {}, true],
    ['acknowledgements', encodeAck(V2, 1), /only receivers send/],
    ['unknown types', Buffer.from('2Z'), /unknown frame type 0x5a/],
    ['other versions', Buffer.from('3W'), /version byte 0x33/],
    ['TLS', Buffer.from([0x16, 3, 1]), /ssl_enabled/],
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\n'), /HTTP or plain text/],
  ];
  for (const [what, bytes, message, limits, inside] of refused) {
    it(`refuses ${what}`, () => {
      expect(() => read([bytes], limits, inside)).toThrow(message);
      expect(() =>
        read(
          [...bytes].map((byte) => Buffer.from([byte])),
          limits,
          inside,
        ),
      ).toThrow(LumberjackError);
    });
  }

  it('throws nothing but LumberjackError on any bytes', () => {
    const frames = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.constantFrom(
        ...['W', 'D', 'J', 'C'].flatMap((type) => [Buffer.from(`1${type}`), Buffer.from(`2${type}`)]),
      ),
      fc.nat(300).map((n) => encodeWindow(V2, n).subarray(2)),
    );
    fc.assert(
      fc.property(fc.array(fc.array(frames, { maxLength: 6 }), { maxLength: 4 }), (chunks) => {
        try {
          read(chunks.map((parts) => Buffer.concat(parts)));
        } catch (error) {
          expect(error).toBeInstanceOf(LumberjackError);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('decodePairs', () => {
  it('never throws or reads past the end', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 0, maxLength: 60 }), (bytes) => {
        decodePairs(Buffer.from(bytes), 0, bytes.length);
      }),
    );
  });
});

describe('AckReader', () => {
  it('reads acknowledgements split anywhere', () => {
    const bytes = Buffer.concat([encodeAck(V2, 0), encodeAck(V2, 2048), encodeAck(V1, 4_000_000_000)]);
    const seen: string[] = [];
    const reader = new AckReader();
    for (const byte of bytes)
      reader.push(Buffer.from([byte]), (sequence, version) => seen.push(`${version} ${sequence}`));
    expect(seen).toEqual([`${V2} 0`, `${V2} 2048`, `${V1} 4000000000`]);
  });

  it('refuses anything else', () => {
    expect(() => new AckReader().push(Buffer.from('HTTP/1.1'), () => {})).toThrow(LumberjackError);
  });
});
