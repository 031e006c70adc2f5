/**
 * Run as a program with an IPC channel, for the suite of plugins that own a standard stream: `stdin` keeps what it
 * reads in a writer double, `stdout` writes events. Commands come as messages, each is answered.
 */
import { Event } from '../../src/event/event.ts';
import { line } from '../../src/plugins/codecs/line.ts';
import { stdin } from '../../src/plugins/inputs/stdin.ts';
import { stdout } from '../../src/plugins/outputs/stdout.ts';
import { createCodec, decoderContext, outputContext, resolveOptions } from '../support/plugin.ts';
import { intakeContext } from '../support/writer.ts';

export interface Command {
  readonly do: 'full' | 'room' | 'count' | 'messages' | 'finished' | 'write' | 'abort' | 'close';
  /** For `write`: how many events, and how long each. */
  readonly count?: number;
  readonly length?: number;
}

// A process with worker threads does so for them: from now on a full pipe answers, where it would hold the thread.
void process.stdout;

const abort = new AbortController();
const answers = process.argv[2] === 'stdin' ? await readInput() : writeOutput();

process.on('message', (command: Command & { readonly id: number }) => {
  const { id } = command;
  void answers(command).then(
    (result) => process.send!({ id, result }),
    (error: unknown) => process.send!({ id, error: String(error) }),
  );
});
process.send!({ id: 0 });

async function readInput(): Promise<(command: Command) => Promise<unknown>> {
  const options = resolveOptions(stdin, {});
  const context = intakeContext();
  const { writer } = context;
  const intake = stdin.createIntake(options, context);
  if (process.argv[3] === 'full') writer.setFull(true);
  await intake.open(abort.signal);
  const actions: Partial<Record<Command['do'], () => unknown>> = {
    full: () => writer.setFull(true),
    room: () => writer.setFull(false),
    count: () => writer.count,
    finished: () => context.isFinished,
    abort: () => abort.abort(),
    close: () => intake.close(),
    messages: () => {
      const decoder = stdin.createDecoder(options, decoderContext(createCodec(line)));
      return writer.decode(decoder).map(({ fields }) => fields['message']);
    },
  };
  return async ({ do: name }) => actions[name]!();
}

function writeOutput(): (command: Command) => Promise<unknown> {
  const output = stdout.create({} as never, outputContext(createCodec(line, { format: '%{message}' })));
  let written = 0;
  return async (command) => {
    if (command.do === 'abort') return abort.abort();
    if (command.do === 'close') return output.close();
    const { count = 1, length = 0 } = command;
    const events = Array.from(
      { length: count },
      () => new Event({ message: `text ${++written}`.padEnd(length, '.') }),
    );
    return (await output.write(events, abort.signal)) ?? [];
  };
}
