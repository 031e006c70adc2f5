/** What `--help` and `help COMMAND` print. */
import { suggest } from '../kernel/diagnostic.ts';
import { MillraceError } from '../kernel/errors.ts';
import { commandOf, commands } from './commands.ts';
import type { Setting } from './setting.ts';
import { settings } from './settings-table.ts';

const intro = `Usage: millrace [COMMAND] [OPTIONS]

Runs Logstash pipelines. Without a command it takes Logstash's options:

  millrace -e 'input { generator { count => 10 } } output { stdout {} }'
  millrace -f /etc/logstash/conf.d/ -r        run, and reload when a file changes
  millrace --path.settings /etc/logstash      run what pipelines.yml there says
  millrace -f pipeline.conf -t                check a config, exit 0 or 1

Commands:
`;
const options = `
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

/** Commands that the overview says everything about. */
const withoutHelp = ['help', 'version', 'run', 'logstash'];

/** Without a topic the text of --help. @throws MillraceError ERR_USAGE for a topic that is none */
export async function helpText(topic: string | undefined): Promise<string> {
  if (topic === undefined || withoutHelp.includes(topic)) return overview();
  const known = commandOf(topic);
  if (known) return known.help();
  const near = suggest(topic, [...Object.keys(commands), 'help', 'version']);
  throw new MillraceError(
    'ERR_USAGE',
    `there is no command ${topic}${near ? `, did you mean ${near}?` : '.'} See "millrace --help".`,
  );
}

function commandList(): string {
  const all = {
    ...commands,
    help: { summary: 'help of a command: millrace help keystore' },
    version: { summary: 'print the version' },
  };
  return Object.entries(all)
    .map(([name, { summary }]) => `  ${name.padEnd(11)}${summary}\n`)
    .join('');
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
  return `${intro}${commandList()}${options}${sections.join('')}\nOther:\n${others.join('')}`;
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
