/** A sample and what comes of it, as a config test in a file. */
import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isSeq, parseDocument } from 'yaml';
import { updatedFile } from '../../../engine/config-tests/update.ts';
import type { Sample } from '../../contract/configs.ts';
import { ConsoleError } from '../call.ts';
import type { ConfigDesk, Edit } from './config-desk.ts';
import { hashOf, idOf } from './known-files.ts';
import { given, type Trials } from './trials.ts';

export interface TestToSave {
  readonly pipeline: string;
  readonly edits: readonly Edit[];
  readonly sample: Sample;
  readonly name: string;
  readonly file?: string | undefined;
}

/** Adds a test to a file, or makes one beside the config. Its expectation is what comes out now. */
export async function saveTest(
  desk: ConfigDesk,
  trials: Trials,
  { pipeline, edits, sample, name, file }: TestToSave,
  user: string,
  signal: AbortSignal,
): Promise<{ file: string; name: string; line: number }> {
  const { pipelines } = await desk.host.read();
  const own = pipelines.find(({ id }) => id === pipeline);
  const config = own?.sources.find((source) => !source.file.startsWith('<'));
  if (!own || !config)
    throw new ConsoleError(
      409,
      'no_file',
      `pipeline ${pipeline} is not read from a file that tests can stand beside`,
    );
  const known = file === undefined ? undefined : await desk.file(file);
  if (known && known.kind !== 'test') throw new ConsoleError(400, 'invalid', `${known.name} is no test file`);
  const path =
    known?.path ?? freePath(join(dirname(config.file), `${pipeline.replace(/[^\w.-]/g, '_')}.test.yml`));
  const before = known ? desk.textOf(known) : '';
  const added = withTest(before, path, own.path, config.file, name, sample);
  const texts = await desk.overlay(edits);
  const report = await trials.rawTests([{ file: path, text: added.text }], texts, signal);
  const [result] = report.files;
  const made = result?.tests.find(({ index }) => index === added.index);
  if (!result || result.errors.length > 0 || !made || made.status === 'broken')
    throw new ConsoleError(
      422,
      'trial',
      result?.errors[0] ?? made?.error ?? 'the sample can not be made a test',
    );
  const { text } = made.status === 'failed' ? updatedFile(path, added.text, [made]) : { text: added.text };
  const about = { user, comment: `Test ${JSON.stringify(name)}` };
  const applied = known
    ? await desk.apply(known.id, { ...about, text, base: hashOf(before) })
    : await desk.create(path, text, about);
  if (applied.outcome !== 'applied')
    throw new ConsoleError(
      422,
      'trial',
      applied.error ?? applied.findings[0]?.message ?? 'it was not written',
    );
  return { file: idOf(path), name: basename(path), line: made.line };
}

/** The test at the end of the list, with an expectation that is to be filled in. */
function withTest(
  before: string,
  path: string,
  configPath: string | undefined,
  configFile: string,
  name: string,
  sample: Sample,
): { text: string; index: number } {
  const document = parseDocument(before, { intAsBigInt: true });
  if (document.errors.length > 0)
    throw new ConsoleError(409, 'invalid', `${basename(path)} is not YAML: mend it first`);
  const { lines, events, input, codec } = given(sample);
  const test = {
    name,
    now: new Date().toISOString(),
    ...(lines && { lines: [...lines] }),
    ...(events && { events }),
    ...(input !== undefined && { input }),
    ...(codec !== undefined && { codec }),
    expect: [{ event: {} }],
  };
  if (before.trim() === '') {
    const folder = dirname(path);
    const config = configPath?.startsWith(`${folder}/`)
      ? configPath.slice(folder.length + 1)
      : basename(configFile);
    document.contents = document.createNode({ config, tests: [test] }) as never;
    return { text: document.toString({ lineWidth: 0 }), index: 0 };
  }
  const tests = document.get('tests');
  if (!isSeq(tests)) throw new ConsoleError(409, 'invalid', `${basename(path)} has no list of tests`);
  const index = tests.items.length;
  document.addIn(['tests'], document.createNode(test));
  return { text: document.toString({ lineWidth: 0 }), index };
}

/** A name that no file has. */
function freePath(wanted: string): string {
  if (!existsSync(wanted)) return wanted;
  for (let number = 2; ; number++) {
    const path = wanted.replace(/\.test\.yml$/, `-${number}.test.yml`);
    if (!existsSync(path)) return path;
  }
}
