/** `millrace up`, which is `npm start`: the default listeners, on loopback. */

import { demoRoute } from '../demo/pipelines.ts';
import { MillraceError } from '../kernel/errors.ts';
import { parseArguments } from './arguments.ts';
import type { Definition } from './configuration.ts';
import { integrationDefinitions } from './integration-files.ts';
import { run } from './run.ts';
import { settingOf } from './settings.ts';

interface Listener {
  readonly input: string;
  /** Output section: where its events are kept. */
  readonly output: string;
  readonly title: string;
  readonly port: number;
}

/** What a fresh install listens on, by the option that changes it. */
const listeners: Readonly<Record<string, Listener>> = {
  beats: {
    input: 'beats',
    title: 'Beats',
    port: 5044,
    output:
      'if [@metadata][beat] and [@metadata][version] { store { index => "%{[@metadata][beat]}-%{[@metadata][version]}-%{+yyyy.MM.dd}" } } else { store { index => "beats-%{+yyyy.MM.dd}" } }',
  },
  syslog: {
    input: 'syslog',
    title: 'syslog (TCP and UDP)',
    port: 5514,
    output: 'store { index => "syslog-%{+yyyy.MM.dd}" }',
  },
  http: { input: 'http', title: 'HTTP', port: 8080, output: 'store { index => "webhook-%{+yyyy.MM.dd}" }' },
};
const LOOPBACK = '127.0.0.1';

export const help = `Usage: millrace up [OPTIONS]

Listens on 127.0.0.1 for Beats (5044), syslog over TCP and UDP (5514) and webhooks (HTTP 8080),
keeps every event in the event store (data/store), answers to Elasticsearch's clients on 9200, and
serves the monitoring API on 9600. Ends with Ctrl-C. npm start is the same.

  --beats PORT    another port for Beats, or HOST:PORT, or off
  --syslog PORT   the same for syslog
  --http PORT     the same for webhooks
  --print         print every event, too
  --demo[=HOURS]  play invented traffic through these listeners, and the last hours (4) at once, so
                  that every screen has life in a minute; "millrace demo remove" deletes it again

  millrace up
  millrace up --demo
  millrace up --syslog 5515 --beats off
  logger -n 127.0.0.1 -P 5514 -d 'hello'
  curl -d '{"hello": "world"}' -H 'Content-Type: application/json' http://127.0.0.1:8080

Other options: those of "millrace --help", for example --path.data DIR, --api.http.port 9700.
With npm they stand behind two dashes: npm start -- --http 8081.
To run pipelines of your own use "millrace -f FILE" or "millrace --path.settings DIR".
`;

export async function up(argv: readonly string[]): Promise<number> {
  const print = argv.includes('--print');
  const hours = demoHours(argv);
  const { places, rest } = parseListeners(
    argv.filter((argument) => argument !== '--print' && !/^--demo(=|$)/.test(argument)),
  );
  const { values, help: wantsHelp, warnings } = parseArguments(rest);
  if (wantsHelp) {
    process.stdout.write(help);
    return 0;
  }
  for (const option of ['path.config', 'config.string'] as const)
    if (values[option] !== undefined)
      throw new MillraceError('ERR_USAGE', `millrace up has its own pipelines: give ${option} to millrace`);
  if (places.size === 0 && integrationDefinitions(settingOf('path.data', values)).length === 0)
    throw new MillraceError('ERR_USAGE', 'every listener is off: nothing would run');
  for (const warning of warnings) process.stderr.write(`warning: ${warning}\n`);
  const definitions = [...places].map(([option, place]) => definition(option, place, print));
  const played = [...places].map(([option, place]) => definition(option, place, print, true));
  const list = [...places].map(([option, { host, port }]) => {
    const { title } = listeners[option]!;
    return `${title} ${host === LOOPBACK ? port : `${host}:${port}`}`;
  });
  process.stderr.write(
    list.length === 0
      ? 'Starting what was set up in the console. Ctrl-C ends.\n'
      : `Starting listeners on ${LOOPBACK}: ${list.join(', ')}. Ctrl-C ends.\n`,
  );
  return run(values, definitions, {
    everythingByDefault: true,
    ...(hours !== undefined && { demo: { hours, places, listeners: played } }),
  });
}

const DEMO_HOURS = 4;
const MAX_DEMO_HOURS = 72;

/** Undefined: there is no demo. @throws MillraceError ERR_USAGE */
function demoHours(argv: readonly string[]): number | undefined {
  const given = argv.find((argument) => /^--demo(=|$)/.test(argument));
  if (given === undefined) return undefined;
  const [, text = String(DEMO_HOURS)] = given.split('=');
  const hours = Number(text);
  if (text !== '' && hours >= 0 && hours <= MAX_DEMO_HOURS) return hours;
  throw new MillraceError('ERR_USAGE', `--demo takes hours, from 0 to ${MAX_DEMO_HOURS}, and is "${text}"`);
}

interface Place {
  readonly host: string;
  readonly port: number;
}

/** Takes `--beats`, `--syslog` and `--http` out of the arguments. @throws MillraceError ERR_USAGE */
export function parseListeners(argv: readonly string[]): {
  places: Map<string, Place>;
  rest: string[];
} {
  const places = new Map<string, Place>(
    Object.entries(listeners).map(([option, { port }]) => [option, { host: LOOPBACK, port }]),
  );
  const rest: string[] = [];
  for (let at = 0; at < argv.length; at++) {
    const [, option, attached] = /^--(beats|syslog|http)(?:=(.*))?$/s.exec(argv[at]!) ?? [];
    if (option === undefined) {
      rest.push(argv[at]!);
      continue;
    }
    const value = attached ?? argv[++at] ?? '';
    if (value === 'off') {
      places.delete(option);
      continue;
    }
    const [, v6, host = v6 ?? LOOPBACK, port] =
      /^(?:(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9.-]+)):)?(\d{1,5})$/.exec(value) ?? [];
    if (port === undefined || Number(port) > 65_535)
      throw new MillraceError(
        'ERR_USAGE',
        `--${option} takes a port, HOST:PORT or off, and is "${value}". See "millrace up --help".`,
      );
    places.set(option, { host, port: Number(port) });
  }
  return { places, rest };
}

function definition(option: string, { host, port }: Place, print: boolean, demo = false): Definition {
  const id = `default-${option}`;
  const { input, output: kept } = listeners[option]!;
  const output = demo ? demoRoute(option, kept) : kept;
  const text = `input { ${input} { host => "${host}" port => ${port} } }\noutput { ${print ? 'stdout { } ' : ''}${output} }`;
  return {
    id,
    values: { 'pipeline.id': id },
    loaded: { sources: [{ file: '<millrace up>', text }], diagnostics: [] },
    otherPort: `choose another with --${option} PORT`,
  };
}
