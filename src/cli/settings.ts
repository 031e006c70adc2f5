/**
 * Settings from the command line, logstash.yml and pipelines.yml, by the table: names flat or nested, variables
 * replaced, types checked. Precedence: command line, pipelines.yml (for its pipeline), logstash.yml, defaults.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isMap, isScalar, LineCounter, type Node, parseDocument, type YAMLMap } from 'yaml';
import { suggest } from '../kernel/diagnostic.ts';
import { MillraceError } from '../kernel/errors.ts';
import { Secret } from '../kernel/options.ts';
import { replaceVariables, VariableError, type Variables } from '../lang/variables.ts';
import type { Setting } from './setting.ts';
import { ignoredFamilies, type SettingName, settings } from './settings-table.ts';

export type SettingValues = Partial<Record<SettingName, unknown>>;

/** A problem with a setting: `at` is where it was set (`logstash.yml:3`, `--pipeline.workers`). */
class SettingError extends MillraceError {
  constructor(at: string, message: string) {
    super('ERR_SETTING', `${at}: ${message}`);
  }
}

const table: Readonly<Record<string, Setting>> = settings;
export const isSettingName = (name: string): name is SettingName => Object.hasOwn(table, name);

/** Converts a value as written to what the program uses. @throws SettingError */
export function convertSetting(name: SettingName, value: unknown, at: string): unknown {
  const setting = table[name]!;
  const text = String(value).trim();
  const wrong = (expected: string): never => {
    throw new SettingError(at, `${name} must be ${expected}, and is "${text}"`);
  };
  switch (setting.type) {
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : wrong('true or false');
    case 'number': {
      const number = Number(text);
      if (text === '' || !Number.isFinite(number)) return wrong('a number');
      if (number < 0) return wrong('a number of zero or more');
      return number;
    }
    case 'bytes': {
      const match = /^(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?$/i.exec(text);
      if (!match) return wrong('a size such as 64mb or 1gb');
      return Math.floor(Number(match[1]) * 1024 ** ('kmgt'.indexOf(match[2]!.toLowerCase()) + 1));
    }
    case 'duration': {
      const match = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|nanos|micros)?$/.exec(text);
      if (!match) return wrong('a duration such as 3s');
      const unit =
        { ms: 0.001, s: 1, m: 60, h: 3600, d: 86400, nanos: 1e-9, micros: 1e-6 }[match[2] ?? 's'] ?? 1;
      return Number(match[1]) * unit;
    }
    case 'ports': {
      const match = /^(\d+)(?:\s*-\s*(\d+))?$/.exec(text);
      if (!match) return wrong('a port such as 9600, or a range such as 9600-9700');
      const [from, to] = [Number(match[1]), Number(match[2] ?? match[1])];
      if (from > to || to > 65535) return wrong('a port up to 65535, or a range from low to high');
      return [from, to];
    }
    case 'password':
      return new Secret(text);
    default:
      if (setting.oneOf && !setting.oneOf.includes(text)) return wrong(`one of ${setting.oneOf.join(', ')}`);
      return text;
  }
}

export interface ReadSettings {
  readonly values: SettingValues;
  readonly warnings: string[];
}

/** Reads `path.settings/logstash.yml` if there is one. @throws SettingError with file and line */
export function readSettingsFile(directory: string, variables: Variables): ReadSettings {
  const file = join(directory, 'logstash.yml');
  if (!existsSync(file)) return { values: {}, warnings: [] };
  const { map, line } = readYaml(file);
  const read: ReadSettings = { values: {}, warnings: [] };
  if (map) takeSettings(map, '', file, line, variables, read, false);
  return read;
}

/** One entry of pipelines.yml. */
export interface PipelineEntry {
  readonly values: SettingValues;
  /** `pipelines.yml:LINE`. */
  readonly at: string;
}

/**
 * Reads `path.settings/pipelines.yml`, or `text` in its place; undefined if there is none.
 * @throws SettingError with file and line
 */
