/** Configs in the console: files, checks, previews, application, versions, tests, custom files, secrets. */

import { statSync } from 'node:fs';
import { dirname, join, matchesGlob, resolve } from 'node:path';
import { MillraceError } from '../../kernel/errors.ts';
import { roles } from '../../kernel/roles.ts';
import { parseConfig } from '../../lang/parse.ts';
import type { Applied, configRoutes } from '../contract/configs.ts';

import { type AuditEntry, type Caller, ConsoleError, type HandlersOf, notThere } from './call.ts';
import { catalogueOf } from './configs/catalogue.ts';
import { ConfigDesk, findingOf } from './configs/config-desk.ts';
import type { ConfigHost, HostPipeline } from './configs/config-host.ts';
import { checkCustomFile, readFileList } from './configs/custom-files.ts';
import { customFolderOf, hashOf, idOf, type KnownFile, readText } from './configs/known-files.ts';
import { maskedText } from './configs/masked.ts';
import { newPowers } from './configs/powers.ts';
import { Samples } from './configs/samples.ts';
import { saveTest } from './configs/save-test.ts';
import { Trials } from './configs/trials.ts';
import { writeFile } from './configs/write-file.ts';

export interface ConfigHandlerOptions {
  readonly host: ConfigHost;
  audit(entry: AuditEntry): void;
}

const SECRET_NAME = /^[A-Za-z_.][A-Za-z0-9_.]{0,199}$/;
const PIPELINE_ID = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$/;

export interface ConfigArea {
  readonly handlers: HandlersOf<keyof typeof configRoutes>;
  close(): Promise<void>;
}

