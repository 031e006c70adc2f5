/** Document 000's two hops: a forwarder that takes Lumberjack and sends HTTP, a receiver that takes HTTP. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { buildGoLumber } from '../peers/go-lumber/go-lumber.ts';
import { type Certificates, printed } from './documents.ts';
import { sorted } from './exact-json.ts';
import { freePort, Millrace, runConfig, temporaryFolder } from './millrace.ts';
import { type Finished, peers, runProgram } from './peers.ts';
import { expectation } from './sensor-events.ts';

const goLumber = await buildGoLumber();
/** Peers that the tests need and have not. */
export const missing = [peers.curl, peers.openssl, 'missing' in goLumber ? goLumber.missing : undefined];
const filter = printed('000-filter.conf');

export interface Receiver {
  readonly millrace: Millrace;
  readonly url: string;
  /** Lines it has written. */
  lines(): string[];
}

/** The receiver of steps 5 and 7; its events go to a file instead of Elasticsearch. */
export async function startReceiver(
  certificates: Certificates | 'no TLS',
  filterHere: boolean,
  changes: Readonly<Record<string, string>> = {},
): Promise<Receiver> {
  const port = changes['8899'] ?? String(await freePort());
  const out = join(temporaryFolder(), 'events.json');
  const text = printed('000-receiver.conf');
  const elasticsearch = text.slice(text.indexOf('  elasticsearch {'), text.indexOf('  stdout {}'));
  const config = printed('000-receiver.conf', {
    ...changes,
    '0.0.0.0': '127.0.0.1',
    ...(changes['8899'] === undefined && { '8899': port }),
    [elasticsearch]: `  file { path => "${out}" codec => json_lines }\n`,
    '\noutput {': `\n${filterHere ? filter : ''}output {`,
    ...(certificates === 'no TLS'
      ? { [text.slice(text.indexOf('    ssl => true'), text.indexOf('    codec => json'))]: '' }
      : {
          '/etc/logstash/logstash_server.crt': certificates.of('localhost').cert,
          '/etc/logstash/ca.crt': certificates.ca,
          '/etc/logstash/logstash_server_pk8.key': certificates.of('localhost').pk8,
        }),
  });
  return {
    millrace: await runConfig(config),
    url: `${certificates === 'no TLS' ? 'http' : 'https'}://localhost:${port}`,
    lines: () => (existsSync(out) ? readFileSync(out, 'utf8').split('\n').slice(0, -1) : []),
  };
}

export interface Sender {
  readonly millrace: Millrace;
  readonly address: string;
}

/** The forwarder of step 4, from pipelines.yml as printed. */
export async function startSender(
  certificates: Certificates | 'no TLS' | 'no client certificate',
  url: string,
  filterHere: boolean,
  ca = '',
): Promise<Sender> {
  const port = await freePort();
  const text = printed('000-pipelines.yml');
  const keys = text.slice(text.indexOf('        client_cert'), text.indexOf('      }\n      # You can'));
  const settings = temporaryFolder();
  writeFileSync(
    join(settings, 'pipelines.yml'),
    printed('000-pipelines.yml', {
      '15044': String(port),
      'https://elastic.my-upstream-siem.net:8899': url,
      '\n    output {': `\n${filterHere ? filter.replace(/^(?=.)/gm, '    ') : ''}    output {`,
      ...(certificates === 'no TLS'
        ? { [keys]: '' }
        : certificates === 'no client certificate'
          ? { [keys]: `        cacert => "${ca}"\n` }
          : {
              '/transient-data/logstash/files/logstash_client.crt': certificates.of('logstash-client').cert,
              '/transient-data/logstash/files/ca.crt': certificates.ca,
              '/transient-data/logstash/files/logstash_client.key': certificates.of('logstash-client').pk8,
            }),
    }),
  );
  const millrace = new Millrace({
    args: [
      '--path.settings',
      settings,
      '--path.data',
      join(settings, 'data'),
      '--api.http.port',
      '19600-19999',
    ],
  });
  await millrace.ready();
  return { millrace, address: `127.0.0.1:${port}` };
}

/** The fleet's pipeline: sends the lines as they are, one event each. */
export function deliver(
  { address }: Sender,
  lines: readonly string[],
  ...flags: string[]
): Promise<Finished> {
  const file = join(temporaryFolder(), 'events.json');
  writeFileSync(file, `${lines.join('\n')}\n`);
  const program = 'path' in goLumber ? goLumber.path : '';
  return runProgram(program, ['-addr', address, '-json', file, '-count', String(lines.length), ...flags]);
}

/** Every event arrived once, and is what the document says, to the byte of names and values. */
export function expectArrived(
  received: readonly string[],
  sent: readonly string[],
  added: (event: any) => void,
): void {
  expect(received).toHaveLength(sent.length);
  const byId = new Map<number, string>();
  for (const line of received) {
    const event = JSON.parse(line);
    const id = event._sensorfleet_event.sensor_event_id;
    expect(byId.has(id)).toBe(false);
    added(event);
    byId.set(id, sorted(line, ['headers', 'host', '@timestamp']));
  }
  for (const [at, line] of sent.entries()) {
    const expected = expectation(line);
    if (byId.get(at) !== expected) expect(byId.get(at)).toBe(expected);
  }
}
