/** Reads a test file: Millrace's format, or that of logstash-filter-verifier, told apart by their keys. */
import { dirname, resolve } from 'node:path';
import { coerceTimestamp, millisOf } from '../../event/timestamp.ts';
import type { Diagnostic } from '../../kernel/diagnostic.ts';
import { readExpected } from './read-expected.ts';
import { caseOf } from './read-verifier.ts';
import type { Given, Subject, TestCase, TestFile } from './test-file.ts';
import { type YamlEntry, YamlReader } from './yaml-reader.ts';

/** What a test file leaves open. */
export interface Defaults {
  /** Absolute. */
  readonly paths?: readonly string[];
  readonly pipeline?: string;
  readonly mocks?: Readonly<Record<string, string>>;
}

export interface ReadTestFile {
  /** Undefined where something is an error. */
  readonly test: TestFile | undefined;
  readonly diagnostics: readonly Diagnostic[];
  readonly reader: YamlReader;
}

/** May stand in the file, for all of its tests, and in a test. */
const SHARED = [
  'config',
  'pipeline',
  'block',
  'mocks',
  'settings',
  'environment',
  'keystore',
  'now',
  'timezone',
  'ignore',
  'input',
  'codec',
  'fields',
  'source',
] as const;
const FILE_KEYS = ['name', ...SHARED, 'tests'];
const CASE_KEYS = [
  'name',
  'skip',
  'lines',
  'events',
  'expect',
  'every',
  'count',
  'dropped',
  'outputs',
  'any_order',
  'follow',
  ...SHARED,
];
const VERIFIER_KEYS = [
  'codec',
  'fields',
  'ignore',
  'testcases',
  'input',
  'expected',
  'input_plugin',
  'export_metadata',
  'export_outputs',
  'description',
  // Ours: what the verifier takes from its command line.
  'config',
  'pipeline',
  'now',
  'timezone',
  'environment',
  'settings',
  'mocks',
];

type Entries = ReadonlyMap<string, YamlEntry>;

/** What a test starts from: the file's part, or the empty one. */
export interface Base {
  readonly subject: Omit<Subject, 'position'>;
  readonly now: number | undefined;
  readonly timezone: string;
  readonly ignore: readonly string[];
  readonly given: Given;
}

/**
 * Reads a test file.
 * @param file its path; configs are found from its folder
 */
export function readTestFile(file: string, text: string, defaults: Defaults = {}): ReadTestFile {
  const reader = new YamlReader(file, text);
  const cases = reader.diagnostics.length > 0 ? [] : readCases(reader, file, defaults);
  const broken = reader.diagnostics.length > 0;
  const format = isVerifier(reader) ? 'verifier' : 'millrace';
  return {
    test: broken ? undefined : { file, format, cases },
    diagnostics: reader.diagnostics,
    reader,
  };
}