export function configHandlers({ host, audit }: ConfigHandlerOptions): ConfigArea {
  const desk = new ConfigDesk(host);
  const trials = new Trials(desk);
  const samples = new Samples(host.dataPath);
  let catalogue: ReturnType<typeof catalogueOf> | undefined;

  const note = (
    action: string,
    { caller, address }: { caller: Caller | undefined; address: string },
    details: Readonly<Record<string, unknown>>,
    outcome: AuditEntry['outcome'] = 'success',
  ): void => audit({ action, user: caller?.name, address, outcome, details });

  const noteApplied = (
    action: string,
    call: { caller: Caller | undefined; address: string },
    file: string,
    applied: Applied,
    more: Readonly<Record<string, unknown>> = {},
  ): Applied => {
    const { outcome, version, hash, error, pipelines } = applied;
    note(
      action,
      call,
      {
        file,
        result: outcome,
        sha256: hash,
        ...more,
        ...(version !== undefined && { version }),
        ...(error !== undefined && { error: error.slice(0, 1000) }),
        pipelines: pipelines.map(({ id, outcome: became }) => `${id}: ${became}`),
      },
      outcome === 'applied' ? 'success' : 'failure',
    );
    return applied;
  };

  /** Text for somebody: with asterisks for those who may not apply it. */
  const shown = async (caller: Caller, kind: KnownFile['kind'], text: string) => {
    const masked = !isOperator(caller);
    return { text: masked ? await maskedText(kind, text, host.registry) : text, masked };
  };

  /** @throws ConsoleError where an edit would do what only those may who could apply it */
  const mayTry = async (
    caller: Caller,
    edits: readonly { readonly id: string; readonly text: string }[],
    more: readonly string[] = [],
  ): Promise<void> => {
    if (isOperator(caller)) return;
    const { pipelines } = await host.read();
    const files = await desk.files();
    for (const { id } of edits)
      if (files.find((file) => file.id === id)?.kind === 'test')
        throw new ConsoleError(403, 'role', 'tests that are not saved run for operators only');
    const saved = pipelines.flatMap(({ sources }) => sources.map(({ text }) => text));
    const power = newPowers([...edits.map(({ text }) => text), ...more], saved, customFolderOf(host));
    if (power !== undefined)
      throw new ConsoleError(403, 'role', `this edit is tried out for operators only: ${power}`);
  };

  const secretNames = async () => {
    const names = await host.secrets.names();
    const { pipelines } = await host.read();
    return {
      names: names.map((name) => ({
        name,
        usedBy: pipelines
          .filter(({ sources }) =>
            sources.some(({ text }) => new RegExp(`\\$\\{${name.replace(/\./g, '\\.')}[:}]`, 'i').test(text)),
          )
          .map(({ id }) => id),
      })),
    };
  };

  const checkedSecretName = (name: string): string => {
    if (!SECRET_NAME.test(name))
      throw new ConsoleError(
        400,
        'invalid',
        'a name takes letters, digits, "_" and ".", and begins with no digit',
      );
    return name;
  };

  const handlers: HandlersOf<keyof typeof configRoutes> = {
    'GET /api/configs': async () => {
      const configuration = await host.read();
      const files = await desk.files(configuration);
      const { pipelines, problem, fromPipelinesFile } = configuration;
      return {
        files: files.map(({ real: _, ...file }) => ({
          ...file,
          ...(file.kind === 'custom' && { usedBy: usersOf(file, pipelines) }),
        })),
        pipelines: pipelines.map(({ id, path, sources }) => ({
          id,
          ...(path !== undefined && { path }),
          files: files.filter((file) => file.pipelines.includes(id)).map((file) => file.id),
          inputs: inputsOf(sources),
          takesFiles: path !== undefined && folderOf(path) !== undefined,
        })),
        takesPipelines: fromPipelinesFile,
        customFolder: customFolderOf(host),
        ...(problem !== undefined && { problem }),
      };
    },
    'GET /api/configs/files/:id': async ({ params, caller }) => {
      const file = await desk.file(params['id']!);
      if (file.secret) return { id: file.id, text: '', hash: '', masked: false, secret: true };
      const text = desk.textOf(file);
      return { id: file.id, hash: hashOf(text), secret: false, ...(await shown(caller!, file.kind, text)) };
    },
    'POST /api/configs/check': async ({ body: { edits }, caller }) => {
      const began = performance.now();
      await mayTry(caller!, edits);
      const { configuration, findings } = await desk.check(await desk.overlay(edits));
      const { problem } = configuration;
      return {
        findings,
        ...(problem !== undefined && { problem }),
        millis: performance.now() - began,
      };
    },
    'POST /api/configs/preview': async ({ body, caller, address, signal }) => {
      const { pipeline, edits, sample, now } = body;
      const codec = sample.codec === undefined ? [] : [`input { generator { codec => ${sample.codec} } }`];
      await mayTry(caller!, edits, codec);
      note('config.preview', { caller, address }, { pipeline, kind: sample.kind });
      return trials.preview(pipeline, edits, sample, now, signal);
    },
    'POST /api/configs/files/:id/apply': async ({ params, body, caller, address }) => {
      const id = params['id']!;
      const { path } = await desk.file(id);
      const applied = await desk.apply(id, { ...body, user: caller!.name });
      const { comment, rollback } = body;
      return noteApplied(
        rollback === undefined ? 'config.apply' : 'config.roll_back',
        { caller, address },
        path,
        applied,
        { ...(comment !== '' && { comment }), ...(rollback !== undefined && { to: rollback }) },
      );
    },
    'POST /api/configs/files': async ({ body, caller, address }) => {
      const { kind, name, text, comment, pipeline, replace, base64 } = body;
      const about = { user: caller!.name, comment };
      const { path, isNew } = await newPath(desk, kind, name, pipeline);
      const content = base64 ? Buffer.from(text, 'base64') : text;
      const known =
        kind === 'custom' && replace ? (await desk.files()).find((file) => file.path === path) : undefined;
      const apply = (): Promise<Applied> => {
        if (typeof content === 'string' && known)
          return desk.apply(known.id, {
            ...about,
            text: content,
            base: known.secret ? '' : hashOf(readText(known.real) ?? ''),
          });
        if (typeof content !== 'string' && known) {
          writeFile(known.real, content);
          return Promise.resolve({ outcome: 'applied', pipelines: [], findings: [], hash: '', id: known.id });
        }
        if (isNew) return desk.createPipeline(pipeline, path, text, about);
        return desk.create(path, content, about);
      };
      return noteApplied('config.create', { caller, address }, path, await apply());
    },
    'DELETE /api/configs/files/:id': async ({ params, caller, address }) => {
      const { path } = await desk.file(params['id']!);
      return noteApplied(
        'config.delete',
        { caller, address },
        path,
        await desk.remove(params['id']!, caller!.name),
      );
    },
    'GET /api/configs/files/:id/versions': async ({ params }) => {
      const file = await desk.file(params['id']!);
      const text = file.secret ? undefined : readText(file.real);
      return { versions: desk.versions.list(file.id, text) };
    },
    'GET /api/configs/files/:id/versions/:number': async ({ params, caller }) => {
      const file = await desk.file(params['id']!);
      const text = file.secret ? undefined : desk.versions.text(file.id, Number(params['number']));
      if (text === undefined) throw notThere(`version ${params['number']} of ${file.name}`);
      return shown(caller!, file.kind, text);
    },
    'POST /api/configs/reload': async ({ caller, address }) => {
      const { pipelines, error } = await host.reload();
      note(
        'config.reload',
        { caller, address },
        { pipelines: pipelines.map(({ id, outcome }) => `${id}: ${outcome}`) },
        error === undefined && pipelines.every(({ outcome }) => outcome !== 'failed') ? 'success' : 'failure',
      );
      return {
        pipelines: pipelines.map(({ id, outcome, error: why }) => ({
          id,
          outcome,
          ...(why !== undefined && { error: why }),
        })),
        ...(error !== undefined && { error }),
      };
    },
    'GET /api/configs/plugins': async () => {
      catalogue ??= catalogueOf(host.registry);
      return { plugins: await catalogue };
    },
    'POST /api/configs/custom/check': ({ body: { name, text, list } }) => {
      if (!list) return { findings: checkCustomFile(name, text).map(findingOf), files: [] };
      const { files, diagnostics } = readFileList(text);
      return {
        findings: diagnostics.map(findingOf),
        files: files.map((file) => ({ name: file.name, bytes: Buffer.byteLength(file.text) })),
      };
    },
    'POST /api/configs/custom/import': async ({ body: { text, comment }, caller, address }) => {
      const { files, diagnostics } = readFileList(text);
      const findings = diagnostics.map(findingOf);
      if (findings.some(({ severity }) => severity === 'error')) return { files: [], findings };
      const known = await desk.files();
      const about = { user: caller!.name, comment };
      for (const { name, text: content } of files) {
        const path = join(customFolderOf(host), name);
        const old = known.find((file) => file.path === path);
        const applied = old
          ? await desk.apply(old.id, {
              ...about,
              text: content,
              base: old.secret ? '' : hashOf(readText(old.real) ?? ''),
            })
          : await desk.create(path, content, about);
        noteApplied('config.create', { caller, address }, path, applied);
      }
      return { files: files.map(({ name }) => idOf(join(customFolderOf(host), name))), findings };
    },
    'POST /api/configs/tests/run': async ({ body: { edits, files }, caller, signal }) => {
      await mayTry(caller!, edits);
      return trials.tests(edits, files, signal);
    },
    'POST /api/configs/tests/save': async ({ body, caller, address, signal }) => {
      const saved = await saveTest(desk, trials, body, caller!.name, signal);
      note('config.save_test', { caller, address }, { file: saved.name, test: body.name });
      return saved;
    },
    'GET /api/configs/samples': () => ({ samples: samples.list() }),
    'PUT /api/configs/samples': ({ body }) => ({ samples: samples.save(body) }),
    'DELETE /api/configs/samples/:name': ({ params }) => ({ samples: samples.remove(params['name']!) }),
    'GET /api/configs/secrets': secretNames,
    'PUT /api/configs/secrets/:name': async ({ params, body, caller, address }) => {
      const name = checkedSecretName(params['name']!);
      await host.secrets.set(name, body.value).catch(asProblem);
      note('config.secret_set', { caller, address }, { name });
      return secretNames();
    },
    'DELETE /api/configs/secrets/:name': async ({ params, caller, address }) => {
      const name = checkedSecretName(params['name']!);
      if (!(await host.secrets.remove(name).catch(asProblem))) throw notThere(`the secret ${name}`);
      note('config.secret_remove', { caller, address }, { name });
      return secretNames();
    },
  };
  return { handlers, close: () => trials.close() };
}

