/**
 * A process with a persisted queue is killed with SIGKILL again and again under load from Lumberjack, HTTP and TCP
 * senders. Every event whose sender was answered arrives; what comes twice was in flight at a kill; lines over TCP,
 * which have no answer, are lost only as far as they were not synced. MILLRACE_CRASH_SEED repeats the choices,
 * MILLRACE_CRASH_ROUNDS sets the rounds; `npm run test:crash` is the long form.
 */
import { afterAll, expect, test } from 'vitest';
import { cleanUp } from '../support/millrace.ts';
import { runLanes } from './lanes.ts';
import { together } from './summary.ts';

const ROUNDS = Number(process.env['MILLRACE_CRASH_ROUNDS'] ?? (process.env['CI'] ? 200 : 15));
const SEED = Number(process.env['MILLRACE_CRASH_SEED'] ?? Date.now() % 1_000_000);

afterAll(cleanUp);

test(`killed ${ROUNDS} times (MILLRACE_CRASH_SEED=${SEED}): no acknowledged event is lost`, async () => {
  const results = await runLanes({
    seed: SEED,
    rounds: ROUNDS,
    perSeries: Math.min(25, Math.ceil(ROUNDS / 3)),
  });
  const { lost, problems, rounds, answered, arrived, duplicates, afterBrokenAnswer, tcp } = together(results);
  process.stdout.write(
    `${JSON.stringify({ seed: SEED, rounds, answered, arrived, duplicates, afterBrokenAnswer, tcp })}\n`,
  );
  expect(problems).toEqual([]);
  expect(lost).toEqual({ lumberjack: [], http: [] });
  expect(rounds).toBe(ROUNDS);
  // There was load, or nothing is shown.
  for (const count of [answered.lumberjack, answered.http, arrived.tcp])
    expect(count).toBeGreaterThan(ROUNDS * 20);
}, 900_000);
