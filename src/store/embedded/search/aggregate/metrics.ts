/** Metric aggregations: what they compute in SQL, and how the answer shows it. */

import { sqlText } from '../../../../query/sql-literal.ts';
import type { Aggregation } from '../../../store.ts';
import type { SqlValue } from '../sql-engine.ts';
import { dateFormatter, UTC } from './dates.ts';
import { fieldOf, illegal } from './parameters.ts';
import type { FieldView, RelationField } from './relation.ts';

export interface Metric {
  /** Aggregate expressions; their values are handed to `show` in the same order. */
  readonly sql: readonly string[];
  show(values: readonly SqlValue[]): Record<string, unknown>;
  /** Which of `sql` a bucket order such as `stats.max` means. */
  orderBy(property: string | undefined): string;
}

export const metricTypes: ReadonlySet<string> = new Set([
  'cardinality',
  'value_count',
  'min',
  'max',
  'avg',
  'sum',
  'stats',
  'extended_stats',
  'percentiles',
  'percentile_ranks',
]);

const number = (value: SqlValue | undefined): number | null =>
  value === null || value === undefined ? null : Number(value);

/** @throws StoreError for a field whose type has no numbers */
export function metricOf(aggregation: Aggregation, relation: FieldView): Metric {
  const { type } = aggregation;
  const name = fieldOf(aggregation);
  const field = withMissing(aggregation, relation.field(name));
  if (type === 'cardinality' || type === 'value_count') return counting(type, field);
  if (field && !isNumeric(field))
    throw illegal(`Field [${name}] of type [${field.type}] is not supported for aggregation [${type}]`);
  const values = field && numbers(field);
  const dates = field?.type === 'date' ? dateFormatter(aggregation.parameters['format'], UTC) : undefined;
  const texts = (shown: Record<string, number | null>): Record<string, unknown> => {
    if (!dates) return shown;
    const with_: Record<string, unknown> = { ...shown };
    for (const [key, value] of Object.entries(shown))
      if (value !== null && key !== 'count') with_[`${key}_as_string`] = dates(Math.trunc(value));
    return with_;
  };
  switch (type) {
    case 'min':
    case 'max':
    case 'avg':
    case 'sum': {
      const sql = simple(type, values);
      return {
        sql: [sql],
        show: ([value]) => texts({ value: number(value) ?? (type === 'sum' ? 0 : null) }),
        orderBy: () => ordered(type, sql),
      };
    }
    case 'stats':
      return stats(values, texts);
    case 'extended_stats':
      return extendedStats(aggregation, values, texts);
    case 'percentiles':
      return percentiles(aggregation, values);
    default:
      return percentileRanks(aggregation, values);
  }
}

const isNumeric = ({ type }: RelationField): boolean =>
  type === 'long' || type === 'unsigned_long' || type === 'double' || type === 'date' || type === 'boolean';

function withMissing(
  { parameters }: Aggregation,
  field: RelationField | undefined,
): RelationField | undefined {
  const { missing } = parameters;
  if (missing === undefined || field === undefined) return field;
  const value = typeof missing === 'number' ? String(missing) : sqlText(String(missing));
  return { ...field, sql: `coalesce(${field.sql}, ${field.multi ? `[${value}]` : value})` };
}

interface Numbers {
  /** DOUBLE or DOUBLE[]. */
  readonly sql: string;
  readonly multi: boolean;
}

const numbers = ({ sql, multi, type }: RelationField): Numbers => {
  // Text to number needs the way over the boolean's own type.
  const of =
    type === 'boolean' && multi
      ? `list_transform(${sql}, lambda x: x::INTEGER)`
      : type === 'boolean'
        ? `(${sql})::INTEGER`
        : sql;
  return { sql: multi ? `(${of})::DOUBLE[]` : `(${of})::DOUBLE`, multi };
};

function counting(type: 'cardinality' | 'value_count', field: RelationField | undefined): Metric {
  const sql =
    field === undefined
      ? '0'
      : type === 'value_count'
        ? field.multi
          ? `coalesce(sum(len(${field.sql})), 0)`
          : `count(${field.sql})`
        : field.multi
          ? `coalesce(len(list_distinct(flatten(list(${field.sql})))), 0)`
          : `count(DISTINCT ${field.sql})`;
  return { sql: [sql], show: ([value]) => ({ value: number(value) ?? 0 }), orderBy: () => sql };
}

function simple(type: 'min' | 'max' | 'avg' | 'sum' | 'count', values: Numbers | undefined): string {
  if (!values) return type === 'count' || type === 'sum' ? '0' : 'NULL';
  const { sql, multi } = values;
  if (!multi) return `${type}(${sql})`;
  switch (type) {
    case 'count':
      return `coalesce(sum(len(${sql})), 0)`;
    case 'avg':
      return `sum(list_sum(${sql})) / sum(len(${sql}))`;
    default:
      return `${type}(list_${type}(${sql}))`;
  }
}

/** What buckets without a value are in an order: as in Elasticsearch, where these begin at the infinities. */
function ordered(type: string, sql: string): string {
  if (type === 'max') return `coalesce(${sql}, '-infinity'::DOUBLE)`;
  return type === 'min' ? `coalesce(${sql}, 'infinity'::DOUBLE)` : sql;
}