const isOperator = ({ role }: Caller): boolean => roles.indexOf(role) >= roles.indexOf('operator');

function asProblem(error: unknown): never {
  if (error instanceof MillraceError) throw new ConsoleError(409, 'keystore', error.message);
  throw error;
}

/** Where a new file goes; `isNew`: with a pipeline of its own. @throws ConsoleError where there is no place */
async function newPath(
  desk: ConfigDesk,
  kind: 'pipeline' | 'test' | 'custom',
  name: string,
  pipeline: string,
): Promise<{ path: string; isNew: boolean }> {
  const { host } = desk;
  if (kind === 'custom') return { path: join(customFolderOf(host), name), isNew: false };
  const { pipelines, fromPipelinesFile } = await host.read();
  const own = pipelines.find(({ id }) => id === pipeline);
  if (kind === 'pipeline' && !own) {
    if (!fromPipelinesFile)
      throw new ConsoleError(409, 'no_place', 'this Millrace was not started with pipelines.yml', {
        hint: 'Start it with --path.settings and without -f and -e to make pipelines here.',
      });
    if (!PIPELINE_ID.test(pipeline))
      throw new ConsoleError(400, 'invalid', 'the id of a pipeline takes letters, digits, ".", "_" and "-"');
    return { path: join(host.settingsFolder!, 'pipelines.d', name), isNew: true };
  }
  const folder =
    kind === 'pipeline'
      ? own?.path === undefined
        ? undefined
        : folderOf(own.path)
      : own?.sources.find(({ file }) => !file.startsWith('<'));
  const place = typeof folder === 'string' ? folder : folder && dirname(resolve(folder.file));
  if (place === undefined)
    throw new ConsoleError(
      409,
      'no_place',
      `pipeline ${pipeline} is not read from a folder that takes files`,
    );
  const path = join(place, name);
  if (kind === 'pipeline' && !isRead(path, own!.path!))
    throw new ConsoleError(400, 'invalid', `${own!.path} would not read a file ${name}`);
  if (kind === 'test' && !/\.test\.ya?ml$/.test(name))
    throw new ConsoleError(400, 'invalid', 'the name of a test file ends with .test.yml');
  return { path, isNew: false };
}