/** Does a file's text look like tests? For the search in folders. */
export const looksLikeTests = (text: string): boolean =>
  /^(?:tests|testcases)\s*:/m.test(text) || /^\s*"tests"\s*:\s*\[|"testcases"\s*:\s*\[/m.test(text);

function isVerifier(reader: YamlReader): boolean {
  const root = reader.root;
  if (!root || !reader.isMap(root)) return false;
  const has = (name: string): boolean => reader.document.has(name);
  return has('testcases') || (!has('tests') && has('input') && has('expected'));
}

function readCases(reader: YamlReader, file: string, defaults: Defaults): TestCase[] {
  const { root } = reader;
  if (!reader.isMap(root)) {
    reader.report(root, 'a test file is a map with the key `tests`', {
      expected: '`config: FILE` and `tests:` with a list',
      hint: 'see docs/guides/test-your-config.md',
    });
    return [];
  }
  const verifier = isVerifier(reader);
  const entries = reader.map(root, 'a test file', verifier ? VERIFIER_KEYS : FILE_KEYS);
  if (!entries) return [];
  const base = readBase(reader, entries, file, emptyBase(defaults, verifier), verifier);
  if (verifier) return verifierCases(reader, entries, base);
  const tests = entries.get('tests');
  if (!tests || reader.list(tests.value).length === 0) {
    reader.report(tests?.key ?? root, 'this file has no tests', {
      expected: '`tests:` with a list of tests',
      hint: 'a test has `lines` or `events` that go in, and `expect` with what comes out',
    });
    return [];
  }
  return reader.list(tests.value).flatMap((node, index) => {
    const own = reader.map(node, 'a test', CASE_KEYS);
    if (!own) return [];
    const merged = readBase(reader, own, file, base, false);
    const lines = own.get('lines');
    const events = own.get('events');
    if (!lines && !events && Object.keys(merged.given.fields).length === 0)
      reader.report(node, 'nothing goes into this test', {
        expected: '`lines` (raw records) or `events` (fields)',
      });
    const name = own.get('name');
    const expected = readExpected(reader, node, own);
    if (!expected) return [];
    const read: TestCase = {
      name: (name && reader.text(name.value, '`name`')) ?? `test ${index + 1}`,
      position: reader.position(node),
      subject: { ...merged.subject, position: reader.position(subjectNode(own, entries) ?? node) },
      given: {
        ...merged.given,
        lines: lines ? readLines(reader, lines) : [],
        events: events ? reader.fieldsList(events.value, 'an event of `events`') : [],
      },
      now: merged.now,
      timezone: merged.timezone,
      ignore: merged.ignore,
      expected,
      index,
      skip: own.has('skip') && reader.flag(own.get('skip')!.value, '`skip`') === true,
    };
    return [read];
  });
}

function verifierCases(reader: YamlReader, entries: Entries, base: Base): TestCase[] {
  const listed = reader.list(entries.get('testcases')?.value);
  const subject = {
    ...base.subject,
    position: reader.position(subjectNode(entries, entries) ?? reader.root),
  };
  const cases = listed.flatMap((node, index) => caseOf(reader, entries, base, subject, node, index) ?? []);
  // The oldest form: one case, at the top.
  if (entries.has('input') || entries.has('expected')) {
    const top = caseOf(reader, entries, base, subject, reader.root, listed.length);
    if (top) cases.push(top);
  }
  if (cases.length === 0 && reader.diagnostics.length === 0)
    reader.report(entries.get('testcases')?.key, 'this file has no tests', {
      expected: '`testcases` with a list',
    });
  return cases;
}

/** Where a file says what is tested. */
const subjectNode = (own: Entries, file: Entries): YamlEntry['key'] | undefined =>
  ['config', 'pipeline', 'block']
    .flatMap((name) => own.get(name)?.value ?? file.get(name)?.value ?? [])
    .find((node) => node !== undefined);

function emptyBase(defaults: Defaults, verifier: boolean): Base {
  return {
    subject: {
      ...(defaults.paths && { paths: defaults.paths }),
      ...(defaults.pipeline !== undefined && { pipeline: defaults.pipeline }),
      mocks: defaults.mocks ?? {},
      settings: {},
      environment: {},
      keystore: {},
    },
    now: undefined,
    timezone: 'UTC',
    ignore: verifier ? ['@version'] : [],
    given: { lines: [], events: [], fields: {}, source: {}, codecOnly: verifier },
  };
}

/** The shared keys of a file or of a test, over what stood outside of it. */
function readBase(reader: YamlReader, entries: Entries, file: string, outer: Base, verifier: boolean): Base {
  const value = (name: string) => entries.get(name)?.value;
  const text = (name: string): string | undefined =>
    entries.has(name) ? reader.text(value(name), `\`${name}\``) : undefined;
  const fields = entries.has('fields') ? reader.fields(value('fields'), '`fields`') : undefined;
  const codec = text('codec');
  const input = verifier ? text('input_plugin') : text('input');
  const inputNode = value(verifier ? 'input_plugin' : 'input');
  return {
    subject: readSubject(reader, entries, file, outer.subject),
    now: entries.has('now') ? readTime(reader, entries.get('now')!) : outer.now,
    timezone: readTimezone(reader, entries) ?? outer.timezone,
    ignore: entries.has('ignore')
      ? [...outer.ignore, ...reader.texts(value('ignore'), '`ignore`')]
      : outer.ignore,
    given: {
      ...outer.given,
      fields: { ...outer.given.fields, ...fields },
      source: entries.has('source')
        ? { ...outer.given.source, ...reader.fields(value('source'), '`source`') }
        : outer.given.source,
      ...(codec !== undefined && { codec: { text: codec, position: reader.position(value('codec')) } }),
      ...(input !== undefined && { input: { name: input, position: reader.position(inputNode) } }),
    },
  };
}

function readSubject(
  reader: YamlReader,
  entries: Entries,
  file: string,
  outer: Base['subject'],
): Base['subject'] {
  const subject: {
    -readonly [key in keyof Base['subject']]: Base['subject'][key];
  } = { ...outer };
  const config = entries.get('config');
  const pipeline = entries.get('pipeline');
  if (config && pipeline)
    reader.report(pipeline.key, '`config` and `pipeline` exclude each other', { hint: 'remove one of them' });
  if (config || pipeline) {
    delete subject.paths;
    delete subject.inline;
    delete subject.pipeline;
  }
  if (config) {
    const texts = reader.texts(config.value, '`config`');
    // Paths have no braces, configs do.
    if (texts.length === 1 && texts[0]!.includes('{')) {
      const { line } = reader.position(config.value);
      subject.inline = { text: texts[0]!, line: reader.isBlock(config.value) ? line + 1 : line };
    } else subject.paths = texts.map((path) => resolve(dirname(file), path));
  }
  if (pipeline) {
    const id = reader.text(pipeline.value, '`pipeline`');
    if (id !== undefined) subject.pipeline = id;
  }
  const block = entries.get('block');
  if (block) {
    const name = reader.text(block.value, '`block`');
    if (name !== undefined) subject.block = name;
  }
  for (const name of ['mocks', 'settings', 'environment', 'keystore'] as const) {
    const entry = entries.get(name);
    if (entry) subject[name] = { ...outer[name], ...reader.textMap(entry.value, `\`${name}\``) };
  }
  return subject;
}

function readTime(reader: YamlReader, { value }: YamlEntry): number | undefined {
  const text = reader.text(value, '`now`');
  if (text === undefined) return undefined;
  const time = coerceTimestamp(text);
  if (time !== undefined) return millisOf(time);
  reader.report(value, '`now` is a time', { expected: 'ISO 8601, such as 2026-03-05T10:00:00Z' });
  return undefined;
}

function readTimezone(reader: YamlReader, entries: Entries): string | undefined {
  const entry = entries.get('timezone');
  if (!entry) return undefined;
  const zone = reader.text(entry.value, '`timezone`');
  if (zone === undefined) return undefined;
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return zone;
  } catch {
    reader.report(entry.value, `there is no time zone ${zone}`, {
      expected: 'a name such as Europe/Helsinki',
    });
    return undefined;
  }
}

/** A text is cut into its lines; elements of a list stay whole. */
function readLines(reader: YamlReader, { value }: YamlEntry): string[] {
  if (reader.isList(value)) return reader.texts(value, '`lines`');
  const text = reader.text(value, '`lines`');
  if (text === undefined) return [];
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  return lines;
}
