/** `_snapshot`: repositories in one folder of this machine or in S3, snapshots into them and back. */
import { isAbsolute, join, relative, resolve } from 'node:path';
import { indexNotFound, parsingError, StoreError, unsupported } from '../../errors.ts';
import { globMatch } from '../../glob-match.ts';
import { type Answer, acknowledged, type Call, isOn, type Json, json, names, type Route } from '../call.ts';

const repositoryKey = (name: string): string => `snapshot-repository:${name}`;
const snapshotKey = (repository: string, name: string): string => `snapshot:${repository}/${name}`;

const NAME = /^[a-z0-9][a-z0-9._-]{0,127}$/;

function checkName(name: string, kind: string): string {
  if (!NAME.test(name))
    throw new StoreError(
      400,
      `invalid_${kind}_name_exception`,
      `[${name}] is no name: use lower case letters, digits, dots and dashes`,
    );
  return name;
}

/** Where a repository lies: never outside of the one folder. @throws StoreError */
function targetOf({ api }: Call, name: string, { type, settings = {} }: Json): string {
  const given = settings as Json;
  if (type === 's3') {
    const { bucket, base_path: base = '', endpoint, region, path_style_access: style, protocol = 'https', ...unknown } = given; // biome-ignore format: one line
    const [wrong] = Object.keys(unknown).filter((key) => !['client', 'compress'].includes(key));
    if (wrong !== undefined) throw unsupported(`[${wrong}] of a repository`);
    if (typeof bucket !== 'string' || !/^[a-z0-9.-]+$/.test(bucket))
      throw repositoryError(name, 'No bucket defined for s3 repository');
    const more = new URLSearchParams();
    if (endpoint !== undefined)
      more.set('endpoint', String(endpoint).includes('://') ? String(endpoint) : `${protocol}://${endpoint}`);
    if (region !== undefined) more.set('region', String(region));
    if (style !== undefined) more.set('path_style_access', String(style));
    const prefix = String(base).replace(/^\/+|\/+$/g, '');
    return `s3://${bucket}/${prefix}${more.size > 0 ? `?${more}` : ''}`;
  }
  if (type !== 'fs')
    throw repositoryError(name, `repository type [${String(type)}] does not exist: fs and s3 do`);
  const { location } = given;
  if (typeof location !== 'string' || location === '') throw repositoryError(name, 'missing location');
  const folder = resolve(api.snapshotFolder);
  const path = resolve(folder, location);
  const inside = relative(folder, path);
  if (inside.startsWith('..') || isAbsolute(inside))
    throw repositoryError(
      name,
      `location [${location}] doesn't match any of the locations specified by path.repo: [${folder}] (store.snapshot.path)`,
    );
  return path;
}

/** Of a snapshot in a repository. */
function placeOf(target: string, name: string): string {
  if (!target.startsWith('s3://')) return join(target, name);
  const [path = '', query] = target.split('?');
  return `${path}${path.endsWith('/') ? '' : '/'}${name}${query === undefined ? '' : `?${query}`}`;
}

const repositoryError = (name: string, reason: string): StoreError =>
  new StoreError(400, 'repository_exception', `[${name}] ${reason}`);

async function repository(call: Call, name: string): Promise<Json> {
  const [found] = await call.store.objects('saved_object', repositoryKey(checkName(name, 'repository')));
  if (!found) throw new StoreError(404, 'repository_missing_exception', `[${name}] missing`);
  return found.body;
}

async function putRepository(call: Call): Promise<Answer> {
  const name = checkName(call.params['repository']!, 'repository');
  const body = call.object();
  targetOf(call, name, body);
  await call.store.putObject('saved_object', repositoryKey(name), body);
  return acknowledged();
}

async function getRepositories(call: Call): Promise<Answer> {
  const asked = call.params['repository'];
  if (asked !== undefined && asked !== '_all' && !asked.includes('*'))
    return json({ [asked]: await repository(call, asked) });
  const found = await call.store.objects('saved_object', repositoryKey('*'));
  return json(
    Object.fromEntries(found.map(({ name, body }) => [name.slice(repositoryKey('').length), body])),
  );
}

async function removeRepository(call: Call): Promise<Answer> {
  const name = call.params['repository']!;
  await repository(call, name);
  await call.store.deleteObject('saved_object', repositoryKey(name));
  return acknowledged();
}

async function take(call: Call): Promise<Answer> {
  const { repository: repo, snapshot: name } = call.params as { repository: string; snapshot: string };
  const target = targetOf(call, repo, await repository(call, repo));
  checkName(name, 'snapshot');
  const { indices, ignore_unavailable: lenient, ...rest } = call.object();
  for (const key of Object.keys(rest))
    if (!['include_global_state', 'metadata', 'partial', 'feature_states', 'expand_wildcards'].includes(key))
      throw parsingError(`Unknown parameter ${key}`);
  const key = snapshotKey(repo, name);
  if ((await call.store.objects('saved_object', key)).length > 0)
    throw new StoreError(
      400,
      'invalid_snapshot_name_exception',
      `[${repo}:${name}] Invalid snapshot name [${name}], snapshot with the same name already exists`,
    );
  const started = Date.now();
  const record = (state: string, more: Json = {}): Json => ({
    snapshot: name, uuid: key, repository: repo, state, include_global_state: false, start_time: new Date(started).toISOString(),
    start_time_in_millis: started, ...more,
  }); // biome-ignore format: a record
  await call.store.putObject('saved_object', key, record('IN_PROGRESS', { indices: [] }));
  const work = async (): Promise<Json> => {
    try {
      const result = await call.store.snapshot(placeOf(target, name), {
        names: indices === undefined ? [] : names([indices].flat().join(',')),
        ignoreUnavailable: lenient === true,
      });
      const ended = Date.now();
      const done = record('SUCCESS', {
        indices: result.indices, size_in_bytes: result.bytes, end_time: new Date(ended).toISOString(), end_time_in_millis: ended,
        duration_in_millis: ended - started, failures: [], shards: { total: result.indices.length, failed: 0, successful: result.indices.length },
      }); // biome-ignore format: a record
      await call.store.putObject('saved_object', key, done);
      return done;
    } catch (error) {
      await call.store.putObject(
        'saved_object',
        key,
        record('FAILED', { indices: [], reason: (error as Error).message }),
      );
      throw error;
    }
  };
  if (isOn(call.query['wait_for_completion'])) return json({ snapshot: await work() });
  // What goes wrong stands in the record.
  work().catch(() => {});
  return json({ accepted: true });
}

