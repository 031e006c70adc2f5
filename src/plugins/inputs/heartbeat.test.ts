import { hostname } from 'node:os';
import { describe, expect, it } from 'vitest';
import { createCodec, decoderContext, resolveOptions } from '../../../test/support/plugin.ts';
import { intakeContext, ownFields } from '../../../test/support/writer.ts';
import type { EcsMode } from '../../kernel/plugin.ts';
import { plain } from '../codecs/plain.ts';
import { heartbeat } from './heartbeat.ts';

async function run(given: Record<string, unknown>, ecs: EcsMode = 'disabled') {
  const options = resolveOptions(heartbeat, { interval: 0.005, ...given });
  const context = intakeContext({ ecs });
  const intake = heartbeat.createIntake(options, context);
  await intake.open(new AbortController().signal);
  await context.writer.until((writer) => writer.count >= Number(given['count']));
  await expect.poll(() => context.isFinished).toBe(true);
  await intake.close();
  await intake.close();
  const decoder = heartbeat.createDecoder(options, decoderContext(createCodec(plain), { ecs }));
  return context.writer.decode(decoder).map(ownFields);
}

describe('heartbeat', () => {
  it('beats count times', async () => {
    const host = hostname();
    expect(await run({ count: 3 })).toEqual([1, 2, 3].map(() => ({ message: 'ok', host })));
  });

  it('counts from one', async () => {
    const events = await run({ count: 2, sequence: 'sequence', message: 'tick' });
    expect(events).toMatchObject([
      { message: 'tick', clock: 1 },
      { message: 'tick', clock: 2 },
    ]);
  });

  it('tells the time', async () => {
    const [event] = await run({ count: 1, sequence: 'epoch' });
    expect(Math.abs(Number(event!['clock']) - Date.now() / 1000)).toBeLessThan(3);
  });

  it('takes the message epoch or sequence as the old form, without ECS only', async () => {
    expect(await run({ count: 1, message: 'sequence' })).toEqual([{ clock: 1, host: hostname() }]);
    expect(await run({ count: 1, message: 'sequence', sequence: 'none' })).toEqual([
      { message: 'sequence', host: hostname() },
    ]);
    expect(await run({ count: 1, message: 'sequence' }, 'v8')).toEqual([
      { message: 'sequence', host: { name: hostname() } },
    ]);
  });

  it('names its fields for ECS', async () => {
    expect(await run({ count: 1, sequence: 'sequence' }, 'v1')).toEqual([
      { message: 'ok', event: { sequence: 1 }, host: { name: hostname() } },
    ]);
  });

  it('waits while the queue is full', async () => {
    const context = intakeContext();
    context.writer.setFull(true);
    const intake = heartbeat.createIntake(resolveOptions(heartbeat, { interval: 0.001 }), context);
    await intake.open(new AbortController().signal);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(context.writer.count).toBe(0);
    context.writer.setFull(false);
    await context.writer.until((writer) => writer.count > 1);
    await intake.close();
  });
});
