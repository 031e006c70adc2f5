/** Reading parameters of aggregations, with Elasticsearch's words when they are wrong. */
import { parsingError, StoreError } from '../../../errors.ts';
import type { Aggregation } from '../../../store.ts';

export const illegal = (reason: string): StoreError =>
  new StoreError(400, 'illegal_argument_exception', reason);

export function fieldOf({ type, parameters }: Aggregation): string {
  const { field } = parameters;
  if (typeof field !== 'string' || field === '')
    throw new StoreError(
      400,
      'illegal_argument_exception',
      `Required one of fields [field, script], but none were specified. [${type}]`,
    );
  return field;
}

export function numberOf({ type, parameters }: Aggregation, name: string, otherwise?: number): number {
  const value = parameters[name];
  if (value === undefined || value === null) {
    if (otherwise === undefined) throw parsingError(`Required [${name}] of aggregation [${type}] is missing`);
    return otherwise;
  }
  const read = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof read !== 'number' || !Number.isFinite(read))
    throw parsingError(`[${type}] ${name} doesn't support values of type: ${JSON.stringify(value)}`);
  return read;
}

/** Buckets that one answer may hold in all, as Elasticsearch's `search.max_buckets`. */
export const MAX_BUCKETS = 65_536;

export const tooManyBuckets = (count: number): StoreError =>
  new StoreError(
    400,
    'too_many_buckets_exception',
    `Trying to create too many buckets. Must be less than or equal to: [${MAX_BUCKETS}] but was [${count}]. This limit can be set by changing the [search.max_buckets] cluster level setting.`,
    { max_buckets: MAX_BUCKETS },
  );
