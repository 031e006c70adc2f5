/** The answer to `_bulk`, as Elasticsearch 8 gives it. */
import { globMatch } from './glob-match.ts';
import type { BulkItem, BulkResult } from './store.ts';

/**
 * JSON text of a result. `filterPath` (as in the URL: `errors`, `items.*.status`, `-took`) keeps only what it names; the
 * values are the same either way.
 */
export function formatBulkResponse(result: BulkResult, filterPath: readonly string[] = []): Uint8Array {
  const wants = wantedParts(filterPath);
  let text = '{';
  if (wants.errors) text += `"errors":${result.errors}`;
  if (wants.took) text += `${text === '{' ? '' : ','}"took":${result.took}`;
  if (wants.items) text += `${text === '{' ? '' : ','}"items":${formatItems(result.items, wants.item)}`;
  return Buffer.from(`${text}}`);
}

type Wants = (name: string) => boolean;

/** Filters that Beats, Logstash and the clients send are known parts; others match names one by one. */
function wantedParts(paths: readonly string[]): {
  errors: boolean;
  took: boolean;
  items: boolean;
  item: Wants;
} {
  const included = paths.filter((path) => !path.startsWith('-')).map(segments);
  const excluded = paths.filter((path) => path.startsWith('-')).map((path) => segments(path.slice(1)));
  const isWanted = (name: string): boolean =>
    (included.length === 0 || included.some((path) => reaches(path, name))) &&
    !excluded.some((path) => path.length === 1 && matches(path[0]!, name));
  // Behind `items` comes the action's name, then the field of the item.
  const isFieldWanted = (field: string): boolean => {
    const covers = (path: readonly string[], whole: boolean): boolean => {
      const [first = '', action, name, deeper] = path;
      if (first === '**') return action === undefined || path.slice(1).some((part) => matches(part, field));
      if (!matches(first, 'items')) return false;
      if (action === undefined) return true;
      if (name === undefined) return action === '**' || !whole;
      if (action === '**') return matches(name, field);
      return matches(name, field) && (deeper === undefined || !whole);
    };
    return (
      (included.length === 0 || included.some((path) => covers(path, false))) &&
      !excluded.some((path) => covers(path, true))
    );
  };
  return {
    errors: isWanted('errors'),
    took: isWanted('took'),
    items: isWanted('items'),
    item: isFieldWanted,
  };
}

const segments = (path: string): readonly string[] => path.split('.');
const matches = (pattern: string, name: string): boolean => globMatch(pattern)(name);
const reaches = (path: readonly string[], name: string): boolean => {
  if (path[0] !== '**') return matches(path[0]!, name) && (name === 'items' || path.length === 1);
  return name === 'items' || path.length === 1 || (path.length === 2 && matches(path[1]!, name));
};

function formatItems(items: readonly BulkItem[], wants: Wants): string {
  const want = {
    index: wants('_index'),
    id: wants('_id'),
    version: wants('_version'),
    result: wants('result'),
    shards: wants('_shards'),
    seqNo: wants('_seq_no'),
    primaryTerm: wants('_primary_term'),
    status: wants('status'),
    error: wants('error'),
  };
  let text = '';
  let lastIndex: string | undefined;
  let indexText = '';
  for (const item of items) {
    let fields = '';
    if (want.index) {
      if (item.index !== lastIndex) {
        lastIndex = item.index;
        indexText = `"_index":${JSON.stringify(item.index)},`;
      }
      fields += indexText;
    }
    if (want.id) fields += `"_id":${JSON.stringify(item.id)},`;
    if (item.error === undefined) {
      if (want.version && item.version !== undefined) fields += `"_version":${item.version},`;
      if (want.result && item.result !== undefined) fields += `"result":"${item.result}",`;
      if (want.shards) fields += '"_shards":{"total":1,"successful":1,"failed":0},';
      if (want.seqNo && item.seqNo !== undefined) fields += `"_seq_no":${item.seqNo},`;
      if (want.primaryTerm && item.seqNo !== undefined) fields += '"_primary_term":1,';
    }
    if (want.status) fields += `"status":${item.status},`;
    if (want.error && item.error !== undefined) fields += `"error":${JSON.stringify(item.error)},`;
    if (fields === '') continue;
    text += `${text === '' ? '' : ','}{"${item.action}":{${fields.slice(0, -1)}}}`;
  }
  return `[${text}]`;
}
