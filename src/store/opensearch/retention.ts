/** What is too old or too much: whole indices, as in the embedded store. */
import { globMatch } from '../glob-match.ts';
import type { IndexInfo, RetentionRule } from '../store.ts';
import type { Cluster } from './cluster.ts';
import { deleteIndices, describeIndices } from './indices.ts';
import { ownObject, putOwn } from './objects.ts';

const KIND = 'retention';

export async function storedRetention(cluster: Cluster): Promise<readonly RetentionRule[]> {
  const body = await ownObject(cluster, KIND, KIND);
  return (body?.['rules'] as readonly RetentionRule[] | undefined) ?? [];
}

export async function storeRetention(cluster: Cluster, rules: readonly RetentionRule[]): Promise<void> {
  await putOwn(cluster, KIND, KIND, { rules });
}

/** Answers what was deleted. */
export async function applyRetention(cluster: Cluster): Promise<readonly string[]> {
  const rules = await storedRetention(cluster);
  if (rules.length === 0) return [];
  const names = dueIndices(await describeIndices(cluster, { names: [] }), rules, Date.now());
  if (names.length > 0) await deleteIndices(cluster, { names, ignoreUnavailable: true });
  return names;
}

/** The first pattern that fits an index decides; the newest index behind a data stream stays, as writes go to it. */
export function dueIndices(
  indices: readonly IndexInfo[],
  rules: readonly RetentionRule[],
  now: number,
): string[] {
  const newest = new Map<string, string>();
  for (const { name, dataStream } of indices) if (dataStream !== undefined) newest.set(dataStream, name);
  const taken = new Set<IndexInfo>();
  const due: string[] = [];
  for (const { pattern, maxAge, maxBytes } of rules) {
    const matches = globMatch(pattern);
    const own = indices.filter(
      (index) =>
        !taken.has(index) &&
        (matches(index.name) || (index.dataStream !== undefined && matches(index.dataStream))),
    );
    for (const index of own) taken.add(index);
    const latestOf = ({ latest, created }: IndexInfo): number => latest ?? created;
    own.sort((a, b) => latestOf(a) - latestOf(b));
    let bytes = own.reduce((sum, index) => sum + index.bytes, 0);
    for (const [at, index] of own.entries()) {
      const isOld = maxAge !== undefined && now - latestOf(index) > maxAge;
      const isTooMuch = maxBytes !== undefined && bytes > maxBytes && at < own.length - 1;
      if (!isOld && !isTooMuch) continue;
      if (index.dataStream !== undefined && newest.get(index.dataStream) === index.name) continue;
      bytes -= index.bytes;
      due.push(index.name);
    }
  }
  return due;
}
