import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { createCodec, decoderContext, resolveOptions } from '../../../test/support/plugin.ts';
import { intakeContext, ownFields } from '../../../test/support/writer.ts';
import type { Intake, PipelineTotals } from '../../kernel/plugin.ts';
import { plain } from '../codecs/plain.ts';
import { pipelineStats } from './pipeline-stats.ts';

const open: Intake[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((intake) => intake.close()));
});

async function start(
  given: Record<string, unknown>,
  totals: (id: string) => Promise<PipelineTotals | undefined>,
) {
  const options = resolveOptions(pipelineStats, given);
  const context = intakeContext({ totals });
  const intake = pipelineStats.createIntake(options, context);
  await intake.open(new AbortController().signal);
  open.push(intake);
  const decoder = pipelineStats.createDecoder(options, decoderContext(createCodec(plain)));
  return { context, decoder, intake, events: () => context.writer.decode(decoder).map(ownFields) };
}

test('the header and the data of a sensor’s statistics', async () => {
  let processed = 5;
  const before = Date.now() / 1000;
  const { context, events } = await start(
    { interval: 0.001, count: 3, pipeline: 'test', source_sensor: 'testsensor' },
    async (id) => ({ processed: id === 'test' ? ++processed : -1, errors: 2 }),
  );
  await expect.poll(() => context.isFinished).toBe(true);
  const after = Date.now() / 1000;
  const all = events();
  expect(all).toHaveLength(3);
  expect(all[0]).toEqual({
    source_instrument: 'logforwarder_0@testsensor',
    source_sensor: 'testsensor',
    type: 'instruments.logforwarder.pipeline_stats',
    message: 'pipeline test processed=6, errors=2',
    context_uuid: expect.stringMatching(/^[0-9a-f-]{36}$/),
    uuid: expect.stringMatching(/^[0-9a-f-]{36}$/),
    sensor_event_id: 1,
    timestamp: expect.any(Number),
    data: { unique_id: 'test', processed_since_start: 6, errors_since_start: 2 },
  });
  expect(all.map((event) => event['sensor_event_id'])).toEqual([1, 2, 3]);
  expect(new Set(all.map((event) => event['uuid'])).size).toBe(3);
  expect(new Set(all.map((event) => event['context_uuid'])).size).toBe(1);
  const timestamp = all[0]!['timestamp'] as number;
  expect(timestamp).toBeGreaterThan(before - 1);
  expect(timestamp).toBeLessThan(after + 1);
  expect(Math.abs(timestamp * 1e6 - Math.round(timestamp * 1e6))).toBeLessThan(0.5);
});

test('names of its own', async () => {
  const { context, events } = await start(
    { event_type: 'my.stats', source_instrument: 'relay@attic' },
    async () => ({ processed: 0, errors: 0 }),
  );
  await context.writer.until((writer) => writer.count === 1);
  expect(events()).toMatchObject([
    { type: 'my.stats', source_instrument: 'relay@attic', message: 'pipeline main processed=0, errors=0' },
  ]);
});

test('a pipeline that is not there is told in health, until it is', async () => {
  let known = false;
  const { context } = await start({ interval: 0.001, pipeline: 'other' }, async () =>
    known ? { processed: 1, errors: 0 } : undefined,
  );
  await expect.poll(() => context.healths).toEqual(['there is no pipeline with the id other']);
  expect(context.writer.count).toBe(0);
  known = true;
  await context.writer.until((writer) => writer.count > 0);
  expect(context.healths).toEqual(['there is no pipeline with the id other', undefined]);
});

test('a full queue holds it back; closed, it says nothing more', async () => {
  const { context, intake } = await start({ interval: 0.001 }, async () => ({ processed: 0, errors: 0 }));
  context.writer.setFull(true);
  await new Promise((done) => setTimeout(done, 30));
  expect(context.writer.count).toBe(0);
  context.writer.setFull(false);
  await context.writer.until((writer) => writer.count > 2);
  await intake.close();
  const { count } = context.writer;
  await new Promise((done) => setTimeout(done, 30));
  expect(context.writer.count).toBe(count);
});

test('its decoder takes any bytes', async () => {
  const { context, decoder } = await start({}, async () => undefined);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 50 }), (bytes) => {
      context.writer.record({ key: 'x' }, bytes);
      expect(context.writer.decode(decoder)).toHaveLength(1);
    }),
  );
});
