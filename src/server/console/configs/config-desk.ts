/** Reads, checks, writes and rolls back the files of a running Millrace's config. */
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { readTestFile } from '../../../engine/config-tests/read-test-file.ts';
import type { Diagnostic } from '../../../kernel/diagnostic.ts';
import type { Applied, Finding } from '../../contract/configs.ts';
import { ConsoleError, notThere } from '../call.ts';
import type { ConfigHost, HostConfiguration, ReloadReport } from './config-host.ts';
import { checkCustomFile } from './custom-files.ts';
import { customFolderOf, hashOf, idOf, type KnownFile, knownFiles, readText } from './known-files.ts';
import { type NewVersion, Versions } from './versions.ts';
import { deleteFile, writeFile } from './write-file.ts';

export interface Edit {
  readonly id: string;
  readonly text: string;
}

export interface Application {
  readonly text: string;
  readonly base: string;
  readonly comment: string;
  readonly rollback?: number | undefined;
  readonly user: string;
}

/** What stands in the place of a file that goes away. */
const GONE = undefined;

export class ConfigDesk {
  readonly host: ConfigHost;
  readonly versions: Versions;
  /** One change behind the other. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(host: ConfigHost) {
    this.host = host;
    this.versions = new Versions(host.dataPath);
  }

  async files(configuration?: HostConfiguration): Promise<KnownFile[]> {
    const { pipelines } = configuration ?? (await this.host.read());
    return knownFiles(this.host, pipelines);
  }

  /** @throws ConsoleError 404 */
  async file(id: string): Promise<KnownFile> {
    const found = (await this.files()).find((file) => file.id === id);
    if (!found) throw notThere('this file');
    return found;
  }

  /** @throws ConsoleError 409 where it is no text */
  textOf({ real, path }: KnownFile): string {
    const text = readText(real);
    if (text === undefined) throw new ConsoleError(409, 'no_text', `${path} can not be read as UTF-8 text`);
    return text;
  }

  /** Texts by absolute path, of files that are known. @throws ConsoleError 404 */
  async overlay(edits: readonly Edit[], files?: readonly KnownFile[]): Promise<Map<string, string>> {
    const known = files ?? (await this.files());
    return new Map(
      edits.map(({ id, text }) => {
        const file = known.find((each) => each.id === id);
        if (!file) throw notThere('this file');
        return [file.path, text];
      }),
    );
  }

  /** What is wrong with everything if files held these texts. */
  async check(texts: ReadonlyMap<string, string>): Promise<{
    configuration: HostConfiguration;
    findings: Finding[];
  }> {
    const configuration = await this.host.read(texts);
    const diagnostics = [...configuration.diagnostics, ...problemOf(configuration)];
    for (const [path, text] of texts) diagnostics.push(...this.#ownCheck(path, text));
    const order = { error: 0, warning: 1, lint: 2 };
    const findings = diagnostics.map(findingOf).sort((a, b) => order[a.severity] - order[b.severity]);
    return { configuration, findings };
  }

  #isConfig(path: string): boolean {
    return path.endsWith('/pipelines.yml') || !(this.#isCustom(path) || /\.(?:ya?ml|json)$/.test(path));
  }

  #isCustom(path: string): boolean {
    return dirname(path) === customFolderOf(this.host);
  }

