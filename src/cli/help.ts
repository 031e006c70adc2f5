/** What `--help` and `help COMMAND` print. */
import { suggest } from '../kernel/diagnostic.ts';
import { MillraceError } from '../kernel/errors.ts';
import { type Setting, settings } from './settings-table.ts';

const commands = `Usage: millrace [COMMAND] [OPTIONS]

Runs Logstash pipelines. Without a command it takes Logstash's options:

  millrace -e 'input { generator { count => 10 } } output { stdout {} }'
  millrace -f /etc/logstash/conf.d/ -r        run, and reload when a file changes
  millrace --path.settings /etc/logstash      run what pipelines.yml there says
  millrace -f pipeline.conf -t                check a config, exit 0 or 1

Commands:
  up         run with default listeners: beats 5044, syslog 5514, http 8080 (npm start)
  search     events of the event store in the terminal; --follow shows what comes
  export     everything that a search finds into a file: CSV, NDJSON, Parquet
  store      what the event store holds, how long, and copies of it: status, retention, snapshots
  keystore   create, add, list, remove secrets that configs use as \${NAME}
  plugin     list the plugins
  certs      make a CA and certificates for servers and clients
  user       add, list, remove users of the event store and the console
  audit      who did what in the console and the event store, and whether that log is whole
  queue      look into a persisted queue, mend it, empty it
  relay      keep the datagrams of a UDP sender while its server is away
  dlq        look at, replay and purge events that outputs refused
  test       run tests of configs
  top        live rates of every plugin in the terminal
  help       help of a command: millrace help keystore
  version    print the version

Options (the same names stand in logstash.yml; those with * in pipelines.yml, too):
`;

/** Groups of settings, by how their names begin; what fits nowhere is general. */
const groups: readonly (readonly [string, readonly string[]])[] = [
  ['General', []],
  ['Pipeline', ['pipeline.']],
  ['Queue', ['queue.', 'dead_letter_queue.']],
  ['Event store', ['store.']],
  ['Console', ['console.']],
  ['Monitoring API', ['api.']],
  ['Log', ['log.', 'path.logs']],
];

const WIDTH = 100;
/** Where descriptions begin. */
const COLUMN = 36;

/** Without a topic the text of --help. @throws MillraceError ERR_USAGE for a topic that is none */
export async function helpText(topic: string | undefined): Promise<string> {
  switch (topic) {
    case undefined:
    case 'help':
    case 'version':
    case 'run':
    case 'logstash':
      return overview();
    case 'up':
      return (await import('./up.ts')).help;
    case 'keystore':
      return (await import('./keystore-command.ts')).help;
    case 'plugin':
      return (await import('./plugin-command.ts')).help;
    case 'audit':
      return (await import('./audit-command.ts')).help;
    case 'user':
      return (await import('./user-command.ts')).help;
    case 'certs':
      return (await import('./certs-command.ts')).help;
    case 'dlq':
      return (await import('./dlq-command.ts')).help;
    case 'queue':
      return (await import('./queue-command.ts')).help;
    case 'relay':
      return (await import('./relay-command.ts')).help;
    case 'search':
      return (await import('./search-command.ts')).help;
    case 'export':
      return (await import('./export-command.ts')).help;
    case 'store':
      return (await import('./store-command.ts')).help;
    case 'test':
      return (await import('./test-arguments.ts')).help;
    case 'top':
      return (await import('./top.ts')).help;
  }
  const near = suggest(topic, [
    'up',
    'search',
    'export',
    'store',
    'keystore',
    'plugin',
    'certs',
    'queue',
    'dlq',
    'relay',
    'test',
    'top',
    'help',
    'version',
  ]);
  throw new MillraceError(
    'ERR_USAGE',
    `there is no command ${topic}${near ? `, did you mean ${near}?` : '.'} See "millrace --help".`,
  );
}

function overview(): string {
  const all = Object.entries(settings as Readonly<Record<string, Setting>>).filter(
    ([, setting]) => !setting.ignored,
  );
  const groupOf = (name: string): string =>
    groups.find(([, prefixes]) => prefixes.some((prefix) => name.startsWith(prefix)))?.[0] ?? 'General';
  const sections = groups.map(([title]) => {
    const entries = all
      .filter(([name]) => groupOf(name) === title)
      .map(([name, setting]) => entry(flags(name, setting), describe(setting)));
    return `\n${title}:\n${entries.join('')}`;
  });
  const others = [
    entry('-h, --help', 'Print this.'),
    entry('-V, --version', 'Print the version.'),
    entry('-S NAME=VALUE', 'Set any setting.'),
  ];
  return `${commands}${sections.join('')}\nOther:\n${others.join('')}`;
}

function flags(name: string, { flags: others = [], type, perPipeline }: Setting): string {
  const short = others.find((flag) => /^-\w$/.test(flag));
  const value = {
    boolean: '',
    number: ' N',
    bytes: ' SIZE',
    duration: ' SECONDS',
    path: ' PATH',
    ports: ' PORT',
  };
  const placeholder = type in value ? value[type as keyof typeof value] : ' TEXT';
  return `${short ? `${short}, ` : '    '}--${name}${placeholder}${perPipeline ? ' *' : ''}`;
}

function describe({ description, default: initial, oneOf, type }: Setting): string {
  const shown =
    type === 'bytes' && typeof initial === 'number'
      ? size(initial)
      : Array.isArray(initial)
        ? initial.join('-')
        : initial;
  const notes = [
    ...(oneOf ? [oneOf.join(', ')] : []),
    ...(shown === undefined || shown === false ? [] : [`default ${String(shown)}`]),
  ];
  return notes.length > 0 ? `${description} (${notes.join('; ')})` : description;
}

function size(bytes: number): string {
  const units = ['b', 'kb', 'mb', 'gb'];
  let unit = 0;
  let value = bytes;
  while (value >= 1024 && value % 1024 === 0 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value}${units[unit]}`;
}

/** Flags on the left, text on the right; below it if the flags are long. */
function entry(left: string, text: string): string {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && COLUMN + last.length + 1 + word.length <= WIDTH)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  const head = `  ${left}`;
  const indented = lines.map((line) => `${' '.repeat(COLUMN)}${line}`);
  if (head.length + 2 > COLUMN) return `${head}\n${indented.join('\n')}\n`;
  return `${head.padEnd(COLUMN)}${indented.join('\n').slice(COLUMN)}\n`;
}
