/** What every codec promises: examples, any bytes and any event, decode∘encode, and streams split anywhere. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Event } from '../../src/event/event.ts';
import type { Fields } from '../../src/kernel/event-types.ts';
import type { NestedPlugin } from '../../src/kernel/options.ts';
import type { Block, Codec, CodecPlugin, Peer } from '../../src/kernel/plugin.ts';
import { LineFramer } from '../../src/lib/net/line-framer.ts';
import { createRecordDecoder } from '../../src/lib/record-decoder.ts';
import { decoderContext, testContext } from '../support/plugin.ts';
import { TestWriter } from '../support/writer.ts';
import { anyFields, anyValue, comparable, problemInEvent } from './arbitraries.ts';
import { codecTable } from './codec-table.ts';
import { minimalOptions } from './minimal-options.ts';
import { check, configOf, type Entry, pluginsOf, rowOf } from './support.ts';

/** A longer search: CONFORMANCE_RUNS=100 npx vitest run test/conformance */
const TIMES = Number(process.env['CONFORMANCE_RUNS'] ?? 1);

/** The codec as a config makes it; `options` is the text between its braces. */
async function make(
  entry: Entry<'codec'>,
  options: string,
): Promise<{ codec: Codec; delimiter: string | undefined }> {
  const { pipelines, formatted } = await check(configOf(entry, options));
  const { graph } = pipelines[0]!;
  if (!graph) throw new Error(formatted.join('\n'));
  const checked = (graph.inputs[0]!.options['codec'] as NestedPlugin).options;
  const plugin: CodecPlugin<any> = entry.plugin;
  return {
    codec: plugin.create(checked as never, testContext()),
    delimiter: plugin.delimiter?.(checked as never),
  };
}

/** One record through the codec as a decoder gives it. */
function decode(codec: Codec, bytes: Buffer): Event[] {
  const writer = new TestWriter();
  writer.record(peer, bytes);
  return writer.decode(createRecordDecoder(decoderContext(codec), []));
}

const peer: Peer = { key: 'sender' };
const own = ({ fields }: Event): Fields => {
  const { '@timestamp': _time, '@version': _version, ...rest } = fields;
  return JSON.parse(JSON.stringify(rest));
};