async function records(call: Call): Promise<Json[]> {
  const { repository: repo, snapshot: asked } = call.params as { repository: string; snapshot: string };
  await repository(call, repo);
  const prefix = snapshotKey(repo, '');
  const all = (await call.store.objects('saved_object', `${prefix}*`)).map(({ body }) => body);
  if (asked === '_all' || asked === '*') return all;
  const wanted = names(asked);
  const found = all.filter(({ snapshot }) => wanted.some((one) => globMatch(one)(String(snapshot))));
  const missing = wanted.find((one) => !one.includes('*') && !found.some(({ snapshot }) => snapshot === one));
  if (missing !== undefined && !isOn(call.query['ignore_unavailable']))
    throw new StoreError(404, 'snapshot_missing_exception', `[${repo}:${missing}] is missing`);
  return found;
}

async function remove(call: Call): Promise<Answer> {
  const { repository: repo } = call.params as { repository: string };
  const target = targetOf(call, repo, await repository(call, repo));
  for (const { snapshot } of await records(call)) {
    const name = String(snapshot);
    await call.store.deleteSnapshot(placeOf(target, name)).catch((error: unknown) => {
      // Of one that failed there is a record only.
      if ((error as StoreError).status !== 404) throw error;
    });
    await call.store.deleteObject('saved_object', snapshotKey(repo, name));
  }
  return acknowledged();
}

async function status(call: Call): Promise<Answer> {
  const found = await records(call);
  return json({
    snapshots: found.map(({ snapshot, repository: repo, uuid, state, size_in_bytes: bytes, shards }) => ({
      snapshot, repository: repo, uuid, state, include_global_state: false, shards_stats: shards ?? {}, stats: { total: { size_in_bytes: bytes ?? 0 } },
    })),
  }); // biome-ignore format: a record
}

async function restore(call: Call): Promise<Answer> {
  const { repository: repo } = call.params as { repository: string };
  const target = targetOf(call, repo, await repository(call, repo));
  const [snapshot] = await records(call);
  const {
    indices,
    rename_pattern: pattern,
    rename_replacement: replacement,
    ignore_unavailable: lenient,
    ...rest
  } = call.object();
  for (const key of Object.keys(rest))
    if (
      !['include_global_state', 'include_aliases', 'partial', 'feature_states', 'expand_wildcards'].includes(
        key,
      )
    )
      throw unsupported(`[${key}] of a restore`);
  if (snapshot?.['state'] !== 'SUCCESS')
    throw new StoreError(400, 'snapshot_restore_exception', `[${repo}] the snapshot is not complete`);
  const chosen = indices === undefined ? [] : names([indices].flat().join(','));
  const known = [snapshot['indices'] ?? []].flat().map(String);
  const missing = chosen.find((one) => !one.includes('*') && !known.includes(one));
  if (missing !== undefined && lenient !== true) throw indexNotFound(missing);
  const name = String(snapshot['snapshot']);
  const result = await call.store.restore(placeOf(target, name), {
    indices: { names: chosen },
    ...(typeof pattern === 'string' && { renamePattern: pattern }),
    ...(typeof replacement === 'string' && { renameReplacement: replacement }),
  });
  const count = result.indices.length;
  return json({
    snapshot: {
      snapshot: name,
      indices: result.indices,
      shards: { total: count, failed: 0, successful: count },
    },
  });
}

const one = '/_snapshot/{repository}/{snapshot}';

export const snapshotRoutes: readonly Route[] = [
  { methods: ['PUT', 'POST'], paths: ['/_snapshot/{repository}'], needs: 'manage_store', takes: ['verify'], handle: putRepository },
  { methods: ['GET'], paths: ['/_snapshot', '/_snapshot/{repository}'], needs: 'manage_store', handle: getRepositories },
  { methods: ['DELETE'], paths: ['/_snapshot/{repository}'], needs: 'manage_store', handle: removeRepository },
  { methods: ['PUT', 'POST'], paths: [one], needs: 'manage_store', takes: ['wait_for_completion'], handle: take },
  { methods: ['GET'], paths: [one], needs: 'manage_store', takes: ['verbose', 'index_details', 'index_names', 'include_repository', 'sort', 'size', 'order', 'after', 'offset', 'from_sort_value', 'slm_policy_filter', 'state'], handle: async (call) => { const found = await records(call); return json({ snapshots: found, total: found.length, remaining: 0 }); } },
  { methods: ['GET'], paths: [`${one}/_status`], needs: 'manage_store', handle: status },
  { methods: ['POST'], paths: [`${one}/_restore`], needs: 'manage_store', takes: ['wait_for_completion'], handle: restore },
  { methods: ['DELETE'], paths: [one], needs: 'manage_store', handle: remove },
]; // biome-ignore format: a table
