/**
 * Secrets are nowhere to be seen: every password option is given a marker, in the config and from the keystore, and
 * the marker is looked for in messages, graphs, log lines, errors, and (from a running process) in the monitoring API.
 */
import { execFileSync } from 'node:child_process';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Event } from '../../src/event/event.ts';
import { createLogger, type Logger } from '../../src/kernel/logger.ts';
import type { NestedPlugin, Option } from '../../src/kernel/options.ts';
import type { FilterPlugin, InputPlugin, OutputPlugin } from '../../src/kernel/plugin.ts';
import { declaredOptions } from '../../src/lang/check-plugin.ts';
import type { GraphNode, PipelineGraph } from '../../src/lang/graph.ts';
import { pluginNodes } from '../../src/lang/graph-walk.ts';
import { graphView } from '../../src/server/pipeline-graph.ts';
import { makeCertificates, type TestCertificates } from '../support/certs.ts';
import { loadCodecs, outputContext, testContext } from '../support/plugin.ts';
import { intakeContext } from '../support/writer.ts';
import { minimalOptions } from './minimal-options.ts';
import { allPlugins, check, configOf, type Entry, makeFolder, rowOf, within } from './support.ts';

const MARKER = 'Tr0ub4dor-and-3';
const KEPT = `\${KEPT}`;
const keystore = { keystore: (name: string) => (name === 'KEPT' ? MARKER : undefined), environment: {} };

const folder = makeFolder();
const garbage = folder.file('garbage.p12', 'this is no PKCS#12 file');
const encryptedKey = `${folder.path}/encrypted.key`;
let certs: TestCertificates;
beforeAll(async () => {
  certs = makeCertificates();
  // A key that another passphrase opens.
  execFileSync('openssl', [
    'pkcs8',
    '-topk8',
    '-in',
    certs.server.key,
    '-out',
    encryptedKey,
    '-passout',
    'pass:other',
  ]);
  await loadCodecs('plain', 'line', 'json', 'json_lines', 'rubydebug');
});
afterAll(() => certs.remove());

const entries = await allPlugins();
const passwordsOf = ({ plugin }: Entry): string[] =>
  Object.entries(declaredOptions(plugin)).flatMap(([name, { type }]) => (type === 'password' ? [name] : []));
const withPasswords = entries.filter((entry) => passwordsOf(entry).length > 0);

/** What a password needs beside it, so that the plugin can be made and comes to use it. */
function companions(entry: Entry, password: string): string[] {
  const given: Record<string, string> = {};
  const tls = /^(?:ssl_)?(?:client_)?(?:key_passphrase|(?:keystore|truststore)_password)$/.test(password);
  if (password === 'password') given['user'] = '"somebody"';
  if (tls) given['ssl_enabled'] = 'true';
  if (password.endsWith('key_passphrase')) {
    const client = password.includes('client_') ? 'client_' : '';
    given[`ssl_${client}certificate`] = JSON.stringify(certs.server.cert);
    given[`ssl_${client}key`] = JSON.stringify(encryptedKey);
  }
  if (password.endsWith('keystore_password')) given['ssl_keystore_path'] = JSON.stringify(garbage);
  if (password.endsWith('truststore_password')) {
    given['ssl_truststore_path'] = JSON.stringify(garbage);
    if (entry.kind === 'input') {
      given['ssl_certificate'] = JSON.stringify(certs.server.cert);
      given['ssl_key'] = JSON.stringify(certs.server.key);
      given['ssl_client_authentication'] = '"required"';
    }
  }
  const declared = declaredOptions(entry.plugin);
  return Object.keys(given)
    .filter((name) => Object.hasOwn(declared, name))
    .map((name) => `${name} => ${given[name]}`);
}

function bodyWith(entry: Entry, lines: readonly string[]): string {
  const names = lines.map((line) => line.split(' ')[0]);
  const minimal = rowOf(minimalOptions[entry.kind], entry, 'minimal-options.ts')
    .replaceAll('FILE', certs.ca)
    .replace(/port => \d+/, entry.kind === 'input' ? 'port => 0' : 'port => 1')
    .split('\n')
    .filter((line) => !names.includes(line.split(' ')[0]));
  const host =
    entry.kind === 'input' && entry.plugin.options['host'] ? ['host => "127.0.0.1"', 'port => 0'] : [];
  return [...minimal, ...host.filter((line) => !minimal.includes(line)), ...lines].join('\n');
}

