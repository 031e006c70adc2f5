import { decodeEvent } from '../../event/event-encoding.ts';
import type { Event } from '../../kernel/event-types.ts';
import { type Block, type Decoder, defineInput, type Intake, type Peer } from '../../kernel/plugin.ts';

/** Events from `pipeline` outputs of the same process, whole and with `@metadata`. */
export const pipeline = defineInput({
  kind: 'input',
  name: 'pipeline',
  summary: 'Receives the events that `pipeline` outputs of the same process send to its address.',
  options: {
    address: { type: 'string', required: true, description: 'Name of this input, unique in the process.' },
  },
  socketOptions: ['address'],
  examples: [
    { title: 'A pipeline that others send to', config: 'input { pipeline { address => "weblogs" } }' },
  ],
  createIntake(options, context): Intake {
    const peer: Peer = { key: `pipeline ${options.address}` };
    let end: (() => void) | undefined;
    return {
      async open() {
        const { writer } = context;
        end = context.receive(options.address, (bytes, ends, accepted) => {
          // The sending pipeline waits for the answer: that is its back-pressure.
          const hasRoom = writer.records(peer, bytes, ends);
          if (hasRoom) writer.whenSafe(accepted);
          else void writer.ready().then(() => writer.whenSafe(accepted));
        });
      },
      update() {},
      async close() {
        end?.();
        end = undefined;
      },
    };
  },
  createDecoder(_options, context): Decoder {
    return {
      decode(block: Block, emit: (event: Event) => void) {
        let start = 0;
        for (let at = 0; at < block.runs.length; at += 4) {
          const stop = block.runs[at + 2]!;
          const event = decodeEvent(block.bytes.utf8Slice(start, stop));
          start = stop;
          context.decorate(event);
          emit(event);
        }
      },
    };
  },
});