  /** Of files that are no configs. */
  #ownCheck(path: string, text: string): Diagnostic[] {
    if (this.#isCustom(path))
      return checkCustomFile(path.slice(path.lastIndexOf('/') + 1), text).map((each) => ({
        ...each,
        file: path,
      }));
    if (!this.#isConfig(path)) return [...readTestFile(path, text).diagnostics];
    return [];
  }

  /** Writes a file if it has no errors, and reloads; what does not start is taken back. */
  apply(id: string, change: Application): Promise<Applied> {
    return this.#alone(async () => {
      const file = await this.file(id);
      if (file.readOnly !== undefined)
        throw new ConsoleError(409, 'read_only', `${file.name} can not be changed here: ${file.readOnly}`);
      const before = file.secret ? '' : this.textOf(file);
      if (!file.secret && hashOf(before) !== change.base)
        throw new ConsoleError(409, 'changed', `${file.name} was changed meanwhile by somebody else`, {
          hint: 'Look at what changed under Versions, or load it again: your edit is lost then.',
        });
      const { text, comment, rollback, user } = change;
      return this.#change(file.path, file.real, before, text, {
        user,
        comment,
        action: rollback === undefined ? 'apply' : 'roll back',
        keep: !file.secret,
        uses: file.usedBy?.map((each) => each.file) ?? [],
      });
    });
  }

  /** Makes a file that is not there. @throws ConsoleError where one is */
  create(path: string, text: string | Buffer, about: { user: string; comment: string }): Promise<Applied> {
    return this.#alone(async () => {
      if (existsSync(path)) throw new ConsoleError(409, 'exists', `there is already a file ${path}`);
      if (typeof text !== 'string') {
        writeFile(path, text);
        return done(path, hashOf(''));
      }
      return this.#change(path, path, GONE, text, { ...about, action: 'apply', keep: true, uses: [] });
    });
  }

  remove(id: string, user: string): Promise<Applied> {
    return this.#alone(async () => {
      const file = await this.file(id);
      if (file.readOnly !== undefined)
        throw new ConsoleError(409, 'read_only', `${file.name} can not be deleted here: ${file.readOnly}`);
      if (file.kind === 'pipelines')
        throw new ConsoleError(
          409,
          'read_only',
          'pipelines.yml can not be deleted: remove pipelines from it',
        );
      if (file.secret) {
        deleteFile(file.real);
        return done(file.path, hashOf(''));
      }
      return this.#change(file.path, file.real, this.textOf(file), GONE, {
        user,
        comment: '',
        action: 'delete',
        keep: true,
        uses: [],
      });
    });
  }

  /** Several files at once, such as a new pipeline and its entry in pipelines.yml. */
  createPipeline(
    id: string,
    path: string,
    text: string,
    about: { user: string; comment: string },
  ): Promise<Applied> {
    return this.#alone(async () => {
      const list = join(this.host.settingsFolder!, 'pipelines.yml');
      const { pipelines } = await this.host.read();
      if (pipelines.some((each) => each.id === id))
        throw new ConsoleError(409, 'exists', `there is already a pipeline ${id}`);
      if (existsSync(path)) throw new ConsoleError(409, 'exists', `there is already a file ${path}`);
      const before = readText(list);
      const entry = `- pipeline.id: ${id}\n  path.config: ${JSON.stringify(path)}\n`;
      const after = `${before === undefined || before.endsWith('\n') || before === '' ? (before ?? '') : `${before}\n`}${entry}`;
      const { findings, refused } = await this.#tryOut(
        new Map([
          [path, text],
          [list, after],
        ]),
        path,
      );
      if (refused) return refused;
      writeFile(path, text);
      const applied = await this.#change(list, list, before, after, {
        user: about.user,
        comment: about.comment === '' ? `New pipeline ${id}` : about.comment,
        action: 'apply',
        keep: true,
        uses: [],
      });
      if (applied.outcome !== 'applied') {
        deleteFile(path);
        return { ...applied, id: idOf(path) };
      }
      this.versions.add(idOf(path), path, text, { ...about, action: 'apply', outcome: 'running' });
      return { ...applied, findings, id: idOf(path), hash: hashOf(text) };
    });
  }

  async #tryOut(
    texts: ReadonlyMap<string, string>,
    path: string,
  ): Promise<{ findings: Finding[]; refused: Applied | undefined }> {
    const all = (await this.check(texts)).findings;
    // What is wrong elsewhere does not matter to a file that is no config.
    const findings = this.#isConfig(path) ? all : all.filter(({ file }) => file === idOf(path));
    const errors = findings.filter(({ severity }) => severity === 'error');
    const hash = hashOf(readText(path) ?? '');
    return {
      findings,
      refused:
        errors.length > 0
          ? { outcome: 'refused', pipelines: [], findings: errors, hash, id: idOf(path) }
          : undefined,
    };
  }

  async #change(
    path: string,
    real: string,
    before: string | undefined,
    after: string | undefined,
    about: Pick<NewVersion, 'user' | 'comment' | 'action'> & { keep: boolean; uses: readonly string[] },
  ): Promise<Applied> {
    const id = idOf(path);
    const { user, comment, action, keep } = about;
    const { findings, refused } =
      after === undefined
        ? { findings: [], refused: undefined }
        : await this.#tryOut(new Map([[path, after]]), path);
    if (refused) return refused;
    const ran = this.host.running();
    if (keep && before !== undefined) this.versions.keepFound(id, path, before);
    if (after === undefined) deleteFile(real);
    else writeFile(real, after);
    const users = await this.#users(path);
    const report = this.#isConfig(path) || users.size > 0 ? await this.host.reload(users) : { pipelines: [] };
    const error = await this.#whyNot(report, path, ran);
    if (error === undefined) {
      const version = keep
        ? this.versions.add(id, path, after ?? before ?? '', { user, comment, action, outcome: 'running' })
        : undefined;
      return {
        ...done(path, hashOf(after ?? '')),
        pipelines: changedOf(report),
        findings,
        ...(version !== undefined && { version }),
      };
    }
    if (before === undefined) deleteFile(real);
    else writeFile(real, before);
    await this.host.reload();
    if (keep) this.versions.add(id, path, after ?? '', { user, comment, action, outcome: 'refused', error });
    return {
      outcome: 'failed',
      pipelines: changedOf(report),
      findings,
      error,
      hash: hashOf(before ?? ''),
      id,
    };
  }

  /** Why what was written can not stay: a pipeline of it, or one that ran, does not start with it. */
  async #whyNot(report: ReloadReport, path: string, ran: ReadonlySet<string>): Promise<string | undefined> {
    if (report.error !== undefined) return report.error;
    const failed = report.pipelines.filter(({ outcome }) => outcome === 'failed');
    if (failed.length === 0) return undefined;
    const { pipelines } = await this.host.read();
    const isList = path.endsWith('/pipelines.yml');
    const worse = failed.filter(({ id }) => {
      const own = pipelines.find((each) => each.id === id);
      return ran.has(id) || isList || own?.sources.some(({ file }) => resolve(file) === path);
    });
    return worse.length === 0
      ? undefined
      : worse.map(({ id, error }) => `pipeline ${id}: ${error ?? 'it does not start'}`).join('\n');
  }

  /** Pipelines whose config names a custom file: it is read when they start. */
  async #users(path: string): Promise<Set<string>> {
    if (!this.#isCustom(path)) return new Set();
    const { pipelines } = await this.host.read();
    return new Set(
      pipelines.filter(({ sources }) => sources.some(({ text }) => text.includes(path))).map(({ id }) => id),
    );
  }

  #alone<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => {});
    return result;
  }
}

