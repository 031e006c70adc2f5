/**
 * The long form of the crash test: `npm run test:crash [-- ROUNDS]`, 2,000 rounds unless given. MILLRACE_CRASH_SEED sets the
 * seed. Prints how far it is and a summary, and writes bench/results/crash.json.
 */
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { resolve } from 'node:path';
import { cleanUp } from '../support/millrace.ts';
import { runLanes } from './lanes.ts';
import { type SeriesResult, together } from './summary.ts';

const PER_SERIES = 25;
const rounds = Number(process.argv[2] ?? 2000);
const seed = Number(process.env['MILLRACE_CRASH_SEED'] ?? Date.now() % 1_000_000);
const say = (text: string): void => void process.stdout.write(`${text}\n`);

say(`${rounds} rounds, MILLRACE_CRASH_SEED=${seed}`);
const began = performance.now();
let killed = 0;
const results: SeriesResult[] = [];
await runLanes({
  seed,
  rounds,
  perSeries: PER_SERIES,
  killed: () => killed++,
  done: (options, result) => {
    results.push(result);
    const { problems, lost, duplicates, tcp, seconds } = result;
    say(
      `${killed} of ${rounds} (seed ${options.seed}, ${options.sink}, ${options.workers} workers, ${seconds.toFixed()} s): ` +
        `lost ${lost.lumberjack.length + lost.http.length}, twice ${duplicates}, without answer and lost ${tcp.lost}`,
    );
    for (const problem of problems) say(`  ${problem}`);
    write();
  },
});
await cleanUp();
const { lost, problems } = write();
process.exitCode = lost.lumberjack.length + lost.http.length + problems.length === 0 ? 0 : 1;

/** The result so far: a run that is interrupted has one, too. */
function write(): SeriesResult {
  const all = together(results);
  const { lumberjack, http } = all.lost;
  const summary = {
    machine: `${cpus().length} × ${cpus()[0]?.model}`,
    node: process.version,
    date: new Date().toISOString().slice(0, 10),
    seed,
    ...all,
    seconds: Math.round((performance.now() - began) / 1000),
    lost: { lumberjack: lumberjack.length, http: http.length },
  };
  const text = JSON.stringify(summary, null, 1);
  if (results.length === Math.ceil(rounds / PER_SERIES)) say(text);
  writeFileSync(resolve(import.meta.dirname, '../../bench/results/crash.json'), `${text}\n`);
  return all;
}
