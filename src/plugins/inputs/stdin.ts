import { hostname } from 'node:os';
import { defineInput } from '../../kernel/plugin.ts';
import { openStdin } from '../../lib/files/open-stdin.ts';
import { LineFramer } from '../../lib/net/line-framer.ts';
import { createRecordDecoder } from '../../lib/record-decoder.ts';

export const stdin = defineInput({
  kind: 'input',
  name: 'stdin',
  summary: 'Reads standard input; the pipeline ends when it ends.',
  ecs: true,
  streaming: true,
  plainRecords: true,
  defaultCodec: 'line',
  reloadable: false,
  options: {},
  examples: [{ title: 'Lines as they are typed', config: 'stdin { }' }],
  differences: ['What stands behind the last newline becomes an event when the input ends.'],
  createIntake(_options, context) {
    const { writer, delimiter, logger } = context;
    const peer = { key: 'stdin' };
    const framer = delimiter && new LineFramer(delimiter, context.maxRecordBytes);
    let source: { close(): void } | undefined;
    return {
      async open() {
        source = openStdin({
          data: (chunk) => (framer ? framer.push(chunk, writer, peer) : writer.record(peer, chunk)),
          ready: () => writer.ready(),
          end(problem) {
            if (problem) logger.error({}, `standard input can not be read: ${problem}`);
            framer?.end(writer, peer);
            writer.end(peer);
            context.finished();
          },
        });
      },
      async close() {
        source?.close();
        source = undefined;
      },
    };
  },
  createDecoder(_options, context) {
    const host = hostname();
    const reference = context.ecs === 'disabled' ? 'host' : '[host][hostname]';
    return createRecordDecoder(context, [{ reference, value: () => host }]);
  },
});
