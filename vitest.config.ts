import { defineConfig } from 'vitest/config';

/** Minutes of load on a whole machine: after all others, one file at a time. */
const long = ['test/crash/**/*.test.ts', 'test/memory/**/*.test.ts'];

export default defineConfig({
  test: {
    pool: 'threads',
    projects: [
      {
        test: {
          name: 'unit',
          include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
          exclude: long,
          pool: 'threads',
          testTimeout: 20_000,
          // One second unless told: a busy machine needs longer.
          expect: { poll: { timeout: 15_000 } },
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'long',
          include: long,
          pool: 'threads',
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
