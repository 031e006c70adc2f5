/** Partial updates of documents (`_update`, update operations of `_bulk`). */
import { isMap } from '../../event/event.ts';
import { StoreError, unsupported } from '../errors.ts';

type Json = Record<string, unknown>;

/**
 * The document after an update, as JSON text; 'noop' when it would be the same.
 * `old`: undefined when there is none. @throws StoreError
 */
export function applyUpdate(body: Buffer, old: string | undefined, id: string): string | 'noop' {
  let update: Json;
  try {
    update = parse(body.toString());
  } catch (error) {
    throw new StoreError(
      400,
      'x_content_parse_exception',
      `the update of [${id}] is no JSON: ${(error as Error).message}`,
    );
  }
  if (update === null || typeof update !== 'object' || Array.isArray(update))
    throw new StoreError(400, 'x_content_parse_exception', `the update of [${id}] is no JSON object`);
  if ('script' in update || update['scripted_upsert'] === true) throw unsupported('An update by script');
  const { doc, upsert } = update;
  if (doc !== undefined && !isMap(doc))
    throw new StoreError(400, 'x_content_parse_exception', `[doc] of the update of [${id}] is no object`);
  if (old === undefined) {
    if (isMap(upsert)) return stringify(upsert);
    if (update['doc_as_upsert'] === true && doc !== undefined) return stringify(doc);
    throw new StoreError(404, 'document_missing_exception', `[${id}]: document missing`);
  }
  if (doc === undefined) {
    if (isMap(upsert)) return 'noop';
    throw new StoreError(
      400,
      'action_request_validation_exception',
      'Validation Failed: 1: script or doc is missing;',
    );
  }
  const before = parse(old);
  const after = merge(before, doc);
  const text = stringify(after);
  if (update['detect_noop'] !== false && text === stringify(before)) return 'noop';
  return text;
}

/** Objects are merged, everything else is replaced. */
function merge(old: Json, change: Json): Json {
  const merged: Json = { __proto__: null, ...old };
  for (const key of Object.keys(change)) {
    const before = merged[key];
    const next = change[key];
    merged[key] = isMap(before) && isMap(next) ? merge(before, next) : next;
  }
  return merged;
}

/** Numbers that JavaScript would change stay as they are written. */
const parse = (text: string): Json =>
  JSON.parse(text, ((_key: string, value: unknown, context: { source?: string }) => {
    if (typeof value !== 'number' || context.source === undefined) return value;
    return String(value) === context.source ? value : JSON.rawJSON(context.source);
  }) as (key: string, value: unknown) => unknown) as Json;

const stringify = (value: unknown): string => JSON.stringify(value);
