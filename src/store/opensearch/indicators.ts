/** Which of many values occur: terms aggregations over those that can be in a field, some thousands at once. */
import { isIP } from 'node:net';
import type { IndicatorHit, IndicatorScanRequest } from '../store.ts';
import { type Cluster, type Json, path } from './cluster.ts';
import { fieldCapabilities } from './indices.ts';
import { selectionPath } from './selection.ts';

/** Values in one search: well under `index.max_terms_count` (65,536) and `search.max_buckets`. */
const CHUNK = 5000;
/** Fields in one search. */
const FIELDS = 5;

export async function indicatorScan(
  cluster: Cluster,
  request: IndicatorScanRequest,
  signal?: AbortSignal,
): Promise<readonly IndicatorHit[]> {
  const { indices, values, fields } = request;
  const { fields: known } = await fieldCapabilities(cluster, indices, fields);
  const searchable = fields.filter((field) =>
    Object.values(known[field] ?? {}).some(({ aggregatable }) => aggregatable),
  );
  const hits: IndicatorHit[] = [];
  const unique = [...new Set(values)];
  for (let at = 0; at < unique.length; at += CHUNK) {
    const chunk = unique.slice(at, at + CHUNK);
    for (let from = 0; from < searchable.length; from += FIELDS) {
      const asked = searchable
        .slice(from, from + FIELDS)
        .map((field) => ({ field, values: chunk.filter(possible(Object.keys(known[field]!))) }))
        .filter((one) => one.values.length > 0);
      if (asked.length > 0) hits.push(...(await ask(cluster, request, asked, signal)));
    }
  }
  return hits.sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1));
}

/** An address is no number and a name no address: the cluster refuses a search that asks for it. */
function possible(types: readonly string[]): (value: string) => boolean {
  if (types.includes('ip')) return (value) => isIP(value) !== 0;
  if (types.some((type) => /long|integer|short|byte/.test(type)))
    return (value) => /^-?\d{1,18}$/.test(value);
  if (types.some((type) => /double|float/.test(type))) return (value) => Number.isFinite(Number(value));
  if (types.includes('date')) return (value) => !Number.isNaN(Date.parse(value));
  if (types.includes('boolean')) return (value) => value === 'true' || value === 'false';
  return () => true;
}

async function ask(
  cluster: Cluster,
  { indices, from, to }: IndicatorScanRequest,
  asked: readonly { readonly field: string; readonly values: readonly string[] }[],
  signal: AbortSignal | undefined,
): Promise<IndicatorHit[]> {
  const { names, parameters } = selectionPath(indices);
  const time: Json = {
    ...(from !== undefined && { gte: from }),
    ...(to !== undefined && { lte: to }),
    format: 'epoch_millis',
  };
  const isBounded = from !== undefined || to !== undefined;
  const aggs = asked.map(({ field, values }, at): [string, Json] => [
    `f${at}`,
    {
      terms: { field, include: values, size: values.length },
      aggs: { first: { min: { field: '@timestamp' } }, last: { max: { field: '@timestamp' } } },
    },
  ]);
  const { aggregations } = await cluster.json({
    method: 'POST',
    path: path([names, '_search'], parameters),
    body: {
      size: 0,
      track_total_hits: false,
      query: {
        bool: {
          filter: isBounded ? [{ range: { '@timestamp': time } }] : [],
          should: asked.map(({ field, values }) => ({ terms: { [field]: values } })),
          minimum_should_match: 1,
        },
      },
      aggs: Object.fromEntries(aggs),
    },
    signal,
  });
  return asked.flatMap(({ field }, at) => {
    const buckets = (aggregations?.[`f${at}`].buckets ?? []) as readonly Record<string, any>[];
    return buckets.map(
      ({ key, key_as_string, doc_count, first, last }): IndicatorHit => ({
        value: String(key_as_string ?? key),
        field,
        count: doc_count,
        first: first.value ?? Number.POSITIVE_INFINITY,
        last: last.value ?? Number.NEGATIVE_INFINITY,
      }),
    );
  });
}