export function readPipelinesFile(
  directory: string,
  variables: Variables,
  warnings: string[],
  text?: string,
): PipelineEntry[] | undefined {
  const file = join(directory, 'pipelines.yml');
  if (text === undefined && !existsSync(file)) return undefined;
  const { items, line } = readYaml(file, text);
  if (!items) throw new SettingError(file, 'expected a list of pipelines: "- pipeline.id: main"');
  const seen = new Map<string, string>();
  return items.map((item) => {
    const at = `${file}:${line(item)}`;
    if (!isMap(item))
      throw new SettingError(at, 'expected the settings of a pipeline: "- pipeline.id: main"');
    const read: ReadSettings = { values: {}, warnings };
    takeSettings(item as YAMLMap, '', file, line, variables, read, true);
    const id = read.values['pipeline.id'];
    if (typeof id !== 'string') throw new SettingError(at, 'this pipeline has no pipeline.id');
    const other = seen.get(id);
    if (other) throw new SettingError(at, `pipeline.id ${id} is used twice, first at ${other}`);
    seen.set(id, at);
    if (read.values['path.config'] === undefined && read.values['config.string'] === undefined) {
      throw new SettingError(at, `pipeline ${id} has neither path.config nor config.string`);
    }
    return { values: read.values, at };
  });
}

interface Yaml {
  readonly map: YAMLMap | undefined;
  readonly items: Node[] | undefined;
  readonly line: (node: Node) => number;
}

function readYaml(file: string, text = readFileSync(file, 'utf8')): Yaml {
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter, prettyErrors: false });
  const problem = document.errors[0];
  if (problem) {
    const { line, col } = counter.linePos(problem.pos[0]);
    throw new SettingError(`${file}:${line}:${col}`, `this is not YAML: ${problem.message}`);
  }
  const { contents } = document;
  return {
    map: isMap(contents) ? (contents as YAMLMap) : undefined,
    items: contents && 'items' in contents && !isMap(contents) ? (contents.items as Node[]) : undefined,
    line: (node) => counter.linePos(node.range?.[0] ?? 0).line,
  };
}

function takeSettings(
  map: YAMLMap,
  prefix: string,
  file: string,
  line: (node: Node) => number,
  variables: Variables,
  read: ReadSettings,
  perPipeline: boolean,
): void {
  for (const pair of map.items) {
    const key = pair.key as Node;
    const name = `${prefix}${String(isScalar(key) ? key.value : key)}`;
    const value = pair.value as Node | null;
    const at = `${file}:${line(key)}`;
    if (isMap(value)) {
      takeSettings(value as YAMLMap, `${name}.`, file, line, variables, read, perPipeline);
      continue;
    }
    if (value === null || (isScalar(value) && value.value === null)) continue;
    if (!isSettingName(name)) {
      if (ignoredFamilies.some((family) => name.startsWith(family))) {
        read.warnings.push(`${at}: ${name} has no effect here`);
        continue;
      }
      const near = suggest(name, Object.keys(table));
      throw new SettingError(at, `there is no setting ${name}${near ? `; did you mean ${near}?` : ''}`);
    }
    const setting = table[name]!;
    if (perPipeline && !setting.perPipeline && name !== 'path.config') {
      throw new SettingError(at, `${name} can not be set for one pipeline: it belongs into logstash.yml`);
    }
    if (setting.ignored) read.warnings.push(`${at}: ${name} has no effect: ${setting.ignored}`);
    const raw = isScalar(value) ? value.value : value.toString();
    try {
      const text = name === 'config.string' ? String(raw) : replaceVariables(String(raw), variables).value;
      read.values[name] = convertSetting(name, text, at);
    } catch (error) {
      if (error instanceof VariableError) throw new SettingError(at, error.message);
      throw error;
    }
  }
}

/** The value of a setting: the first of `layers` that has it, otherwise its default. */
export function settingOf<T>(name: SettingName, ...layers: SettingValues[]): T {
  for (const layer of layers) if (layer[name] !== undefined) return layer[name] as T;
  return table[name]!.default as T;
}
