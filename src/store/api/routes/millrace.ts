/** What there is no word for in Elasticsearch's API: the store's state, retention, copies, archive. For `millrace store`. */
import { resolve } from 'node:path';
import { parsingError } from '../../errors.ts';
import { snapshotPlace } from '../../snapshot-target.ts';
import type { IndexSelection, RetentionRule, SnapshotSchedule } from '../../store.ts';
import { type Answer, acknowledged, type Call, type Json, json, names, type Route } from '../call.ts';

const note = ({ api, identity, address }: Call, action: string, details: Json): void =>
  api.audit({ action, user: identity.name, address, outcome: 'success', details });

const textOf = (body: Json, name: string): string => {
  const value = body[name];
  if (typeof value !== 'string' || value === '') throw parsingError(`[${name}] is missing`);
  return value;
};

const selectionOf = ({ indices }: Json): IndexSelection => ({
  names: indices === undefined ? [] : names([indices].flat().join(',')),
});

async function state({ store, api }: Call): Promise<Answer> {
  const [status, rules] = await Promise.all([store.status(), store.retention()]);
  return json({ ...status, retention: rules, snapshot_folder: resolve(api.snapshotFolder) });
}

async function indices(call: Call): Promise<Answer> {
  const found = await call.store.indices(await call.select(undefined, 'metadata'));
  return json({ indices: found.map(({ mappings: _, settings: __, ...index }) => index) });
}

async function setRetention(call: Call): Promise<Answer> {
  const { rules } = call.object();
  if (!Array.isArray(rules)) throw parsingError('[rules] is missing');
  await call.store.setRetention(rules as readonly RetentionRule[]);
  note(call, 'storage.retention', { rules });
  return acknowledged();
}

async function snapshots({ store, api, query }: Call): Promise<Answer> {
  return json({
    snapshots: await store.snapshots(await snapshotPlace(store, api.snapshotFolder, query['place'] ?? '')),
  });
}

async function snapshot(call: Call): Promise<Answer> {
  const body = call.object();
  const target = await snapshotPlace(call.store, call.api.snapshotFolder, textOf(body, 'target'));
  const made = await call.store.snapshot(target, selectionOf(body));
  note(call, 'storage.snapshot', { target: target.split('?')[0], indices: made.indices });
  return json({ ...made, target });
}

async function restore(call: Call): Promise<Answer> {
  const body = call.object();
  const source = await snapshotPlace(call.store, call.api.snapshotFolder, textOf(body, 'source'));
  const { rename_pattern: pattern, rename_replacement: replacement } = body;
  const done = await call.store.restore(source, {
    indices: selectionOf(body),
    ...(typeof pattern === 'string' && { renamePattern: pattern }),
    ...(typeof replacement === 'string' && { renameReplacement: replacement }),
  });
  note(call, 'storage.restore', { source: source.split('?')[0], indices: done.indices });
  return json(done);
}

async function deleteSnapshot(call: Call): Promise<Answer> {
  const target = await snapshotPlace(
    call.store,
    call.api.snapshotFolder,
    textOf(call.query as Json, 'target'),
  );
  await call.store.deleteSnapshot(target);
  note(call, 'storage.snapshot_delete', { target: target.split('?')[0] });
  return acknowledged();
}

async function setSchedule(call: Call): Promise<Answer> {
  const { schedule } = call.object() as { schedule?: SnapshotSchedule | null };
  if (schedule === undefined) throw parsingError('[schedule] is missing');
  await call.store.setSnapshotSchedule(schedule ?? undefined);
  note(call, 'storage.schedule', { schedule });
  return acknowledged();
}

async function archive(call: Call): Promise<Answer> {
  const selection = selectionOf(call.object());
  if (selection.names.length === 0) throw parsingError('[indices] is missing');
  const moved = await call.store.archive(selection);
  note(call, 'storage.archive', { indices: moved.indices });
  return json(moved);
}

async function unarchive(call: Call): Promise<Answer> {
  const selection = selectionOf(call.object());
  if (selection.names.length === 0) throw parsingError('[indices] is missing');
  const moved = await call.store.unarchive(selection);
  note(call, 'storage.unarchive', { indices: moved.indices });
  return json(moved);
}

const own = '/_millrace/store';

export const millraceRoutes: readonly Route[] = [
  { methods: ['GET'], paths: [own], needs: 'monitor', handle: state },
  { methods: ['GET'], paths: [`${own}/indices`, `${own}/indices/{index}`], needs: 'metadata', handle: indices },
  { methods: ['PUT'], paths: [`${own}/retention`], needs: 'manage_store', handle: setRetention },
  { methods: ['GET'], paths: [`${own}/snapshots`], needs: 'manage_store', takes: ['place'], handle: snapshots },
  { methods: ['POST'], paths: [`${own}/snapshot`], needs: 'manage_store', handle: snapshot },
  { methods: ['DELETE'], paths: [`${own}/snapshot`], needs: 'manage_store', takes: ['target'], handle: deleteSnapshot },
  { methods: ['PUT'], paths: [`${own}/schedule`], needs: 'manage_store', handle: setSchedule },
  { methods: ['POST'], paths: [`${own}/restore`], needs: 'manage_store', handle: restore },
  { methods: ['POST'], paths: [`${own}/archive`], needs: 'manage_store', handle: archive },
  { methods: ['POST'], paths: [`${own}/unarchive`], needs: 'manage_store', handle: unarchive },
  { methods: ['POST'], paths: [`${own}/verify`], needs: 'manage_store', handle: async ({ store, signal }) => json(await store.verify(signal)) },
]; // biome-ignore format: a table
