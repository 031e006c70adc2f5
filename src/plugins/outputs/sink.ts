import { defineOutput } from '../../kernel/plugin.ts';

export const sink = defineOutput({
  kind: 'output',
  name: 'sink',
  summary: 'Takes every event and keeps none, as `null`.',
  options: {},
  examples: [{ title: 'Only measure the filters', config: 'sink { }' }],
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
