/** `millrace up`, which is `npm start`: the default listeners, on loopback. */
import { loadConfigString } from '../lang/load.ts';
import { parseArguments } from './arguments.ts';
import type { Definition } from './configuration.ts';
import { run } from './run.ts';

/** What a fresh install listens on. */
const defaultPipelines: Readonly<Record<string, string>> = {
  'default-beats': `input { beats { host => "127.0.0.1" port => 5044 } }
output { stdout {} }`,
  'default-syslog': `input { syslog { host => "127.0.0.1" port => 5514 } }
output { stdout {} }`,
  'default-http': `input { http { host => "127.0.0.1" port => 8080 } }
output { stdout {} }`,
};

const help = `Usage: millrace up [OPTIONS]

Listens on 127.0.0.1 for Beats (5044), syslog over TCP and UDP (5514) and webhooks (HTTP 8080), prints every event,
and serves the monitoring API on 9600. Ends with Ctrl-C.

  millrace up
  logger -n 127.0.0.1 -P 5514 -d 'hello'
  curl -d '{"hello": "world"}' -H 'Content-Type: application/json' http://127.0.0.1:8080

Options: those of "millrace --help", for example --path.data DIR, --log.level debug, --api.http.port 9700.
To run pipelines of your own use "millrace -f FILE" or "millrace --path.settings DIR".
`;

export async function up(argv: readonly string[]): Promise<number> {
  const { values, help: wantsHelp, warnings } = parseArguments(argv);
  if (wantsHelp) {
    process.stdout.write(help);
    return 0;
  }
  for (const warning of warnings) process.stderr.write(`warning: ${warning}\n`);
  const definitions: Definition[] = Object.entries(defaultPipelines).map(([id, text]) => ({
    id,
    values: { 'pipeline.id': id },
    loaded: loadConfigString(text),
  }));
  process.stderr.write(
    'Starting listeners on 127.0.0.1: Beats 5044, syslog 5514 (TCP and UDP), HTTP 8080. Ctrl-C ends.\n',
  );
  return run(values, definitions);
}
