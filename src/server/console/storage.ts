/** The Storage page: what the store holds, for how long, and copies of it. */
import { checkRetention, planRetention } from '../../store/retention-plan.ts';
import { isS3 } from '../../store/s3/s3-target.ts';
import { snapshotPlace } from '../../store/snapshot-target.ts';
import { growthOf } from '../../store/storage-forecast.ts';
import type { IndexInfo, RetentionRule, Store } from '../../store/store.ts';
import type { storageRoutes } from '../contract/storage.ts';
import type { StorageGrowth, StorageJob } from '../contract.ts';
import { type AuditEntry, type Call, ConsoleError, type HandlersOf, notThere } from './call.ts';
import { StorageJobs } from './storage/storage-jobs.ts';
import { mayKnow, snapshotView, storageView } from './storage/storage-view.ts';

type Routes = typeof storageRoutes;

export interface StorageHandlerOptions {
  readonly store: Store;
  /** Snapshots by a name lie in here. */
  readonly snapshotFolder: string;
  audit(entry: AuditEntry): void;
}

const ALL = { names: [] };

export function storageHandlers({
  store,
  snapshotFolder,
  audit,
}: StorageHandlerOptions): HandlersOf<keyof Routes> {
  const jobs = new StorageJobs();
  const note = (
    action: string,
    { caller, address }: Pick<Call<any>, 'caller' | 'address'>,
    details: Readonly<Record<string, unknown>>,
    outcome: AuditEntry['outcome'] = 'success',
  ): void => audit({ action, user: caller?.name, address, outcome, details });
  /** Begins it, and notes who did; again when it failed. */
  const begin = (
    kind: StorageJob['kind'],
    call: Pick<Call<any>, 'caller' | 'address'>,
    what: string,
    details: Readonly<Record<string, unknown>>,
    work: () => Promise<string>,
  ): { job: StorageJob } => {
    note(`storage.${kind}`, call, details);
    const failed = (reason: string): void => note(`storage.${kind}`, call, { ...details, reason }, 'failure');
    return { job: jobs.begin(kind, what, work, failed) };
  };
  const withFixed = async (own: readonly RetentionRule[]): Promise<RetentionRule[]> => [
    ...(await store.retention()).filter(({ isFixed }) => isFixed),
    ...own,
  ];

  return {
    'GET /api/storage': async ({ caller }) => {
      const [status, indices, rules] = await Promise.all([
        store.status(),
        store.indices(ALL),
        store.retention(),
      ]);
      return storageView(status, indices, rules, jobs.list(), caller!, Date.now());
    },

    'POST /api/storage/retention/preview': async ({ body, caller }) => {
      overAll(caller!);
      const [status, indices] = await Promise.all([store.status(), store.indices(ALL)]);
      checkRetention(body.rules as RetentionRule[], status.archive !== undefined);
      const rules = await withFixed(body.rules as RetentionRule[]);
      const now = Date.now();
      const plans = planRetention(indices, rules, now);
      const applies = rules
        .filter(({ isFixed }) => !isFixed)
        .map((rule) => {
          const own = indices.filter((index) => plans.get(index)?.rule === rule);
          return { indices: own.length, bytes: own.reduce((sum, { bytes }) => sum + bytes, 0) };
        });
      const due = [...plans].flatMap(([{ name, bytes, documents }, plan]) =>
        plan.due === undefined ? [] : [{ name, bytes, documents, due: plan.due }],
      );
      return { due, applies, growth: growthOf(indices, rules, status.freeBytes, now) as StorageGrowth };
    },

    'PUT /api/storage/retention': async (call) => {
      overAll(call.caller!);
      const before = (await store.retention()).filter(({ isFixed }) => !isFixed);
      const rules = call.body.rules as RetentionRule[];
      await store.setRetention(rules);
      note('storage.retention', call, { before, rules });
      return {};
    },

    'DELETE /api/storage/indices/:name': async (call) => {
      const name = call.params['name']!;
      if (call.query.confirm !== name)
        throw new ConsoleError(400, 'confirm', 'the name that was typed is not that of the index');
      const index = await oneIndex(store, call, name);
      await store.deleteIndices({ names: [name] });
      note('storage.delete', call, { index: name, documents: index.documents, bytes: index.bytes });
      return {};
    },

    'GET /api/storage/snapshots': async ({ query, caller }) => {
      overAll(caller!);
      const place = await placeOf(query.place, caller!.role === 'administrator');
      const found = await store.snapshots(place);
      const { driver } = await store.status();
      const shown =
        driver === 'cluster' ? 'repositories of the cluster' : isS3(place) ? place : snapshotFolder;
      return { place: shown, snapshots: found.map(snapshotView) };
    },

    'POST /api/storage/snapshots': async (call) => {
      overAll(call.caller!);
      if (
        !call.body.target.includes('://') &&
        !/^[a-z0-9][\w.-]*(\/[a-z0-9][\w.-]*)?$/i.test(call.body.target)
      )
        throw new ConsoleError(400, 'place', 'a snapshot is named by letters, digits, dots and dashes');
      const target = await placeOf(call.body.target, call.caller!.role === 'administrator');
      const { indices: names } = call.body;
      return begin('snapshot', call, call.body.target, { target, indices: names }, async () => {
        const { indices } = await store.snapshot(target, { names });
        return counted(indices.length, 'index', 'indices');
      });
    },

    'DELETE /api/storage/snapshots': async (call) => {
      overAll(call.caller!);
      const target = await placeOf(call.query.target, true);
      const name = target.split('/').at(-1)!;
      if (call.query.confirm !== name)
        throw new ConsoleError(400, 'confirm', 'the name that was typed is not that of the snapshot');
      return begin('snapshot_delete', call, name, { target }, async () => {
        await store.deleteSnapshot(target);
        return 'its data is gone';
      });
    },

    'PUT /api/storage/schedule': async (call) => {
      overAll(call.caller!);
      const { snapshotSchedule: before } = await store.status();
      const { schedule } = call.body;
      const isAdministrator = call.caller!.role === 'administrator';
      for (const place of [before?.place, schedule?.place])
        if (place !== undefined && place !== '') await placeOf(place, isAdministrator);
      await store.setSnapshotSchedule(schedule ?? undefined);
      note('storage.schedule', call, { schedule });
      return {};
    },

    'POST /api/storage/restore': async (call) => {
      overAll(call.caller!);
      const source = await placeOf(call.body.target, true);
      const { indices: names, prefix } = call.body;
      if (!/^[a-z0-9._-]*$/.test(prefix) || /^[_.-]/.test(prefix))
        throw new ConsoleError(400, 'prefix', 'a prefix has lower case letters, digits, dots and dashes');
      const details = { target: source, indices: names, prefix };
      return begin('restore', call, call.body.target, details, async () => {
        const { indices } = await store.restore(source, {
          indices: { names },
          ...(prefix !== '' && { renamePattern: '^(.*)$', renameReplacement: `${prefix}$1` }),
        });
        return counted(indices.length, 'index', 'indices');
      });
    },

    'POST /api/storage/archive': async (call) => {
      const { indices: names } = call.body;
      for (const name of names) await oneIndex(store, call, name);
      if ((await store.status()).archive === undefined)
        throw new ConsoleError(
          409,
          'no_archive',
          'there is no archive: set store.archive.path to a folder on another disk',
        );
      return begin('archive', call, names.join(', '), { indices: names }, async () => {
        const { indices } = await store.archive({ names });
        return counted(indices.length, 'index', 'indices');
      });
    },

    'POST /api/storage/unarchive': async (call) => {
      const { indices: names } = call.body;
      for (const name of names) await oneIndex(store, call, name);
      return begin('unarchive', call, names.join(', '), { indices: names }, async () => {
        const { indices } = await store.unarchive({ names });
        return counted(indices.length, 'index', 'indices');
      });
    },

    'POST /api/storage/verify': (call) => {
      overAll(call.caller!);
      return begin('verify', call, 'all files', {}, async () => {
        const { segments, damaged } = await store.verify();
        return `${counted(segments, 'file', 'files')} read, ${damaged.length === 0 ? 'none' : damaged.length} damaged`;
      });
    },
  };

  /** @throws ConsoleError for what is not below the folder for snapshots, or in S3 without the right to it */
  async function placeOf(text: string, mayS3: boolean): Promise<string> {
    if (!text.includes('://')) return snapshotPlace(store, snapshotFolder, text);
    if (!isS3(text))
      throw new ConsoleError(400, 'place', 'a snapshot has a plain name, or is in s3://bucket/prefix');
    // Where a bucket is, and who may go there, is for the settings to say.
    if (text.includes('?'))
      throw new ConsoleError(
        400,
        'place',
        'parameters of S3 are settings: store.s3.endpoint, store.s3.region',
      );
    if (!mayS3) throw new ConsoleError(403, 'forbidden', 'copies to and from S3 are for administrators');
    return text;
  }
}

const counted = (count: number, one: string, many: string): string =>
  `${count.toLocaleString('en')} ${count === 1 ? one : many}`;

/** Rules and copies are of all indices: whoever sees some only has no part in them. */
function overAll({ indices }: NonNullable<Call<any>['caller']>): void {
  if (indices !== undefined)
    throw new ConsoleError(
      403,
      'forbidden',
      'your account sees some indices only; this is about all of them',
    );
}

/** By its own name, and no pattern or alias. @throws ConsoleError when there is none that the caller may know of */
async function oneIndex(
  store: Store,
  { caller }: Pick<Call<any>, 'caller'>,
  name: string,
): Promise<IndexInfo> {
  const none = notThere(`the index ${name}`);
  if (/[*,]|^[-_]/.test(name)) throw none;
  const found = await store.indices({ names: [name], ignoreUnavailable: true });
  const index = found.find((one) => one.name === name);
  if (!index || !mayKnow(caller!)(index)) throw none;
  return index;
}