/** The folder of `path.config` where that is a folder or a glob of files. */
function folderOf(path: string): string | undefined {
  const whole = resolve(path.replace(/^file:\/\//i, ''));
  const stats = statSync(whole, { throwIfNoEntry: false });
  if (stats?.isDirectory()) return whole;
  const folder = dirname(whole);
  return stats === undefined && !/[*?[{]/.test(folder) && /[*?[{]/.test(whole) ? folder : undefined;
}

function isRead(file: string, path: string): boolean {
  const whole = resolve(path.replace(/^file:\/\//i, ''));
  return dirname(file) === whole || matchesGlob(file, whole);
}

/** Ids or names of inputs, as far as the config can be read. */
function inputsOf(sources: HostPipeline['sources']): string[] {
  return sources.flatMap(({ file, text }) => {
    try {
      return parseConfig(text, file, { supportEscapes: false })
        .sections.filter(({ kind }) => kind === 'input')
        .flatMap(({ body }) =>
          body.flatMap((statement) => {
            if (statement.type !== 'plugin') return [];
            const id = statement.attributes.find(({ name }) => name === 'id')?.value;
            return [id?.type === 'string' ? id.text : statement.name];
          }),
        );
    } catch {
      return [];
    }
  });
}

/** Lines of configs that name a custom file. */
function usersOf(
  { path }: Pick<KnownFile, 'path'>,
  pipelines: readonly HostPipeline[],
): { file: string; name: string; line: number }[] {
  const found = new Map<string, { file: string; name: string; line: number }>();
  for (const { file, text } of pipelines.flatMap(({ sources }) => sources)) {
    if (file.startsWith('<') || !text.includes(path)) continue;
    for (const [at, line] of text.split(/\r\n|\n|\r/).entries())
      if (line.includes(path)) {
        const id = idOf(resolve(file));
        found.set(`${id} ${at}`, { file: id, name: file.slice(file.lastIndexOf('/') + 1), line: at + 1 });
      }
  }
  return [...found.values()];
}