function stats(
  values: Numbers | undefined,
  texts: (shown: Record<string, number | null>) => Record<string, unknown>,
): Metric {
  const names = ['count', 'min', 'max', 'avg', 'sum'] as const;
  const sql = names.map((type) => simple(type, values));
  return {
    sql,
    show: ([count, min, max, avg, sum]) =>
      texts({
        count: number(count) ?? 0,
        min: number(min),
        max: number(max),
        avg: number(avg),
        sum: number(sum) ?? 0,
      }),
    orderBy(property) {
      const at = names.indexOf((property ?? 'count') as (typeof names)[number]);
      return at < 0 ? sql[0]! : ordered(names[at]!, sql[at]!);
    },
  };
}

function extendedStats(
  { parameters }: Aggregation,
  values: Numbers | undefined,
  texts: (shown: Record<string, number | null>) => Record<string, unknown>,
): Metric {
  const basic = stats(values, texts);
  const squares = !values
    ? '0'
    : values.multi
      ? `sum(list_sum(list_transform(${values.sql}, lambda x: x * x)))`
      : `sum(${values.sql} * ${values.sql})`;
  const sigma = typeof parameters['sigma'] === 'number' ? parameters['sigma'] : 2;
  return {
    sql: [...basic.sql, squares],
    show: (row) => {
      const shown = basic.show(row.slice(0, 5));
      const n = number(row[0]) ?? 0;
      const sum = number(row[4]) ?? 0;
      const sumOfSquares = number(row[5]) ?? 0;
      if (n === 0)
        return {
          ...shown,
          sum_of_squares: null,
          variance: null,
          variance_population: null,
          variance_sampling: null,
          std_deviation: null,
          std_deviation_population: null,
          std_deviation_sampling: null,
          std_deviation_bounds: {
            upper: null,
            lower: null,
            upper_population: null,
            lower_population: null,
            upper_sampling: null,
            lower_sampling: null,
          },
        };
      const variance = Math.max(0, (sumOfSquares - (sum * sum) / n) / n);
      const sampling = n > 1 ? Math.max(0, (sumOfSquares - (sum * sum) / n) / (n - 1)) : 'NaN';
      const deviation = Math.sqrt(variance);
      const samplingDeviation = typeof sampling === 'number' ? Math.sqrt(sampling) : 'NaN';
      const mean = sum / n;
      const bound = (by: number | 'NaN', sign: number): number | 'NaN' =>
        typeof by === 'number' ? mean + sign * sigma * by : 'NaN';
      return {
        ...shown,
        sum_of_squares: sumOfSquares,
        variance,
        variance_population: variance,
        variance_sampling: sampling,
        std_deviation: deviation,
        std_deviation_population: deviation,
        std_deviation_sampling: samplingDeviation,
        std_deviation_bounds: {
          upper: bound(deviation, 1),
          lower: bound(deviation, -1),
          upper_population: bound(deviation, 1),
          lower_population: bound(deviation, -1),
          upper_sampling: bound(samplingDeviation, 1),
          lower_sampling: bound(samplingDeviation, -1),
        },
      };
    },
    orderBy: basic.orderBy,
  };
}

const DEFAULT_PERCENTS = [1, 5, 25, 50, 75, 95, 99];

function listOfNumbers(value: unknown, otherwise: readonly number[], name: string): readonly number[] {
  if (value === undefined) return otherwise;
  if (
    !Array.isArray(value) ||
    value.length === 0 ||
    value.length > 100 ||
    !value.every((one) => typeof one === 'number')
  )
    throw illegal(`[${name}] must be a non-empty array of numbers`);
  return value as number[];
}

const percentKey = (percent: number): string =>
  Number.isInteger(percent) ? `${percent}.0` : String(percent);

function keyedOrList(
  { parameters }: Aggregation,
  keys: readonly number[],
  values: readonly (number | null)[],
): Record<string, unknown> {
  if (parameters['keyed'] === false)
    return { values: keys.map((key, at) => ({ key, value: values[at] ?? null })) };
  return { values: Object.fromEntries(keys.map((key, at) => [percentKey(key), values[at] ?? null])) };
}

function percentiles(aggregation: Aggregation, values: Numbers | undefined): Metric {
  const percents = listOfNumbers(aggregation.parameters['percents'], DEFAULT_PERCENTS, 'percents');
  if (percents.some((percent) => percent < 0 || percent > 100))
    throw illegal('percents must be between 0 and 100');
  const quantiles = (of: readonly number[]): string => {
    if (!values) return 'NULL';
    const list = `[${of.map((percent) => percent / 100).join(', ')}]`;
    return values.multi
      ? `list_aggregate(flatten(list(${values.sql})), 'quantile_cont', ${list})`
      : `quantile_cont(${values.sql}, ${list})`;
  };
  return {
    sql: [quantiles(percents)],
    show: ([found]) =>
      keyedOrList(
        aggregation,
        percents,
        Array.isArray(found) ? found.map((value) => number(value as SqlValue)) : [],
      ),
    orderBy: (property) => `(${quantiles([Number(property ?? 50)])})[1]`,
  };
}

function percentileRanks(aggregation: Aggregation, values: Numbers | undefined): Metric {
  const wanted = listOfNumbers(aggregation.parameters['values'], [], 'values');
  const count = simple('count', values);
  const below = (limit: number): string =>
    !values
      ? 'NULL'
      : values.multi
        ? `sum(len(list_filter(${values.sql}, lambda x: x <= ${limit})))`
        : `count(*) FILTER (WHERE ${values.sql} <= ${limit})`;
  const sql = [count, ...wanted.map(below)];
  return {
    sql,
    show: ([all, ...found]) => {
      const total = number(all) ?? 0;
      return keyedOrList(
        aggregation,
        wanted,
        found.map((value) => (total === 0 ? null : ((number(value) ?? 0) / total) * 100)),
      );
    },
    orderBy: () => sql[1]!,
  };
}