function expectHidden(what: string, text: string): void {
  const at = text.indexOf(MARKER);
  expect(at < 0 ? '' : `${what}: …${text.slice(Math.max(0, at - 100), at + 40)}…`).toBe('');
}

/** All that is shown of a graph. */
function expectHiddenIn(graph: PipelineGraph): void {
  expectHidden('graph', JSON.stringify(graph));
  expectHidden('inspected graph', inspect(graph, { depth: 20, showHidden: true }));
  expectHidden('graph of the API', JSON.stringify(graphView(graph)));
}

/** Makes the plugin, opens it and lets it work; returns everything it logged, threw or said to health. */
async function use(entry: Entry, node: GraphNode): Promise<string> {
  const said: string[] = [];
  const logger: Logger = createLogger({ level: 'trace', format: 'json', write: (line) => said.push(line) });
  const health = (problem: string | undefined): void => {
    said.push(String(problem));
  };
  const signal = AbortSignal.timeout(1_000);
  try {
    if (entry.kind === 'input') {
      const context = intakeContext({ logger, health });
      const intake = (entry.plugin as InputPlugin).createIntake(node.options as never, context);
      try {
        await intake.open(signal);
      } finally {
        await intake.close();
      }
    } else if (entry.kind === 'output') {
      const codec = testContext().codec(
        (node.options['codec'] as NestedPlugin | undefined) ?? { plugin: 'plain', options: {} },
      );
      const output = (entry.plugin as OutputPlugin).create(
        node.options as never,
        outputContext(codec, { logger, health }),
      );
      try {
        await output.open?.(signal);
        said.push(JSON.stringify(await output.write([new Event({ message: 'm' })], signal)) ?? '');
      } finally {
        await output.close();
      }
    } else if (entry.kind === 'filter') {
      const context = { ...testContext(), logger, decorate: () => {} };
      const filter = await (entry.plugin as FilterPlugin).create(node.options as never, context);
      const event = new Event({ message: 'm' });
      filter.filter?.(event, () => {});
      await filter.filterBatch?.([event], () => {});
      said.push(JSON.stringify(event.fields));
    }
  } catch (error) {
    said.push(inspect(error, { depth: 10, showHidden: true }));
  }
  return said.join('\n');
}

describe.each(withPasswords.map((entry) => [`${entry.kind} ${entry.name}`, entry] as const))(
  '%s',
  (_title, entry) => {
    const cases = passwordsOf(entry).flatMap((password) => [
      [password, 'in the config', `"${MARKER}"`] as const,
      [password, 'from the keystore', `"${KEPT}"`] as const,
    ]);
    let made = 0;

    test.each(cases)('%s %s', async (password, _place, literal) => {
      const body = bodyWith(entry, [...companions(entry, password), `${password} => ${literal}`]);
      const { formatted, pipelines } = await check(configOf(entry, body), keystore);
      expectHidden('messages', formatted.join('\n'));
      const { graph } = pipelines[0]!;
      if (!graph) return;
      made++;
      expectHiddenIn(graph);
      const node = pluginNodes(graph).find((each) => each.kind === entry.kind)!;
      expectHidden('what it said', await within(4_000, use(entry, node), 'the plugin'));
    });

    test('at least one of its passwords came to be used', () => {
      expect(made).toBeGreaterThan(0);
    });
  },
);

const named = entries.map((entry) => [`${entry.kind} ${entry.name}`, entry] as const);

test.each(named)(
  '%s: what comes from the keystore is not shown where it does not fit',
  async (_title, entry) => {
    const declared = Object.entries(declaredOptions(entry.plugin) as Record<string, Option>);
    for (const [name, option] of declared) {
      if (option.obsolete !== undefined) continue;
      const literals =
        option.list || option.type === 'array'
          ? [`["${KEPT}"]`]
          : option.type === 'hash'
            ? [`{ "a" => "${KEPT}" }`, `"${KEPT}"`]
            : [`"${KEPT}"`];
      for (const literal of literals) {
        const { formatted, pipelines } = await check(
          configOf(entry, bodyWith(entry, [`${name} => ${literal}`])),
          keystore,
        );
        expectHidden(name, formatted.join('\n'));
        if (pipelines[0]!.graph) expectHidden(name, JSON.stringify(graphView(pipelines[0]!.graph)));
      }
    }
  },
);
