/** How a KQL query can go on at the cursor, with values from the store. */

import type { FieldType } from '../../../query/field-types.ts';
import { parseKql } from '../../../query/kql.ts';
import { completeKql, kqlValue } from '../../../query/kql-complete.ts';
import { QueryError } from '../../../query/query-error.ts';
import type { Query } from '../../../query/tree.ts';
import type { Store } from '../../../store/store.ts';
import type { AnswerOf } from '../../contract.ts';
import type { EventSearch } from './event-search.ts';
import type { Field } from './rights.ts';
import { topValues } from './top-values.ts';

const VALUES = 20;
/** Whoever types does not wait longer for values. */
const VALUES_MS = 1500;

export type CompletionAnswer = AnswerOf<'POST /api/events/complete'>;

/** `search`: everything but the query that is being written; undefined when that is not known. */
export async function complete(
  store: Store,
  search: EventSearch | undefined,
  fields: readonly Field[],
  text: string,
  cursor: number,
  signal: AbortSignal,
): Promise<CompletionAnswer> {
  const known = fields.map(({ name, type }) => ({ name, type: type.split(', ')[0] as FieldType }));
  const found = completeKql(text, cursor, known);
  const options: CompletionAnswer['options'] = found.options.map((option) => ({
    text: option.text,
    kind: found.kind,
    detail: option.description,
  }));
  const field =
    found.kind === 'value' && options.length === 0
      ? fields.find(({ name }) => name === found.field)
      : undefined;
  if (field && search) {
    for (const { value, count } of await valuesOf(store, search, field, found.prefix, signal))
      options.push({
        text: found.quoted ? quoted(String(value)) : kqlValue(String(value)),
        kind: 'value',
        detail: `${count.toLocaleString('en')} ${count === 1 ? 'event' : 'events'}`,
      });
  }
  const problem = problemOf(text);
  return { from: found.from, to: found.to, options, ...(problem && { problem }) };
}

const quoted = (value: string): string => `"${value.replace(/["\\]/g, '\\$&')}"`;

async function valuesOf(
  store: Store,
  search: EventSearch,
  field: Field,
  prefix: string,
  signal: AbortSignal,
): Promise<Awaited<ReturnType<typeof topValues>>['values']> {
  if (!field.aggregatable || field.type === 'date') return [];
  const isText = field.type === 'keyword';
  const starts: Query = {
    type: 'wildcard',
    field: field.name,
    pattern: `${prefix.replace(/[\\*?]/g, '\\$&')}*`,
    ignoreCase: true,
  };
  const query: Query = isText && prefix !== '' ? { type: 'and', of: [search.query, starts] } : search.query;
  const wanted = prefix.toLowerCase();
  try {
    const { values } = await topValues(
      store,
      {
        selection: search.view.selection,
        query,
        field: field.name,
        size: isText ? VALUES : 100,
        timeout: VALUES_MS,
      },
      signal,
    );
    return values.filter(({ value }) => String(value).toLowerCase().startsWith(wanted)).slice(0, VALUES);
  } catch (error) {
    // Values are a help: that they can not be had must not stop anyone from writing.
    if (signal.aborted) throw error;
    return [];
  }
}

function problemOf(text: string): CompletionAnswer['problem'] {
  try {
    parseKql(text);
    return undefined;
  } catch (error) {
    if (!(error instanceof QueryError)) throw error;
    const { reason, position, hint } = error;
    return {
      message: reason,
      ...(position !== undefined && { position }),
      ...(hint !== undefined && { hint }),
    };
  }
}
