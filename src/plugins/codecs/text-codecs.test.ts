import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCodec, decoderContext, testContext } from '../../../test/support/plugin.ts';
import { ownFields, TestWriter } from '../../../test/support/writer.ts';
import { Event } from '../../event/event.ts';
import type { Fields } from '../../kernel/event-types.ts';
import type { Codec } from '../../kernel/plugin.ts';
import { LineFramer } from '../../lib/net/line-framer.ts';
import { createRecordDecoder } from '../../lib/record-decoder.ts';
import { dots } from './dots.ts';
import { line } from './line.ts';
import { plain } from './plain.ts';

const time = '2026-11-20T10:00:00.000Z';

function decode(codec: Codec, record: string | Buffer): Fields[] {
  const events: Fields[] = [];
  codec.decode(record, (event) => events.push(event.fields));
  return events;
}

/** What an input makes of a stream: framed as the codec wants, decoded by the shared decoder. */
function decodeStream(codec: Codec, chunks: readonly Buffer[]): Fields[] {
  const writer = new TestWriter();
  const framer = new LineFramer(Buffer.from(codec.delimiter ?? '\n'), 1 << 20);
  const peer = { key: 'a' };
  for (const chunk of chunks) framer.push(chunk, writer, peer);
  framer.end(writer, peer);
  return writer.decode(createRecordDecoder(decoderContext(codec), [])).map(ownFields);
}

describe('plain', () => {
  it('makes one event of a record, line ends included', () => {
    expect(decode(createCodec(plain), 'a\nb\n')).toEqual([{ message: 'a\nb\n' }]);
    expect(decode(createCodec(plain), '')).toEqual([{ message: '' }]);
  });

  it('keeps the original with ECS', () => {
    expect(decode(createCodec(plain, {}, { ecs: 'v8' }), 'a')).toEqual([
      { message: 'a', event: { original: 'a' } },
    ]);
  });

  it('writes time, host and message unless told otherwise', () => {
    const codec = createCodec(plain);
    expect(codec.encode(new Event({ '@timestamp': time, host: 'h', message: 'm' }))).toBe(`${time} h m`);
    expect(codec.encode(new Event({ '@timestamp': time }))).toBe(`${time} %{host} %{message}`);
    expect(codec.reads).toEqual(['@timestamp', 'host', 'message']);
    const formatted = createCodec(plain, { format: '<%{[a][b]}>' });
    expect(formatted.encode(new Event({ a: { b: 1 } }))).toBe('<1>');
    expect(formatted.reads).toEqual(['[a][b]']);
  });

  it.each([
    ['CP1252', [0x63, 0x61, 0x66, 0xe9, 0x80], 'café€'],
    ['windows-31j', [0x93, 0xfa, 0x96, 0x7b], '日本'],
    ['ISO-8859-15', [0xa4], '€'],
    ['UTF-16LE', [0x41, 0, 0xe9, 0], 'Aé'],
    ['ISO-2022-JP', [0x1b, 0x24, 0x42, 0x46, 0x7c, 0x1b, 0x28, 0x42], '日'],
    ['IBM037', [0xc8, 0x85, 0x93, 0x93, 0x96], 'Hello'],
    ['BINARY', [0x61], 'a'],
    ['US-ASCII', [0x61, 0xff], 'a\ufffd'],
  ])('reads %s', (charset, bytes, text) => {
    const codec = createCodec(plain, { charset });
    const writer = new TestWriter();
    writer.record({ key: 'a' }, Buffer.from(bytes as number[]));
    const [event] = writer.decode(createRecordDecoder(decoderContext(codec), []));
    expect(event!.fields['message']).toBe(text);
  });

  it('refuses a charset that there is not, with a suggestion', () => {
    const problems: unknown[][] = [];
    const report = (...problem: unknown[]) => problems.push(problem);
    plain.validate!({ charset: 'CP1552', format: undefined }, report);
    plain.validate!({ charset: 'Emacs-Mule', format: undefined }, report);
    plain.validate!({ charset: 'utf_8', format: undefined }, report);
    expect(problems).toEqual([
      ['error', 'charset', 'there is no charset `CP1552`', 'did you mean `CP1252`?'],
      ['error', 'charset', 'the charset `Emacs-Mule` is not supported', undefined],
    ]);
  });
});

describe('line', () => {
  it('splits a record that still holds lines', () => {
    const codec = createCodec(line);
    expect(decode(codec, 'a\n\nb')).toEqual([{ message: 'a' }, { message: '' }, { message: 'b' }]);
    expect(decode(codec, 'a\n')).toEqual([{ message: 'a' }]);
    expect(decode(codec, '')).toEqual([{ message: '' }]);
  });

  it('adds the delimiter to what it writes', () => {
    expect(createCodec(line, { format: '%{message}' }).encode(new Event({ message: 'm' }))).toBe('m\n');
    expect(
      createCodec(line, { delimiter: '||' }).encode(new Event({ '@timestamp': time, message: 'm' })),
    ).toBe(`${time} %{host} m||`);
  });

  it('says when it only passes messages on', () => {
    expect(createCodec(line, { format: '%{message}' }).encodesMessageLine).toBe(true);
    expect(createCodec(line, { format: '%{message}', delimiter: '|' }).encodesMessageLine).toBe(false);
    expect(createCodec(line, { format: '%{message}', charset: 'CP1252' }).encodesMessageLine).toBe(false);
    expect(createCodec(line).encodesMessageLine).toBe(false);
  });

  it('splits UTF-16 where the lines end', () => {
    const codec = createCodec(line, { charset: 'UTF-16LE' });
    const text = Buffer.from('añb\nc\nd', 'utf16le');
    expect(decodeStream(codec, [text.subarray(0, 7), text.subarray(7)])).toEqual([
      { message: 'añb' },
      { message: 'c' },
      { message: 'd' },
    ]);
    expect(line.delimiter!({ charset: 'UTF-16LE', delimiter: '\n', format: undefined })).toBe('\n\0');
  });

  it('reads back what it wrote, however the stream is split', () => {
    const codec = createCodec(line, { format: '%{message}' });
    const messages = fc.array(
      fc.string({ unit: 'binary', maxLength: 12 }).map((text) => text.replaceAll('\n', '')),
      {
        maxLength: 8,
      },
    );
    fc.assert(
      fc.property(messages, fc.integer({ min: 1, max: 9 }), (texts, size) => {
        const bytes = Buffer.from(texts.map((message) => codec.encode(new Event({ message }))).join(''));
        const chunks: Buffer[] = [];
        for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size));
        expect(decodeStream(codec, chunks)).toEqual(texts.map((message) => ({ message })));
      }),
    );
  });
});

describe('any bytes', () => {
  it.each(['UTF-8', 'CP1252', 'Shift_JIS', 'UTF-16BE', 'UTF-7', 'ISO-2022-JP', 'IBM037', 'GB18030'])(
    'never make %s throw',
    (charset) => {
      for (const plugin of [plain, line]) {
        const codec = createCodec(plugin as typeof plain, { charset });
        fc.assert(
          fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
            expect(Array.isArray(decodeStream(codec, [Buffer.from(bytes)]))).toBe(true);
          }),
          { numRuns: 30 },
        );
      }
    },
  );
});

describe('dots', () => {
  it('writes a dot an event and reads nothing of it', () => {
    const codec = dots.create({} as never, testContext());
    expect(codec.encode(new Event({ message: 'x' }))).toBe('.');
    expect(codec.reads).toEqual([]);
  });
});
