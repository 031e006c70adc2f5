/** The composition root: commands. */
import { errors, MillraceError } from '../kernel/errors.ts';
import { parseArguments } from './arguments.ts';
import { helpText } from './help.ts';
import { VERSION } from './version.ts';

const [command, ...rest] = process.argv.slice(2);

async function main(): Promise<number> {
  switch (command) {
    case 'up':
      return (await import('./up.ts')).up(rest);
    case 'keystore':
      return (await import('./keystore-command.ts')).keystoreCommand(rest);
    case 'plugin':
      return (await import('./plugin-command.ts')).pluginCommand(rest);
    case 'certs':
      return (await import('./certs-command.ts')).certsCommand(rest);
    case 'user':
      return (await import('./user-command.ts')).userCommand(rest);
    case 'audit':
      return (await import('./audit-command.ts')).auditCommand(rest);
    case 'queue':
      return (await import('./queue-command.ts')).queueCommand(rest);
    case 'relay':
      return (await import('./relay-command.ts')).relayCommand(rest);
    case 'dlq':
      return (await import('./dlq-command.ts')).dlqCommand(rest);
    case 'search':
      return (await import('./search-command.ts')).searchCommand(rest);
    case 'export':
      return (await import('./export-command.ts')).exportCommand(rest);
    case 'store':
      return (await import('./store-command.ts')).storeCommand(rest);
    case 'test':
      return (await import('./test-command.ts')).testCommand(rest);
    case 'top':
      return (await import('./top.ts')).top(rest);
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
