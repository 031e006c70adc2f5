/**
 * What every input promises: at least once, whatever the queue answers; it stops reading when the queue is full and
 * goes on; it ends in time and takes its port with it; its decoder takes any bytes.
 */
import { mkdirSync } from 'node:fs';
import net from 'node:net';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { documentSource } from '../../src/engine/document-source.ts';
import type { Event } from '../../src/kernel/event-types.ts';
import type { NestedPlugin } from '../../src/kernel/options.ts';
import { type CodecPlugin, type Decoder, type Intake, RunKind } from '../../src/kernel/plugin.ts';
import { registry } from '../../src/plugins/registry.ts';
import { StoreClient } from '../../src/store/embedded/store-client.ts';
import { decoderContext, loadCodecs, testContext } from '../support/plugin.ts';
import { intakeContext, type TestIntakeContext, TestWriter } from '../support/writer.ts';
import { problemInEvent } from './arbitraries.ts';
import { type InputRow, inputTable, type Sender } from './input-table.ts';
import {
  check,
  configOf,
  type Entry,
  eventually,
  makeFolder,
  pause,
  pluginsOf,
  rowOf,
  within,
} from './support.ts';

const folder = makeFolder();
let folders = 0;
const cleanups: (() => unknown)[] = [];
let eventStore: Promise<StoreClient> | undefined;
const openStore = (): Promise<StoreClient> => {
  eventStore ??= StoreClient.start({ folder: `${folder.path}/store`, memoryLimit: 2 ** 28, reserve: 0 });
  return eventStore;
};
afterAll(async () => (await eventStore)?.close());
beforeAll(() => loadCodecs('plain', 'line', 'json', 'json_lines'));
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A queue that tells of deliveries only when it is asked to. */
class HoldingWriter extends TestWriter {
  #undelivered: (() => void)[] = [];
  holds = false;
  override whenDelivered(callback: () => void): void {
    if (this.holds) this.#undelivered.push(callback);
    else super.whenDelivered(callback);
  }
  deliver(): void {
    this.holds = false;
    for (const callback of this.#undelivered.splice(0)) callback();
  }
}

interface Running {
  readonly intake: Intake;
  readonly context: TestIntakeContext;
  readonly writer: HoldingWriter;
  readonly abort: AbortController;
  readonly folder: string;
  connect(): Promise<Sender>;
  decoder(): Decoder;
  /** `message` of every event so far. */
  messages(): unknown[];
}

/** Makes the input as the engine does; `open` starts it. */
async function make(entry: Entry<'input'>, row: InputRow, place?: string): Promise<Running> {
  const own = place ?? `${folder.path}/${++folders}`;
  if (!place) mkdirSync(own);
  const { pipelines, formatted } = await check(configOf(entry, row.run.replaceAll('FOLDER', own)));
  const node = pipelines[0]!.graph?.inputs[0];
  if (!node) throw new Error(formatted.join('\n'));
  const { plugin, options: codecOptions } = node.options['codec'] as NestedPlugin;
  const codecPlugin = (await registry.load('codec', plugin)) as CodecPlugin;
  const codec = codecPlugin.create(codecOptions as never, testContext());
  const delimiter = codecPlugin.delimiter?.(codecOptions as never);
  const writer = new HoldingWriter();
  let handler: Parameters<TestIntakeContext['receive']>[1] | undefined;
  const context = intakeContext({
    writer,
    dataPath: own,
    store: async () => documentSource(await openStore()),
    delimiter: delimiter === undefined ? undefined : Buffer.from(delimiter),
    receive: (_address, given) => {
      handler = given;
      return () => {
        handler = undefined;
      };
    },
  });
  const intake = entry.plugin.createIntake(node.options as never, context);
  cleanups.push(() => intake.close());
  const decoder = (): Decoder => entry.plugin.createDecoder(node.options as never, decoderContext(codec));
  return {
    intake,
    context,
    writer,
    abort: new AbortController(),
    folder: own,
    async connect() {
      const sender = await row.connect!({
        port: (intake as { port?: number }).port ?? 0,
        folder: own,
        store: openStore,
        receive: (...args) => handler?.(...args),
      });
      cleanups.push(() => sender.close());
      return sender;
    },
    decoder,
    messages: () => writer.decode(decoder()).map(({ fields }) => fields['message']),
  };
}

async function start(entry: Entry<'input'>, row: InputRow, place?: string): Promise<Running> {
  const running = await make(entry, row, place);
  await within(2_000, running.intake.open(running.abort.signal), 'open');
  return running;
}

/** Resolves when no more records come. */
async function quiet(writer: TestWriter, milliseconds = 80): Promise<number> {
  for (let count = -1; count !== writer.count; await pause(milliseconds)) count = writer.count;
  return writer.count;
}

const numbered = (count: number, length = 0): string[] =>
  Array.from({ length: count }, (_, index) => `text ${index + 1}`.padEnd(length, '.'));

const all = await pluginsOf('input');
const entries = all
  .filter(({ name }) => !inputTable[name]!.elsewhere)
  .map((entry) => [entry.name, entry] as const);

describe.each(entries)('input %s', (_name, entry) => {
  const row = rowOf(inputTable, entry, 'input-table.ts');
  const { connect, flood = { count: 0, length: 0 } } = row;

  test('what is sent becomes events, each once and in order', async () => {
    const { connect: sender, writer, messages, decoder } = await start(entry, row);
    if (!connect) {
      await eventually(() => writer.count >= 10, 'ten events');
      for (const event of writer.decode(decoder()).slice(0, 10))
        expect(problemInEvent(event)).toBeUndefined();
      return;
    }
    const { send } = await sender();
    await within(3_000, send(numbered(100)), 'sending');
    await eventually(() => writer.count >= 100, 'a hundred records');
    expect(await quiet(writer, 30)).toBe(100);
    expect(messages()).toEqual(numbered(100));
  });

  test('events are sound, with time and version, and say where they come from', async () => {
    const { connect: sender, writer, decoder } = await start(entry, row);
    if (connect) await within(3_000, (await sender()).send(numbered(3)), 'sending');
    await eventually(() => writer.count >= 3, 'three records');
    for (const event of writer.decode(decoder()).slice(0, 3)) {
      expect(problemInEvent(event)).toBeUndefined();
      if (!row.trusted)
        expect(event.fields).toMatchObject({ '@timestamp': expect.any(String), '@version': '1' });
      expect(() => JSON.stringify(event.fields)).not.toThrow();
    }
  });

  test('it stops when the queue is full, and goes on when there is room', async () => {
    const { connect: sender, writer, messages } = await start(entry, row);
    if (!connect) {
      writer.setFull(true);
      const before = await quiet(writer);
      writer.setFull(false);
      await eventually(() => writer.count > before, 'it to go on');
      return;
    }
    writer.setFull(true);
    if (row.drops) {
      const { send } = await sender();
      await send(numbered(20));
      await eventually(() => writer.drops.length > 0, 'something to be dropped');
      const { count } = writer;
      writer.setFull(false);
      await send(['after']);
      await eventually(() => writer.count > count, 'it to go on');
      expect(messages().at(-1)).toBe('after');
      return;
    }
    const { send } = await sender();
    const sending = send(numbered(flood.count, flood.length));
    // However slowly it begins, it stays quiet in the end, before all of it is in.
    for (let before = -1; before !== writer.count; await pause(150)) before = await quiet(writer);
    expect(writer.count).toBeLessThan(flood.count);
    writer.setFull(false);
    await within(5_000, sending, 'sending');
    await eventually(() => writer.count >= flood.count, 'the rest');
    expect(messages()).toEqual(numbered(flood.count, flood.length));
  });

  if (row.answers) {
    test('senders are answered only when what they sent is safe', async () => {
      const { connect: sender, writer } = await start(entry, row);
      writer.setSafe(false);
      const { send } = await sender();
      let answered = false;
      const sending = send(numbered(5)).then(() => {
        answered = true;
      });
      await eventually(() => writer.count > 0, 'the records');
      await pause(50);
      expect(answered).toBe(false);
      // More than one event at a time: the first answer lets the rest come.
      writer.setSafe(true);
      await within(2_000, sending, 'the answer');
    });

    test('what was not safe when it closed is not confirmed, and arrives when it is sent again', async () => {
      const first = await start(entry, row);
      first.writer.setSafe(false);
      const { send } = await first.connect();
      let answered = false;
      send(numbered(5)).then(
        () => {
          answered = true;
        },
        () => {},
      );
      await eventually(() => first.writer.count > 0, 'the records');
      await within(2_000, first.intake.close(), 'close');
      await pause(30);
      expect(answered).toBe(false);
      const second = await start(entry, row);
      await within(2_000, (await second.connect()).send(numbered(5)), 'sending again');
      expect(second.messages()).toEqual(numbered(5));
    });
  }

  if (row.remembers) {
    test('what was not delivered before it closed comes again, what was delivered does not', async () => {
      const first = await start(entry, row);
      first.writer.holds = true;
      await (await first.connect()).send(numbered(5));
      await eventually(() => first.writer.count === 5, 'the records');
      await pause(50);
      await first.intake.close();
      const second = await start(entry, row, first.folder);
      await eventually(() => second.writer.count === 5, 'the records once more');
      expect(second.messages()).toEqual(numbered(5));
      await pause(50);
      await second.intake.close();
      const third = await start(entry, row, first.folder);
      await (await third.connect()).send(['new']);
      await eventually(() => third.writer.count > 0, 'what is new');
      expect(third.messages()).toEqual(['new']);
    });
  }

  test('close ends within two seconds while all is blocked, may be called twice, and nothing comes afterwards', async () => {
    const { connect: sender, intake, writer, abort } = await start(entry, row);
    writer.setFull(true);
    writer.setSafe(false);
    if (connect) {
      const { send } = await sender();
      send(numbered(Math.max(flood.count, 10), flood.length)).catch(() => {});
      // A second one that has only half a record.
      if (!row.drops) await sender();
      await pause(50);
    }
    abort.abort();
    await within(2_000, intake.close(), 'close');
    await within(2_000, intake.close(), 'close for the second time');
    const { count } = writer;
    writer.setFull(false);
    writer.setSafe(true);
    await pause(60);
    expect(writer.count).toBe(count);
    const { port } = intake as { port?: number };
    if (port) await expect(connectTo(port), 'the port is free').rejects.toThrow('ECONNREFUSED');
  });

  test('an abort while it opens leaves nothing behind', async () => {
    const { intake, abort, writer } = await make(entry, row);
    const opening = intake.open(abort.signal).catch(() => {});
    abort.abort();
    await within(2_000, intake.close(), 'close');
    await within(2_000, opening, 'open');
    await within(2_000, intake.close(), 'close after open');
    const { count } = writer;
    await pause(30);
    expect(writer.count).toBe(count);
    const { port } = intake as { port?: number };
    if (port) await expect(connectTo(port), 'the port is free').rejects.toThrow('ECONNREFUSED');
  });

  if (!row.trusted) {
    test('its decoder takes any bytes', async () => {
      const { connect: sender, writer, decoder } = await start(entry, row);
      if (connect) await within(3_000, (await sender()).send(numbered(1)), 'sending');
      await eventually(() => writer.count >= 1, 'a record');
      const { peer, kind } = writer.runs[0]!;
      const likely = writer.runs[0]!.bytes;
      const bytes = fc.oneof(
        fc.uint8Array({ maxLength: 80 }),
        fc.string({ unit: 'binary', maxLength: 40 }).map((text) => Buffer.from(text)),
        // A real record with a part exchanged.
        fc
          .tuple(fc.nat({ max: likely.length }), fc.nat({ max: 5 }), fc.uint8Array({ maxLength: 4 }))
          .map(([at, length, other]) =>
            Buffer.concat([likely.subarray(0, at), other, likely.subarray(at + length)]),
          ),
      );
      fc.assert(
        fc.property(fc.array(bytes, { minLength: 1, maxLength: 5 }), (records) => {
          const given = new TestWriter();
          for (const record of records) {
            if (kind === RunKind.virtual) given.virtual(peer, 1);
            else given.record(peer, record);
            if (kind === RunKind.lines)
              given.lines(
                peer,
                Buffer.concat([record, Buffer.from('\n')]),
                1 + Buffer.from(record).filter((byte) => byte === 10).length,
              );
          }
          given.end(peer);
          const events: Event[] = given.decode(decoder());
          for (const event of events) expect(problemInEvent(event)).toBeUndefined();
        }),
        { numRuns: 200 },
      );
    });
  }
});

async function connectTo(port: number): Promise<void> {
  const socket = net.connect(port, '127.0.0.1');
  try {
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  } finally {
    socket.destroy();
  }
}
