/** `millrace test`: runs config tests once, or whenever a file changes. */
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parse } from 'yaml';
import { type ConfigTestReport, type ConfigTestSpec, runConfigTests } from '../engine/config-tests/run.ts';
import { updatedFile } from '../engine/config-tests/update.ts';
import { useEscapeStyle } from '../event/field-reference.ts';
import { MillraceError } from '../kernel/errors.ts';
import { registry } from '../plugins/registry.ts';
import { definePipelines, pipelineSettings, processSettings } from './configuration.ts';
import { help, parseTestArguments, type TestArguments } from './test-arguments.ts';
import { findTestFiles } from './test-files.ts';
import { junitReport, textReport } from './test-report.ts';
import { watchFiles } from './test-watch.ts';

export { help };

/** Resolves to the exit status. @throws MillraceError ERR_USAGE, ERR_IO, ERR_SETTING */
export async function testCommand(argv: readonly string[]): Promise<number> {
  const given = parseTestArguments(argv);
  if (!given) {
    process.stdout.write(help);
    return 0;
  }
  if (given.watch) return watch(given);
  return runOnce(given);
}

async function runOnce(given: TestArguments): Promise<number> {
  const spec = await specOf(given);
  if (spec.files.length === 0) throw noTests(given);
  let report = await runConfigTests(spec, registry);
  if (given.filter !== undefined && report.files.length === 0)
    throw new MillraceError('ERR_USAGE', `no test has "${given.filter}" in its name or file`);
  let updated = 0;
  if (given.update && report.failed > 0) {
    updated = update(spec, report);
    if (updated > 0) report = await runConfigTests(await specOf(given), registry);
  }
  if (given.junit !== undefined) writeFileSync(given.junit, junitReport(report));
  if (given.json) process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`);
  else {
    process.stdout.write(textReport(report, styleOf(given)));
    if (updated > 0) process.stdout.write(`${updated} ${updated === 1 ? 'test' : 'tests'} updated\n`);
  }
  return report.failed + report.broken > 0 ? 1 : 0;
}

const noTests = ({ paths }: TestArguments): MillraceError =>
  new MillraceError(
    'ERR_USAGE',
    `there are no tests in ${paths.length > 0 ? paths.join(', ') : 'this folder'}: a test file is YAML or JSON with the key "tests". See "millrace test --help".`,
  );

const styleOf = ({ color, verbose }: TestArguments): { color: boolean; verbose: boolean } => ({
  verbose,
  color: color ?? (process.stdout.isTTY === true && !process.env['NO_COLOR']),
});

async function specOf(given: TestArguments): Promise<ConfigTestSpec> {
  const settings = await processSettings(
    given.settings === undefined ? {} : { 'path.settings': given.settings },
  );
  useEscapeStyle(settings.get('config.field_reference.escape_style'));
  const configs = given.configs.map((path) => resolve(path));
  const loaded = { sources: [], diagnostics: [] };
  return {
    files: findTestFiles(given.paths.length > 0 ? given.paths : ['.']),
    settings: pipelineSettings({ id: 'main', values: {}, loaded }, settings).all,
    pipelines: async () => {
      if (settings.directory === undefined) return [];
      const definitions = await definePipelines(settings, []).catch((error: MillraceError) => {
        // No pipelines.yml there.
        if (error.code === 'ERR_USAGE') return [];
        throw error;
      });
      return definitions.map((definition) => ({
        id: definition.id,
        sources: definition.loaded.sources,
        problems: definition.loaded.diagnostics,
        settings: pipelineSettings(definition, settings).all,
      }));
    },
    variables: settings.variables,
    defaults: {
      ...(configs.length > 0 && { paths: configs }),
      ...(given.pipeline !== undefined && { pipeline: given.pipeline }),
      ...(given.mocks !== undefined && { mocks: readMocks(given.mocks) }),
    },
    ...(given.filter !== undefined && { filter: given.filter }),
  };
}

/** A list of `id` and `mock`. @throws MillraceError ERR_USAGE */
function readMocks(file: string): Record<string, string> {
  const wrong = (message: string): MillraceError => new MillraceError('ERR_USAGE', `${file}: ${message}`);
  let listed: unknown;
  try {
    listed = parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw wrong((error as Error).message);
  }
  if (!Array.isArray(listed)) throw wrong('expected a list of mocks: "- id: ID" with "mock: FILTERS"');
  return Object.fromEntries(
    listed.map((each: { id?: unknown; mock?: unknown } | null) => {
      if (typeof each?.id !== 'string') throw wrong('a mock has no id');
      return [each.id, typeof each.mock === 'string' ? each.mock : ''];
    }),
  );
}

/** Writes what came out of failed tests into their files. Returns how many tests that were. */
function update(spec: ConfigTestSpec, report: ConfigTestReport): number {
  let count = 0;
  for (const { file, tests } of report.files) {
    const failed = tests.filter(({ status }) => status === 'failed');
    if (failed.length === 0) continue;
    const text = spec.files.find((each) => each.file === file)?.text ?? readFileSync(file, 'utf8');
    const updated = updatedFile(file, text, failed, spec.defaults);
    count += updated.count;
    if (updated.count > 0) writeFileSync(file, updated.text);
  }
  return count;
}

/** Runs now and after every change, until a signal. */
async function watch(given: TestArguments): Promise<number> {
  const style = styleOf(given);
  /** Files that configs were read from at last. */
  let configs: readonly string[] = given.configs;
  const run = async (): Promise<string[]> => {
    try {
      const spec = await specOf(given);
      const report = await runConfigTests(spec, registry);
      configs = [...given.configs, ...report.configs];
      if (given.junit !== undefined) writeFileSync(given.junit, junitReport(report));
      process.stdout.write(`${style.color ? '\x1bc' : ''}${textReport(report, style)}`);
    } catch (error) {
      if (!(error instanceof MillraceError)) throw error;
      process.stderr.write(`millrace: ${error.message}\n`);
    }
    process.stdout.write('waiting for changes, Ctrl-C ends\n');
    const tests = given.paths.length > 0 ? given.paths : ['.'];
    return [...tests, ...configs, ...(given.settings === undefined ? [] : [given.settings])];
  };
  return watchFiles(run);
}