const done = (path: string, hash: string): Applied => ({
  outcome: 'applied',
  pipelines: [],
  findings: [],
  hash,
  id: idOf(path),
});

const changedOf = ({ pipelines }: ReloadReport): Applied['pipelines'] =>
  pipelines
    .filter(({ outcome }) => outcome !== 'unchanged')
    .map(({ id, outcome, error }) => ({ id, outcome, ...(error !== undefined && { error }) }));

/** A setting that can not be used, with its place: `FILE:LINE[:COLUMN]: message`. */
function problemOf({ problem }: HostConfiguration): Diagnostic[] {
  if (problem === undefined) return [];
  const [, file, line, column, message] = /^(.+?):(\d+)(?::(\d+))?: ([\s\S]*)$/.exec(problem) ?? [];
  if (file === undefined) return [{ file: '', line: 1, column: 1, severity: 'error', message: problem }];
  return [{ file, line: Number(line), column: Number(column ?? 1), severity: 'error', message: message! }];
}

export function findingOf({ file, line, column, length, ...rest }: Diagnostic): Finding {
  const isFile = file !== '' && !file.startsWith('<');
  const { severity, message, expected, found, hint } = rest;
  return {
    ...(isFile && { file: idOf(resolve(file)) }),
    name: file.slice(file.lastIndexOf('/') + 1),
    line,
    column,
    length: length ?? 1,
    severity,
    message,
    ...(expected !== undefined && { expected }),
    ...(found !== undefined && { found }),
    ...(hint !== undefined && { hint }),
  };
}
