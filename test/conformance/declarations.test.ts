/** What every plugin declares: names, documentation, types, defaults, and the options that Logstash has. */
import { describe, expect, test } from 'vitest';
import { commonOptions, ecsOption, type Option } from '../../src/kernel/options.ts';
import { isSecretName } from '../../src/lang/secrets.ts';
import { registry } from '../../src/plugins/registry.ts';
import { logstashPlugins } from './logstash-options.ts';
import { minimalOptions } from './minimal-options.ts';
import { allPlugins, check, configOf, type Entry, kinds, makeFolder, rowOf } from './support.ts';

const folder = makeFolder();
const file = folder.file('some.pem');
const entries = await allPlugins();
const named = entries.map((entry) => [`${entry.kind} ${entry.name}`, entry] as const);

/** Own and inherited from nothing: what the declaration says. */
const optionsOf = ({ plugin }: Entry): [string, Option][] =>
  Object.entries(plugin.options as Record<string, Option>);

const isUsable = (option: Option): boolean => option.renamedTo === undefined && option.obsolete === undefined;

/** Logstash itself has these types; the names only look like secrets. */
const NO_SECRETS = new Set<string>([]);

describe.each(named)('%s', (title, entry) => {
  const { kind, name, plugin } = entry;

  test('is what the registry says, with a summary', () => {
    expect(plugin.kind).toBe(kind);
    expect(plugin.summary).toMatch(/^[A-Z].{8,150}\.$/s);
  });

  test('every option is documented and typed', () => {
    for (const [option, declared] of optionsOf(entry)) {
      const where = `${title}: ${option}`;
      expect(option, where).toMatch(/^[a-z][a-z0-9_]*$/);
      expect(declared.description, where).toMatch(/^[A-Z\d`].*[.…]$/s);
      expect(Object.hasOwn(commonOptions[kind], option), `${where} is an option that all plugins have`).toBe(
        false,
      );
      if (plugin.ecs) expect(Object.hasOwn(ecsOption, option), `${where} comes with ecs: true`).toBe(false);
      if (declared.required)
        expect(declared.default, `${where} is required and has a default`).toBeUndefined();
      if (isSecretName(option) && !NO_SECRETS.has(`${name} ${option}`)) {
        expect(['password', 'boolean', 'number', 'path'], `${where} looks like a secret`).toContain(
          declared.type,
        );
      }
    }
  });

  test('old names lead to options that work', () => {
    for (const [option, { renamedTo, renamedValue, oneOf, type, list }] of optionsOf(entry)) {
      if (renamedTo === undefined) continue;
      const target = (plugin.options as Record<string, Option>)[renamedTo];
      expect(target && isUsable(target), `${title}: ${option} → ${renamedTo}`).toBe(true);
      if (renamedValue === undefined) continue;
      const values: unknown[] = oneOf ? [...oneOf] : type === 'boolean' ? [true, false] : [];
      for (const value of values) {
        expectValid(`${title}: ${option} => ${String(value)}`, renamedValue(list ? [value] : value), target!);
      }
    }
  });

  test('defaults are valid for their own types', () => {
    for (const [option, declared] of optionsOf(entry)) {
      if (!isUsable(declared)) {
        expect(declared.default, `${title}: ${option} is no option of its own`).toBeUndefined();
        continue;
      }
      if (declared.default !== undefined) expectValid(`${title}: ${option}`, declared.default, declared);
    }
  });

  test('has the options of Logstash', () => {
    const facts = rowOf(logstashPlugins[kind], entry, 'logstash-options.ts');
    const declared = plugin.options as Record<string, Option>;
    expect(facts.options.filter((option) => !declared[option])).toEqual([]);
    expect(
      facts.options.filter(
        (option) => declared[option] && !isUsable(declared[option]) && !KNOWN_OLD.has(option),
      ),
    ).toEqual([]);
    expect((facts.old ?? []).filter((option) => !declared[option])).toEqual([]);
    expect(plugin.ecs ?? false, 'ecs_compatibility').toBe(facts.ecs ?? false);
    if (plugin.kind === 'input' || plugin.kind === 'output') {
      expect(plugin.defaultCodec ?? 'plain', 'codec').toBe(facts.defaultCodec ?? 'plain');
    }
  });

  test('works with the least that can be said', async () => {
    const minimal = rowOf(minimalOptions[kind], entry, 'minimal-options.ts').replaceAll('FILE', file);
    const { graph } = (await check(configOf(entry, minimal))).pipelines[0]!;
    expect(graph, (await check(configOf(entry, minimal))).formatted.join('\n')).toBeDefined();
  });

  test('has examples', () => {
    expect(plugin.examples?.length ?? 0).toBeGreaterThan(0);
    for (const { title: text } of plugin.examples ?? []) expect(text).toMatch(/^[A-Z].*[^.]$/s);
  });

  test('its differences from Logstash are sentences', () => {
    for (const difference of plugin.differences ?? []) expect(difference).toMatch(/^[A-Z`].*\.$/s);
  });
});

/** Logstash still takes these under their old names. */
const KNOWN_OLD = new Set(
  'cacert client_cert client_key keystore keystore_password keystore_type truststore truststore_password truststore_type'.split(
    ' ',
  ),
);

test('names are written as configs write them', () => {
  for (const kind of kinds)
    for (const name of registry.names(kind)) expect(name).toMatch(/^[a-z][a-z0-9_]*$/);
});

test('no row of a table is left over', () => {
  for (const kind of kinds) {
    for (const table of [logstashPlugins[kind], minimalOptions[kind]]) {
      expect(Object.keys(table).filter((name) => !registry.names(kind).includes(name))).toEqual([]);
    }
  }
});

const typeChecks: Record<Option['type'], (value: any) => boolean> = {
  string: (value) => typeof value === 'string',
  number: (value) => typeof value === 'number' && Number.isFinite(value),
  boolean: (value) => typeof value === 'boolean',
  array: Array.isArray,
  hash: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  password: (value) => typeof value === 'string',
  uri: (value) => typeof value === 'string',
  path: (value) => typeof value === 'string',
  bytes: (value) => Number.isInteger(value) && value >= 0,
  duration: (value) => typeof value === 'number' && value >= 0,
  codec: (value) => registry.names('codec').includes(value?.plugin) && typeof value.options === 'object',
  field_reference: (value) => typeof value === 'string',
  any: () => true,
};

function expectValid(where: string, value: unknown, option: Option): void {
  if (option.list) expect(Array.isArray(value), `${where}: a list`).toBe(true);
  for (const each of option.list ? (value as unknown[]) : [value]) {
    expect(typeChecks[option.type](each), `${where}: ${JSON.stringify(each)} is no ${option.type}`).toBe(
      true,
    );
    if (option.oneOf) expect(option.oneOf, where).toContain(each);
    if (option.min !== undefined) expect(each, where).toBeGreaterThanOrEqual(option.min);
    if (option.max !== undefined) expect(each, where).toBeLessThanOrEqual(option.max);
  }
}
