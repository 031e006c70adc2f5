/** Answers of `_search` as JSON text: documents go into it as they are, without being parsed. */
import '../../event/bigint-json.ts';
import type { SearchHit, SearchRequest, SearchResult } from '../store.ts';

export interface ResponseForm {
  /** `hits.total` as a number, as before version 7. */
  readonly totalAsInt: boolean;
  /** Score that hits show: there is no relevance, so it is 1, or null when they are sorted. */
  readonly sorted: boolean;
  /** `_version`, and `_seq_no` with `_primary_term`. */
  readonly version: boolean;
  readonly seqNo: boolean;
  /** HTTP status, for `_msearch`. */
  readonly status?: number;
}

export const responseForm = (
  request: SearchRequest,
  url: Readonly<Record<string, string | undefined>>,
  body: any,
): ResponseForm => ({
  totalAsInt: url['rest_total_hits_as_int'] === 'true',
  sorted: request.sort.length > 0 && request.sort[0]!.field !== '_score',
  version: (url['version'] ?? body?.version) === true || url['version'] === 'true',
  seqNo: body?.seq_no_primary_term === true || url['seq_no_primary_term'] === 'true',
});

export function searchResponse(result: SearchResult, form: ResponseForm): string {
  const { took, timedOut, total, hits, aggregations, shards, pointInTimeId, failures = [] } = result;
  const parts: string[] = [];
  if (pointInTimeId !== undefined) parts.push(`"pit_id":${JSON.stringify(pointInTimeId)}`);
  const failed = failures.map((reason) => ({
    shard: 0,
    index: null,
    reason: { type: 'corrupt_segment', reason },
  }));
  parts.push(
    `"took":${took}`,
    `"timed_out":${timedOut}`,
    `"_shards":${JSON.stringify({ total: shards, successful: shards, skipped: 0, failed: failed.length, ...(failed.length > 0 && { failures: failed }) })}`,
  );
  const shownTotal = total && `"total":${form.totalAsInt ? total.value : JSON.stringify(total)},`;
  const maxScore = hits.length === 0 || form.sorted ? 'null' : '1.0';
  parts.push(
    `"hits":{${shownTotal ?? ''}"max_score":${maxScore},"hits":[${hits.map((hit) => hitText(hit, form)).join(',')}]}`,
  );
  if (aggregations !== undefined) parts.push(`"aggregations":${aggregations}`);
  if (form.status !== undefined) parts.push(`"status":${form.status}`);
  return `{${parts.join(',')}}`;
}

function hitText(hit: SearchHit, { sorted, version, seqNo }: ResponseForm): string {
  const { index, id, source, fields, highlight, sort, ignored } = hit;
  let text = `{"_index":${JSON.stringify(index)},"_id":${JSON.stringify(id)}`;
  if (version && hit.version !== undefined) text += `,"_version":${hit.version}`;
  if (seqNo && hit.seqNo !== undefined) text += `,"_seq_no":${hit.seqNo},"_primary_term":1`;
  text += `,"_score":${sorted ? 'null' : '1.0'}`;
  if (ignored) text += `,"_ignored":${JSON.stringify(ignored)}`;
  if (source !== undefined) text += `,"_source":${source}`;
  if (fields) text += `,"fields":${JSON.stringify(fields)}`;
  if (highlight) text += `,"highlight":${JSON.stringify(highlight)}`;
  if (sort) text += `,"sort":${JSON.stringify(sort)}`;
  return `${text}}`;
}