describe.each((await pluginsOf('codec')).map((entry) => [entry.name, entry] as const))(
  'codec %s',
  (_name, entry) => {
    const row = rowOf(codecTable, entry, 'codec-table.ts');
    const minimal = rowOf(minimalOptions.codec, entry, 'minimal-options.ts');
    const variants = [minimal, ...(row.variants ?? [])];

    test.each(entry.plugin.examples?.map((each) => [each.title, each] as const) ?? [])(
      'example: %s',
      async (_title, example) => {
        const { codec } = await make(entry, example.config);
        if (example.input === undefined) {
          expect(String(codec.encode(new Event({ message: 'm' })))).not.toBe('');
          return;
        }
        const events: Fields[] = [];
        const input = String(example.input);
        const take = (event: Event): number => events.push(own(event));
        codec.decode(codec.charset === undefined ? Buffer.from(input) : input, take);
        codec.flush?.(take, true);
        expect(events).toEqual(
          [example.output].flat().map((fields) => expect.objectContaining(fields as object)),
        );
      },
    );

    test('takes any bytes, and says what it emits in events that are sound', async () => {
      for (const options of variants) {
        const { codec } = await make(entry, options);
        const pieces = fc.oneof(
          fc.uint8Array({ maxLength: 60 }),
          fc.constantFrom(...row.pieces).map((text) => Buffer.from(text)),
        );
        fc.assert(
          fc.property(fc.array(pieces, { maxLength: 6 }), (parts) => {
            for (const event of decode(codec.fork?.() ?? codec, Buffer.concat(parts))) {
              expect(problemInEvent(event)).toBeUndefined();
            }
          }),
          { numRuns: 150 * TIMES },
        );
      }
    });

    test('encodes any event', async () => {
      for (const options of variants) {
        const { codec } = await make(entry, options);
        fc.assert(
          fc.property(anyFields(['host', 'a', 'tags']), (fields) => {
            const event = new Event(fields);
            const before = comparable(event.fields);
            const encoded = codec.encode(event);
            expect(typeof encoded === 'string' || Buffer.isBuffer(encoded)).toBe(true);
            expect(comparable(event.fields), 'encode changes nothing').toBe(before);
            if (codec.encodesMessageLine) expect(String(encoded)).toBe(`${messageText(fields)}\n`);
          }),
          { numRuns: 150 * TIMES },
        );
      }
    });

    const { roundTrip } = row;
    if (roundTrip) {
      test('decodes what it encoded', async () => {
        const { codec } = await make(entry, roundTrip.options ?? minimal);
        const fields =
          roundTrip.keeps === 'message'
            ? fc.record({
                message: fc.string({ unit: 'binary' }).filter((text) => text !== '' && !/[\r\n]/.test(text)),
              })
            : fc
                .record({ message: fc.string({ unit: 'binary' }), a: anyValue([]), b: anyValue([]) })
                .map((each) => ({ ...each, '@version': '1' }));
        fc.assert(
          fc.property(fields, (original) => {
            const encoded = codec.encode(
              new Event({ '@timestamp': '2026-11-20T10:00:00.000Z', ...original }),
            );
            const [event, ...more] = decode(codec.fork?.() ?? codec, Buffer.from(encoded));
            expect(more).toEqual([]);
            for (const [name, value] of Object.entries(original)) {
              // Names that mean a field reference are the language's business, not the codec's.
              expect(comparable(event!.fields[name])).toBe(comparable(value));
            }
          }),
          { numRuns: 200 * TIMES },
        );
      });
    }

    test('gives the same events however blocks cut its records', async () => {
      for (const options of variants) {
        const { codec } = await make(entry, options);
        fc.assert(
          fc.property(
            fc.array(fc.constantFrom(...row.pieces), { maxLength: 12 }),
            fc.array(fc.boolean(), { minLength: 12, maxLength: 12 }),
            (records, cuts) => {
              const blocks = (cut: (index: number) => boolean): string[] => {
                const decoder = createRecordDecoder(decoderContext(codec), []);
                const events: Event[] = [];
                let writer = new TestWriter();
                let id = 1;
                const give = (): void => {
                  decoder.decode(writer.block(id++), (event) => events.push(event));
                  writer = new TestWriter();
                };
                for (const [index, record] of records.entries()) {
                  writer.record(peer, Buffer.from(record));
                  if (cut(index)) give();
                }
                give();
                decoder.flush?.((event) => events.push(event), true);
                return events.map((event) => comparable(own(event)));
              };
              expect(blocks((index) => cuts[index]!)).toEqual(blocks(() => false));
            },
          ),
          { numRuns: 100 * TIMES },
        );
      }
    });

    test('gives the same events however the stream is split', async () => {
      for (const options of variants) {
        const { codec, delimiter } = await make(entry, options);
        if (delimiter === undefined) continue;
        const framers = [LineFramer];
        fc.assert(
          fc.property(
            fc.array(fc.constantFrom(...row.pieces, delimiter), { maxLength: 20 }),
            fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 }),
            (parts, sizes) => {
              const stream = Buffer.from(parts.join(''));
              const expected = through(codec, delimiter, LineFramer, [stream]);
              const chunks: Buffer[] = [];
              for (let at = 0, turn = 0; at < stream.length; at += sizes[turn++ % sizes.length]!) {
                chunks.push(stream.subarray(at, at + sizes[turn % sizes.length]!));
              }
              for (const framer of framers)
                expect(through(codec, delimiter, framer, chunks)).toEqual(expected);
            },
          ),
          { numRuns: 150 * TIMES },
        );
      }
    });

    if (entry.plugin.stateful) {
      test('keeps senders apart', async () => {
        const { codec } = await make(entry, minimal);
        const records = row.pieces.filter((piece) => piece !== '');
        const one = (key: string): string[] => records.map((text) => `${text} of ${key}`);
        const alone = (key: string): string[] => {
          const writer = new TestWriter();
          for (const text of one(key)) writer.record({ key }, Buffer.from(text));
          return writer
            .decode(createRecordDecoder(decoderContext(codec), []))
            .map((event) => comparable(own(event)));
        };
        const writer = new TestWriter();
        for (const [index] of records.entries())
          for (const key of ['x', 'y']) writer.record({ key }, Buffer.from(one(key)[index]!));
        const together = writer
          .decode(createRecordDecoder(decoderContext(codec), []))
          .map((event) => comparable(own(event)));
        expect(together.filter((text) => text.includes('of x'))).toEqual(alone('x'));
        expect(together.filter((text) => text.includes('of y'))).toEqual(alone('y'));
      });

      test('holds a block until its bytes became events', async () => {
        const { codec } = await make(entry, minimal);
        const decoder = createRecordDecoder(decoderContext(codec), []);
        const events: Event[] = [];
        const block = (id: number, text: string): Block => {
          const writer = new TestWriter();
          writer.record(peer, Buffer.from(text));
          return writer.block(id);
        };
        decoder.decode(block(1, row.pieces[0]!), (event) => events.push(event));
        expect([events.length, decoder.holds!(1)]).toEqual([0, true]);
        decoder.flush!((event) => events.push(event), true);
        expect([events.length, decoder.holds!(1)]).toEqual([1, false]);
      });
    }
  },
);

/** `%{message}` as sprintf writes it. */
function messageText({ message }: Fields): string {
  if (message === undefined || message === null) return message === undefined ? '%{message}' : '';
  return typeof message === 'string' ? message : JSON.stringify(message);
}

type Framer = typeof LineFramer;

/** A stream in chunks, through framing and decoder. */
function through(codec: Codec, delimiter: string, framing: Framer, chunks: readonly Buffer[]): string[] {
  const writer = new TestWriter();
  const framer = new framing(Buffer.from(delimiter), 1024 * 1024);
  for (const chunk of chunks) framer.push(chunk, writer, peer);
  framer.end(writer, peer);
  writer.end(peer);
  return writer.decode(createRecordDecoder(decoderContext(codec), [])).map((event) => comparable(own(event)));
}
