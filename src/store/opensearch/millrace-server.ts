/** The store of another Millrace, beside what Elasticsearch's API has words for (`api/routes/millrace.ts`). */
import type {
  IndexInfo,
  IndexSelection,
  RestoreOptions,
  RetentionRule,
  SnapshotInfo,
  SnapshotSchedule,
  StoreStatus,
  VerifyResult,
} from '../store.ts';
import { type Cluster, path } from './cluster.ts';

const own = ['_millrace', 'store'];

export class MillraceServer {
  readonly #cluster: Cluster;

  private constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** Undefined: it is a cluster. @throws StoreError when the caller may not know */
  static async find(cluster: Cluster): Promise<MillraceServer | undefined> {
    const { status } = await cluster.request({ method: 'GET', path: path(own) });
    // Clusters take it for the name of an index, or for nothing.
    if (status === 400 || status === 404 || status === 405) return undefined;
    await cluster.json({ method: 'GET', path: path(own) });
    return new MillraceServer(cluster);
  }

  async status(): Promise<StoreStatus> {
    const { retention: _, ...status } = await this.#state();
    return status;
  }

  async retention(): Promise<readonly RetentionRule[]> {
    return (await this.#state()).retention;
  }

  async indices({ names }: IndexSelection): Promise<readonly IndexInfo[]> {
    const { indices } = await this.#cluster.json<{ indices: readonly IndexInfo[] }>({
      method: 'GET',
      path: path([...own, 'indices', names.join(',')]),
    });
    return indices.map((index) => ({ ...index, mappings: {}, settings: {} }));
  }

  async setRetention(rules: readonly RetentionRule[]): Promise<void> {
    await this.#cluster.json({ method: 'PUT', path: path([...own, 'retention']), body: { rules } });
  }

  async snapshots(place: string): Promise<readonly SnapshotInfo[]> {
    const { snapshots } = await this.#cluster.json<{ snapshots: readonly SnapshotInfo[] }>({
      method: 'GET',
      path: path([...own, 'snapshots'], { place }),
    });
    return snapshots;
  }

  async deleteSnapshot(target: string): Promise<void> {
    await this.#cluster.json({ method: 'DELETE', path: path([...own, 'snapshot'], { target }) });
  }

  async setSnapshotSchedule(schedule: SnapshotSchedule | undefined): Promise<void> {
    await this.#cluster.json({
      method: 'PUT',
      path: path([...own, 'schedule']),
      body: { schedule: schedule ?? null },
    });
  }

  snapshot(
    target: string,
    { names }: IndexSelection,
  ): Promise<{ indices: readonly string[]; bytes: number }> {
    return this.#post('snapshot', { target, ...(names.length > 0 && { indices: names }) });
  }

  restore(
    source: string,
    { indices, renamePattern, renameReplacement }: RestoreOptions,
  ): Promise<{ indices: readonly string[] }> {
    return this.#post('restore', {
      source,
      ...(indices.names.length > 0 && { indices: indices.names }),
      ...(renamePattern !== undefined && { rename_pattern: renamePattern }),
      ...(renameReplacement !== undefined && { rename_replacement: renameReplacement }),
    });
  }

  archive({ names }: IndexSelection): Promise<{ indices: readonly string[]; bytes: number }> {
    return this.#post('archive', { indices: names });
  }

  unarchive({ names }: IndexSelection): Promise<{ indices: readonly string[]; bytes: number }> {
    return this.#post('unarchive', { indices: names });
  }

  verify(signal?: AbortSignal): Promise<VerifyResult> {
    return this.#post('verify', {}, signal);
  }

  #state(): Promise<StoreStatus & { readonly retention: readonly RetentionRule[] }> {
    return this.#cluster.json({ method: 'GET', path: path(own) });
  }

  #post<T>(name: string, body: Readonly<Record<string, unknown>>, signal?: AbortSignal): Promise<T> {
    return this.#cluster.json<T>({ method: 'POST', path: path([...own, name]), body, signal });
  }
}
