/** Conditions that were clicked together, as a query. */
import type { Query, QueryValue } from '../../../query/tree.ts';
import type { FilterPill } from '../../contract.ts';
import { ConsoleError } from '../call.ts';

/** All that are enabled hold at once. @throws ConsoleError for a value that its operator can not take */
export function pillsQuery(pills: readonly FilterPill[]): Query[] {
  return pills.filter(({ disabled }) => disabled !== true).map(pillQuery);
}

function pillQuery(pill: FilterPill): Query {
  const { field, operator, value } = pill;
  switch (operator) {
    case 'is':
      return equals(field, scalar(pill, value));
    case 'is_not':
      return { type: 'not', of: equals(field, scalar(pill, value)) };
    case 'exists':
      return { type: 'exists', field };
    case 'not_exists':
      return { type: 'not', of: { type: 'exists', field } };
    case 'one_of':
      return oneOf(pill);
    case 'not_one_of':
      return { type: 'not', of: oneOf(pill) };
    case 'range':
      return range(pill);
  }
}

/** Text as a phrase: the whole value of a keyword, words behind one another in analysed text. */
const equals = (field: string, value: QueryValue): Query =>
  field === '_id'
    ? { type: 'ids', values: [String(value)] }
    : typeof value === 'string'
      ? { type: 'phrase', field, text: value }
      : { type: 'term', field, value };

function oneOf(pill: FilterPill): Query {
  if (!Array.isArray(pill.value) || pill.value.length === 0 || pill.value.length > 1000)
    throw invalid(pill, 'a list of values');
  return { type: 'or', of: pill.value.map((value) => equals(pill.field, scalar(pill, value))) };
}

function range(pill: FilterPill): Query {
  const given = pill.value;
  if (typeof given !== 'object' || given === null) throw invalid(pill, 'bounds');
  const bounds: { -readonly [K in 'gt' | 'gte' | 'lt' | 'lte']?: QueryValue } = {};
  for (const key of ['gt', 'gte', 'lt', 'lte'] as const) {
    const bound = (given as Record<string, unknown>)[key];
    if (bound !== undefined && bound !== null && bound !== '') bounds[key] = scalar(pill, bound);
  }
  if (Object.keys(bounds).length === 0) throw invalid(pill, 'at least one bound');
  return { type: 'range', field: pill.field, ...bounds };
}

function scalar(pill: FilterPill, value: unknown): QueryValue {
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw invalid(pill, 'a text, a number or true or false');
}

const invalid = ({ field, operator }: FilterPill, what: string): ConsoleError =>
  new ConsoleError(400, 'filter', `the filter on ${field} (${operator.replaceAll('_', ' ')}) needs ${what}`);
