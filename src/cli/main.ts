/** The composition root: commands. */
import { errors, MillraceError } from '../kernel/errors.ts';
import { VERSION } from '../kernel/version.ts';
import { parseArguments } from './arguments.ts';
import { commandOf } from './commands.ts';
import { helpText } from './help.ts';

const [command, ...rest] = process.argv.slice(2);
// What the launcher has set for this process, and is read by now, is nothing that configs and other programs should see.
for (const name of process.env['MILLRACE_ONLY_HERE']?.split(' ') ?? []) delete process.env[name];

async function main(): Promise<number> {
  const known = command === undefined ? undefined : commandOf(command);
  if (known) return known.run(rest);
  switch (command) {
    case 'help':
      process.stdout.write(await helpText(rest[0]));
      return 0;
    case 'version':
      process.stdout.write(`millrace ${VERSION}\n`);
      return 0;
    case 'run':
    case 'logstash':
      return runPipelines(rest);
    default:
      return runPipelines(process.argv.slice(2));
  }
}

async function runPipelines(argv: readonly string[]): Promise<number> {
  const { values, help, version, warnings } = parseArguments(argv);
  if (help) {
    process.stdout.write(await helpText(undefined));
    return 0;
  }
  if (version) {
    process.stdout.write(`millrace ${VERSION}\n`);
    return 0;
  }
  for (const warning of warnings) process.stderr.write(`warning: ${warning}\n`);
  const { run } = await import('./run.ts');
  return run(values);
}

/** How long a reader of our output may take for the rest of it. */
const LAST_WORDS_MS = 5000;

/** What was printed is on its way: where standard output is a socket, `exit` would throw the rest of it away. */
async function printed(): Promise<void> {
  const { stdout, stderr } = process;
  if (stdout.writableLength + stderr.writableLength === 0) return;
  const rest = [stdout, stderr].map((stream) => new Promise((done) => stream.write('', done)));
  const late = new Promise((done) => setTimeout(done, LAST_WORDS_MS));
  await Promise.race([Promise.all(rest), late]);
}

try {
  const status = await main();
  await printed();
  process.exit(status);
} catch (error) {
  if (error instanceof MillraceError) {
    process.stderr.write(`millrace: ${error.message}\n`);
    process.exit(errors[error.code].exit);
  }
  // What the system refuses is told in its words: they name the file.
  if ((error as NodeJS.ErrnoException).syscall !== undefined) {
    process.stderr.write(`millrace: ${(error as Error).message}\n`);
    process.exit(errors.ERR_IO.exit);
  }
  process.stderr.write(`millrace: internal error, please report it: ${(error as Error).stack ?? error}\n`);
  process.exit(70);
}
