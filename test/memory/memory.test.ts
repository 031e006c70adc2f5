/**
 * Resident memory stays flat with a slow sink, fast senders and many open connections, which are held. Three minutes
 * and 10,000 connections in CI, twenty seconds and 2,000 otherwise; `npm run test:memory` is the long form.
 */
import { afterAll, expect, test } from 'vitest';
import { cleanUp } from '../support/millrace.ts';
import { runMemory } from './run.ts';

const LONG = Boolean(process.env['CI']);
const [SECONDS, WARM_UP, CONNECTIONS] = LONG ? [180, 60, 10_000] : [20, 8, 2_000];
/** Megabytes: all that the process may ever have, and how much more at the end than after warm-up. */
const CEILING = 600;
const GROWTH = 75;
/** In the first minutes slabs are still touched for the first time: up to 32 in a minute. The leaks so far: 137. */
const PER_MINUTE = 45;

afterAll(cleanUp);

test(`${SECONDS} seconds with ${CONNECTIONS} connections: memory stays flat`, async () => {
  const { samples, ...result } = await runMemory({
    connections: CONNECTIONS,
    seconds: SECONDS,
    warmUpSeconds: WARM_UP,
    collect: true,
  });
  process.stdout.write(`${JSON.stringify(result)}\n`);
  expect(samples).toHaveLength(SECONDS);
  expect(result.closed).toBe(0);
  expect(result.connections).toBeGreaterThanOrEqual(CONNECTIONS);
  expect(result.delivered).toBeGreaterThan(SECONDS * 100);
  expect(result.sent).toBeGreaterThan(result.delivered);
  expect(result.peak).toBeLessThan(CEILING);
  expect(result.last - result.first).toBeLessThan(GROWTH);
  if (LONG) expect(result.perMinute).toBeLessThan(PER_MINUTE);
}, 420_000);
