/**
 * The long form of the memory test: `npm run test:memory [-- SECONDS]`, ten minutes with 10,000 connections unless given.
 * Prints a sample every ten seconds and writes bench/results/memory.json.
 */
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { resolve } from 'node:path';
import { cleanUp } from '../support/millrace.ts';
import { runMemory } from './run.ts';

const seconds = Number(process.argv[2] ?? 600);
const say = (text: string): void => void process.stdout.write(`${text}\n`);

const { samples, ...result } = await runMemory({
  connections: 10_000,
  seconds,
  warmUpSeconds: seconds / 5,
  sampled: ({ second, megabytes, open }) => {
    if (second % 10 === 0) say(`${second} s: ${megabytes} MB, ${open} connections`);
  },
});
await cleanUp();
const summary = {
  machine: `${cpus().length} × ${cpus()[0]?.model}`,
  node: process.version,
  date: new Date().toISOString().slice(0, 10),
  ...result,
  samples: samples
    .filter(({ second }) => second % 10 === 0)
    .map(({ second, megabytes, open }) => [second, megabytes, open]),
};
say(JSON.stringify(result, null, 1));
writeFileSync(
  resolve(import.meta.dirname, '../../bench/results/memory.json'),
  `${JSON.stringify(summary).replaceAll(/,(?="|\[)/g, ',\n ')}\n`,
);
