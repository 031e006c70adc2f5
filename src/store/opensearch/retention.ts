/** What is too old or too much: whole indices, as in the embedded store. */
import { dueIndices } from '../retention-plan.ts';
import type { RetentionRule } from '../store.ts';
import { type Cluster, path } from './cluster.ts';
import { deleteIndices, describeIndices } from './indices.ts';
import { ownObject, putOwn } from './objects.ts';

const KIND = 'retention';

/** Rules that were set while it ran; those of the settings stand before them. */
export async function storedRetention(cluster: Cluster): Promise<readonly RetentionRule[]> {
  const body = await ownObject(cluster, KIND, KIND);
  return (body?.['rules'] as readonly RetentionRule[] | undefined) ?? [];
}

export async function storeRetention(cluster: Cluster, rules: readonly RetentionRule[]): Promise<void> {
  await putOwn(cluster, KIND, KIND, { rules });
}

/** Answers what was deleted. */
export async function applyRetention(
  cluster: Cluster,
  rules: readonly RetentionRule[],
): Promise<readonly string[]> {
  if (rules.length === 0) return [];
  const indices = await describeIndices(cluster, { names: [] });
  const due = new Set(dueIndices(indices, rules, Date.now()));
  const streams = new Map<string, string[]>();
  for (const { name, dataStream } of indices)
    if (dataStream !== undefined) streams.set(dataStream, [...(streams.get(dataStream) ?? []), name].sort());
  const deleted: string[] = [];
  for (const [stream, own] of streams) {
    if (own.every((name) => due.has(name))) {
      // A cluster does not part with the index that a stream writes to.
      await cluster.find({ method: 'DELETE', path: path(['_data_stream', stream]) });
      deleted.push(...own);
      for (const name of own) due.delete(name);
    } else due.delete(own.at(-1)!);
  }
  // One by one, so that one that can not be deleted does not keep the others.
  const failures: Error[] = [];
  for (const name of due) {
    try {
      await deleteIndices(cluster, { names: [name], ignoreUnavailable: true });
      deleted.push(name);
    } catch (error) {
      failures.push(error as Error);
    }
  }
  if (failures[0] && deleted.length === 0) throw failures[0];
  return deleted;
}
