import { hostname } from 'node:os';
import { Event } from '../../event/event.ts';
import { parseFieldReference, setter } from '../../event/field-reference.ts';
import { isoFromMillis } from '../../event/timestamp.ts';
import { defineInput, RunKind } from '../../kernel/plugin.ts';

export const heartbeat = defineInput({
  kind: 'input',
  name: 'heartbeat',
  summary: 'Makes an event in regular intervals, to see that the way from here to the receiver works.',
  ecs: true,
  options: {
    message: {
      type: 'string',
      default: 'ok',
      description:
        'Text of every event. `epoch` and `sequence` mean the option `sequence`, without ECS and unless that is given (deprecated).',
    },
    interval: { type: 'number', default: 60, min: 0, description: 'Seconds between two events.' },
    count: { type: 'number', default: -1, description: 'How many events; 0 or less: without end.' },
    sequence: {
      type: 'string',
      oneOf: ['none', 'epoch', 'sequence'],
      description:
        'A number in `clock` (ECS: `[event][sequence]`): the time in seconds (`epoch`), or a count that starts at 1.',
    },
  },
  examples: [{ title: 'Every ten seconds', config: 'heartbeat { interval => 10 }' }],
  differences: ['The interval is counted from when an event was due, so that delays do not add up.'],
  validate({ message, sequence }, report) {
    if (sequence === undefined && (message === 'epoch' || message === 'sequence'))
      report('lint', 'message', `\`${message}\` as message is deprecated`, `use sequence => "${message}"`);
  },
  createIntake(options, context) {
    const { writer } = context;
    const kind = numberKind(options, context.ecs !== 'disabled');
    const interval = Math.max(options.interval * 1000, 1);
    let timer: NodeJS.Timeout | undefined;
    let stopped = false;
    let sent = 0;
    let due = 0;
    const beat = (): void => {
      if (stopped) return;
      // A full queue: this beat is late, and none is made up for those missed meanwhile.
      if (!writer.hasRoom) {
        void writer.ready().then(beat);
        return;
      }
      sent++;
      const number = kind === 'epoch' ? Math.floor(context.now() / 1000) : sent;
      writer.virtual({ key: 'heartbeat', number }, 1);
      if (sent === options.count) {
        context.finished();
        return;
      }
      const now = performance.now();
      due = Math.max(due + interval, now);
      timer = setTimeout(beat, Math.min(due - now, 0x7fffffff));
    };
    return {
      async open() {
        due = performance.now();
        beat();
      },
      async close() {
        stopped = true;
        clearTimeout(timer);
      },
    };
  },
  createDecoder(options, context) {
    const ecs = context.ecs !== 'disabled';
    const kind = numberKind(options, ecs);
    const host = hostname();
    const setHost = setter(parseFieldReference(ecs ? '[host][name]' : 'host'));
    const setNumber = setter(parseFieldReference(ecs ? '[event][sequence]' : 'clock'));
    const magic = !ecs && options.sequence === undefined && kind !== 'none';
    return {
      decode(block, emit) {
        const timestamp = isoFromMillis(block.receivedAt);
        for (let at = 0; at < block.runs.length; at += 4) {
          if (block.runs[at] !== RunKind.virtual) continue;
          const event = new Event({ '@timestamp': timestamp, '@version': '1' });
          if (!magic) event.fields['message'] = options.message;
          if (kind !== 'none') setNumber(event, Number(block.peers[block.runs[at + 1]!]!['number']));
          setHost(event, host);
          context.decorate(event);
          emit(event);
        }
      },
    };
  },
});

/** Which number events carry; without ECS a message of that name asks for it too. */
function numberKind(
  options: { readonly message: string; readonly sequence: 'none' | 'epoch' | 'sequence' | undefined },
  ecs: boolean,
): 'none' | 'epoch' | 'sequence' {
  if (options.sequence !== undefined) return options.sequence;
  if (!ecs && (options.message === 'epoch' || options.message === 'sequence')) return options.message;
  return 'none';
}
