/** Many rounds as series with different sinks and numbers of workers, two series at a time. */
import { runSeries, type SeriesOptions } from './series.ts';
import type { SeriesResult } from './summary.ts';

const SINKS = ['http', 'lumberjack', 'file'] as const;
const AT_ONCE = 4;

export interface LanesOptions {
  readonly seed: number;
  readonly rounds: number;
  readonly perSeries: number;
  killed?: SeriesOptions['killed'];
  done?(options: SeriesOptions, result: SeriesResult): void;
}

export async function runLanes(options: LanesOptions): Promise<SeriesResult[]> {
  const { seed, rounds, perSeries } = options;
  const series: SeriesOptions[] = [];
  for (let from = 0; from < rounds; from += perSeries) {
    const at = series.length;
    series.push({
      seed: seed + at,
      rounds: Math.min(perSeries, rounds - from),
      sink: SINKS[at % SINKS.length]!,
      workers: 1 + (Math.floor(at / SINKS.length) % 2),
      ...(options.killed && { killed: options.killed }),
    });
  }
  const results: SeriesResult[] = [];
  const lane = async (): Promise<void> => {
    for (let next = series.shift(); next !== undefined; next = series.shift()) {
      const result = await runSeries(next);
      results.push(result);
      options.done?.(next, result);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return results;
}
