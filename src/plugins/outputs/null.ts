import { defineOutput } from '../../kernel/plugin.ts';

/** `null` is a reserved word. */
export const nullOutput = defineOutput({
  kind: 'output',
  name: 'null',
  summary: 'Takes every event and keeps none.',
  options: {},
  examples: [{ title: 'Only measure the filters', config: 'null { }' }],
  concurrency: 'worker',
  reads: () => [],
  usesCodec: false,
  discards: true,
  create: () => ({
    timeLimit: 'none',
    write: () => undefined,
    writeLines() {},
    async close() {},
  }),
});
