/** Rules of retention: what they must be, and which one an index falls under. */
import { StoreError } from '../errors.ts';
import { globMatch } from '../glob-match.ts';
import type { RetentionRule } from '../store.ts';

/** @throws StoreError */
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

/** The first one that fits. */
export function ruleOf(
  rules: readonly RetentionRule[],
  { name, dataStream }: { readonly name: string; readonly dataStream?: string | undefined },
): RetentionRule | undefined {
  return rules.find(({ pattern }) => {
    const matches = globMatch(pattern);
    return matches(name) || (dataStream !== undefined && matches(dataStream));
  });
}
