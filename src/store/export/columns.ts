/** Which columns an export has: those chosen, or all fields that the documents have. */
import type { ScanPage } from '../scan.ts';
import { flatten } from './flatten.ts';

/** More make no table that anything can read. */
const MAX_COLUMNS = 16_384;
/** What stands first, if it is there. */
const FIRST = ['@timestamp'];

/** Names of all fields in the documents, in order, `@timestamp` first. @throws Error when there are too many */
export async function fieldsSeen(pages: AsyncIterable<ScanPage>): Promise<string[]> {
  const names = new Set<string>();
  for await (const { hits } of pages) {
    for (const { source } of hits) for (const name of flatten(source!).keys()) names.add(name);
    if (names.size > MAX_COLUMNS)
      throw new Error(
        `the events have more than ${MAX_COLUMNS.toLocaleString('en')} different fields: choose columns with --fields`,
      );
  }
  return ordered(names);
}

export function ordered(names: Iterable<string>): string[] {
  const rest = [...names].filter((name) => !FIRST.includes(name)).sort();
  const all = new Set(names);
  return [...FIRST.filter((name) => all.has(name)), ...rest];
}
