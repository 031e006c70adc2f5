/** What the rules of retention do with which index, and when: both drivers delete by it, and people are shown it. */
import { StoreError } from './errors.ts';
import { globMatch } from './glob-match.ts';
import type { IndexInfo, RetentionRule } from './store.ts';

export type PlannedIndex = Pick<IndexInfo, 'name' | 'created' | 'bytes'> &
  Partial<Pick<IndexInfo, 'latest' | 'dataStream' | 'isKeptHere'>>;

export interface IndexPlan {
  /** The first one whose pattern fits; undefined: the index is kept for ever. */
  readonly rule?: RetentionRule;
  /** Why it is deleted now: it is too old, or its pattern's indices are too large together. */
  readonly due?: 'age' | 'size';
  /** Milliseconds since the epoch, as far as its age decides and nothing newer comes. */
  readonly deletesAt?: number;
  readonly archivesAt?: number;
}

const NO_RULE: IndexPlan = {};

/**
 * The newest index behind a data stream goes only by its age: writes go to it. Then nothing was written for so long, and
 * the stream goes with it.
 */
export function planRetention<T extends PlannedIndex>(
  indices: readonly T[],
  rules: readonly RetentionRule[],
  now: number,
): ReadonlyMap<T, IndexPlan> {
  const newest = new Map<string, string>();
  for (const { name, dataStream } of indices)
    if (dataStream !== undefined && name > (newest.get(dataStream) ?? '')) newest.set(dataStream, name);
  const plans = new Map<T, IndexPlan>();
  for (const rule of rules) {
    const { pattern, maxAge, maxBytes, archiveAfter } = rule;
    const matches = globMatch(pattern);
    const own = indices
      .filter((index) => !plans.has(index) && fits(rule, matches, index))
      .sort((a, b) => newestEvent(a) - newestEvent(b));
    let bytes = own.reduce((sum, index) => sum + index.bytes, 0);
    for (const [at, index] of own.entries()) {
      const latest = newestEvent(index);
      const isWritten = index.dataStream !== undefined && newest.get(index.dataStream) === index.name;
      const isOld = maxAge !== undefined && now - latest > maxAge;
      const isTooMuch = maxBytes !== undefined && bytes > maxBytes && at < own.length - 1 && !isWritten;
      const due = isOld ? 'age' : isTooMuch ? 'size' : undefined;
      if (due !== undefined) bytes -= index.bytes;
      plans.set(index, {
        rule,
        ...(due !== undefined && { due }),
        ...(maxAge !== undefined && { deletesAt: latest + maxAge }),
        ...(archiveAfter !== undefined && !index.isKeptHere && { archivesAt: latest + archiveAfter }),
      });
    }
  }
  for (const index of indices) if (!plans.has(index)) plans.set(index, NO_RULE);
  return plans;
}

/** Names of those that are deleted now. */
export const dueIndices = (
  indices: readonly PlannedIndex[],
  rules: readonly RetentionRule[],
  now: number,
): string[] =>
  [...planRetention(indices, rules, now)]
    .filter(([, { due }]) => due !== undefined)
    .map(([{ name }]) => name);

const newestEvent = ({ latest, created }: PlannedIndex): number => latest ?? created;

/** As elsewhere, hidden ones are meant only by patterns that begin with a dot. */
function fits(
  { pattern }: RetentionRule,
  matches: (name: string) => boolean,
  { name, dataStream }: Pick<PlannedIndex, 'name' | 'dataStream'>,
): boolean {
  if ((dataStream ?? name).startsWith('.') && !pattern.startsWith('.')) return false;
  return matches(name) || (dataStream !== undefined && matches(dataStream));
}

/** @throws StoreError 400 in words */
export function checkRetention(rules: readonly RetentionRule[], hasArchive: boolean): void {
  for (const { pattern, maxAge, maxBytes, archiveAfter } of rules) {
    const bad = (reason: string): StoreError =>
      new StoreError(400, 'illegal_argument_exception', `retention of [${pattern}]: ${reason}`);
    if (typeof pattern !== 'string' || pattern === '') throw bad('a rule needs a pattern of index names');
    for (const value of [maxAge, maxBytes, archiveAfter])
      if (value !== undefined && !(Number.isFinite(value) && value > 0))
        throw bad('ages and sizes are numbers above zero');
    if (maxAge === undefined && maxBytes === undefined && archiveAfter === undefined)
      throw bad('it says neither max_age, max_bytes nor archive_after');
    if (archiveAfter !== undefined && !hasArchive)
      throw bad('there is no archive: set store.archive.path to a folder on another disk');
    if (archiveAfter !== undefined && maxAge !== undefined && maxAge <= archiveAfter)
      throw bad('it deletes indices before it archives them');
  }
}

/** The first rule that fits. */
export const ruleOf = (
  rules: readonly RetentionRule[],
  { name, dataStream }: { readonly name: string; readonly dataStream?: string | undefined },
): RetentionRule | undefined =>
  rules.find((rule) =>
    fits(rule, globMatch(rule.pattern), dataStream === undefined ? { name } : { name, dataStream }),
  );
