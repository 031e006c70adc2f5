import { hostname } from 'node:os';
import { describe, expect, it } from 'vitest';
import { createCodec, decoderContext, resolveOptions, withoutRemoved } from '../../../test/support/plugin.ts';
import { intakeContext, ownFields, TestWriter } from '../../../test/support/writer.ts';
import type { Fields } from '../../kernel/event-types.ts';
import type { Codec, EcsMode } from '../../kernel/plugin.ts';
import { json } from '../codecs/json.ts';
import { multiline } from '../codecs/multiline.ts';
import { plain } from '../codecs/plain.ts';
import { generator } from './generator.ts';

/** Runs a generator to its end and decodes what it made. */
async function run(
  given: Record<string, unknown>,
  codec: Codec = createCodec(plain),
  ecs: EcsMode = 'disabled',
) {
  const options = resolveOptions(generator, given);
  const context = intakeContext();
  const intake = generator.createIntake(options, context);
  await intake.open(new AbortController().signal);
  await context.writer.until(() => context.isFinished, 'the end').catch(() => {});
  const decoder = generator.createDecoder(options, decoderContext(codec, { ecs }));
  return { finished: context.isFinished, events: context.writer.decode(decoder) };
}

describe('generator', () => {
  it('makes count events with host and sequence, and is finished', async () => {
    const { events, finished } = await run({ count: 2500 });
    expect(finished).toBe(true);
    expect(events).toHaveLength(2500);
    expect(ownFields(events[0]!)).toEqual({ message: 'Hello world!', host: hostname(), sequence: 0 });
    expect(events.map((event) => event.fields['sequence'])).toEqual(
      Array.from({ length: 2500 }, (_, n) => n),
    );
    expect(events[0]!.fields).toMatchObject({ '@timestamp': '2026-11-20T10:00:00.000Z', '@version': '1' });
  });

  it('goes through all lines count times', async () => {
    const { events } = await run({ lines: ['a', 'b'], count: 2 });
    expect(events.map(({ fields }) => `${String(fields['message'])}${String(fields['sequence'])}`)).toEqual([
      'a0',
      'b0',
      'a1',
      'b1',
    ]);
  });

  it('names its fields for ECS', async () => {
    const { events } = await run({ count: 1 }, createCodec(plain, {}, { ecs: 'v8' }), 'v8');
    expect(ownFields(events[0]!)).toEqual({
      message: 'Hello world!',
      event: { original: 'Hello world!', sequence: 0 },
      host: { name: hostname() },
    });
  });

  it('decodes lines with another codec', async () => {
    const { events } = await run(
      { lines: ['{"a":1}', '[{"a":2},{"a":3}]', 'x'], count: 1 },
      createCodec(json),
    );
    expect(events.map((event) => withoutRemoved(event.fields))).toMatchObject([
      { a: 1, sequence: 0, host: hostname() },
      { a: 2 },
      { a: 3 },
      { message: 'x', tags: ['_jsonparsefailure'] },
    ]);
    const scalar = await run({ lines: ['{"event":"x"}'], count: 1 }, createCodec(json), 'v8');
    expect(scalar.events[0]!.fields['event']).toBe('x');
  });

  it('holds the blocks of which a codec has something left, and no others', () => {
    const options = resolveOptions(generator, { lines: ['a', ' b', ' c'] });
    const codec = createCodec(multiline, { pattern: '^ ', what: 'previous' });
    const decoder = generator.createDecoder(options, decoderContext(codec));
    const block = (id: number, first: number, count: number): string[] => {
      const writer = new TestWriter();
      writer.virtual({ key: 'generator', first }, count);
      const messages: string[] = [];
      decoder.decode(writer.block(id), (event) => messages.push(String(event.fields['message'])));
      return messages;
    };
    expect(block(1, 0, 2)).toEqual([]);
    expect(block(2, 2, 1)).toEqual([]);
    expect([decoder.holds!(1), decoder.holds!(2)]).toEqual([true, true]);
    expect(block(3, 3, 1)).toEqual(['a\n b\n c']);
    expect([decoder.holds!(1), decoder.holds!(2), decoder.holds!(3)]).toEqual([false, false, true]);
  });

  it('builds only the fields that are read', () => {
    const options = resolveOptions(generator, { count: 1 });
    const decoder = generator.createDecoder(
      options,
      decoderContext(createCodec(plain), { needs: ['sequence'] }),
    );
    const writer = new TestWriter();
    writer.virtual({ key: 'generator', first: 7 }, 1);
    expect(writer.decode(decoder).map((event) => event.fields as Fields)).toEqual([{ sequence: 7 }]);
  });

  it('stops while the queue is full, and goes on', async () => {
    const context = intakeContext();
    context.writer.setFull(true);
    const intake = generator.createIntake(resolveOptions(generator, {}), context);
    await intake.open(new AbortController().signal);
    await context.writer.until((writer) => writer.count > 0);
    const before = context.writer.count;
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(context.writer.count).toBe(before);
    context.writer.setFull(false);
    await context.writer.until((writer) => writer.count > before);
    await intake.close();
    await intake.close();
    const after = context.writer.count;
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(context.writer.count).toBeLessThanOrEqual(after + 1000);
    expect(context.isFinished).toBe(false);
  });
});
