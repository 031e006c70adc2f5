/** Stored events as the console shows them. */
import type { Query } from '../../../query/tree.ts';
import type { Highlight, SearchHit, SearchRequest } from '../../../store/store.ts';
import type { EventHit } from '../../contract.ts';
import { TIME_FIELD } from './event-search.ts';
import { hiddenTest } from './hidden-fields.ts';
import type { View } from './rights.ts';

/** Stand before and behind what the store marks; no event has them but by malice, and then only marks are wrong. */
const OPEN = '\u{f8f01}';
const CLOSE = '\u{f8f02}';
const MAX_MARKS = 50;

/** Marks in all fields. */
export const highlightOf = (query: Query): Highlight => ({
  fields: [{ field: '*', fragmentSize: 500, number: 5 }],
  preTags: [OPEN],
  postTags: [CLOSE],
  requireFieldMatch: true,
  query,
});

/** `_source` without hidden fields, also where they are written with dots in their names. */
export const sourceOf = ({ hidden }: View): SearchRequest['source'] =>
  hidden.length === 0 ? true : { includes: [], excludes: hidden.flatMap((field) => [field, `${field}.*`]) };

/** Newest first, and what arrived last of those with one time. */
export const newestFirst: SearchRequest['sort'] = [
  { field: TIME_FIELD, order: 'desc', unmappedType: 'date' },
  { field: '_doc', order: 'desc' },
];

export function eventHits(view: View, hits: readonly SearchHit[]): EventHit[] {
  const isHidden = hiddenTest(view.hidden);
  return hits.map(({ index, id, source, sort, highlight, ignored }): EventHit => {
    const marks = highlight && marksOf(highlight, isHidden);
    const shown = ignored?.filter((field) => !isHidden(field));
    return {
      index,
      id,
      source: source ?? '{}',
      sort: [...(sort ?? [])],
      ...(marks && { highlight: marks }),
      ...(shown && shown.length > 0 && { ignored: shown }),
    };
  });
}

/** The marked parts alone: the page finds them in what it shows. */
function marksOf(
  highlight: Readonly<Record<string, readonly string[]>>,
  isHidden: (field: string) => boolean,
): Record<string, string[]> | undefined {
  const found: [string, string[]][] = [];
  for (const [field, fragments] of Object.entries(highlight)) {
    if (isHidden(field)) continue;
    const marks = new Set<string>();
    for (const fragment of fragments)
      for (const part of fragment.split(OPEN).slice(1)) {
        const end = part.indexOf(CLOSE);
        if (end > 0 && marks.size < MAX_MARKS) marks.add(part.slice(0, end));
      }
    if (marks.size > 0) found.push([field, [...marks]]);
  }
  return found.length > 0 ? Object.fromEntries(found) : undefined;
}
