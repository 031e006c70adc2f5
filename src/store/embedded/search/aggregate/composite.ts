/** The composite aggregation: every combination of several keys, in pages. */
import { sqlText } from '../../../../query/sql-literal.ts';
import { parsingError } from '../../../errors.ts';
import type { Aggregation } from '../../../store.ts';
import type { SqlValue } from '../sql-engine.ts';
import type { Bucketing, KeyColumn } from './bucketing.ts';
import { dateFormatter, zoneNamed } from './dates.ts';
import { dateScale, type TimeRange } from './histogram.ts';
import { illegal, numberOf } from './parameters.ts';
import type { FieldView } from './relation.ts';

interface Source {
  readonly name: string;
  readonly kind: 'terms' | 'histogram' | 'date_histogram';
  readonly parameters: Readonly<Record<string, unknown>>;
}

export function compositeSources({ parameters }: Aggregation): Source[] {
  const { sources } = parameters;
  if (!Array.isArray(sources) || sources.length === 0 || sources.length > 20)
    throw parsingError('Required [sources]');
  return sources.map((one: unknown): Source => {
    const [[name, body] = [], ...more] = Object.entries((one ?? {}) as Record<string, Record<string, any>>);
    const [[kind, given] = [], ...others] = Object.entries(body ?? {});
    if (name === undefined || more.length > 0 || others.length > 0 || typeof given?.['field'] !== 'string')
      throw parsingError('[composite] a source is {"name": {"terms": {"field": "…"}}}');
    if (kind !== 'terms' && kind !== 'histogram' && kind !== 'date_histogram')
      throw parsingError(`[composite] unknown source type [${String(kind)}]`);
    return { name, kind, parameters: given };
  });
}

export function compositeBuckets(
  aggregation: Aggregation,
  relation: FieldView,
  range: (field: string) => TimeRange | undefined,
): Bucketing {
  const sources = compositeSources(aggregation).map((source) => {
    const field = relation.field(source.parameters['field'] as string);
    const interval = Number(source.parameters['interval']);
    if (source.kind === 'histogram' && !(interval > 0)) throw illegal('[interval] must be greater than 0');
    const scale =
      source.kind === 'date_histogram'
        ? dateScale(source.parameters, range(source.parameters['field'] as string))
        : undefined;
    const one = (value: string): string =>
      scale ? scale.number(value) : source.kind === 'histogram' ? `floor((${value}) / ${interval})` : value;
    const key: KeyColumn = {
      sql: !field
        ? 'NULL'
        : field.multi
          ? `list_distinct(list_transform(${field.sql}, lambda x: ${one('x')}))`
          : one(field.sql),
      multi: field?.multi ?? false,
      nullable: source.parameters['missing_bucket'] === true,
    };
    const format = source.parameters['format'];
    const text =
      format === undefined ? undefined : dateFormatter(format, zoneNamed(source.parameters['time_zone']));
    const shown = (value: SqlValue): unknown => {
      if (value === null) return null;
      if (scale) {
        const at = scale.key(Number(value));
        return text ? text(at) : at;
      }
      return source.kind === 'histogram' ? Number(value) * interval : value;
    };
    const back = (value: unknown): string => {
      if (value === null) return 'NULL';
      if (scale) return String(scale.at(typeof value === 'number' ? value : Date.parse(String(value))));
      if (source.kind === 'histogram') return String(Math.floor(Number(value) / interval));
      return typeof value === 'number' || typeof value === 'boolean' ? String(value) : sqlText(String(value));
    };
    return { ...source, key, shown, back, descending: source.parameters['order'] === 'desc' };
  });
  const after = aggregation.parameters['after'] as Record<string, unknown> | undefined;
  return {
    keys: sources.map(({ key }) => key),
    limit: numberOf(aggregation, 'size', 10),
    minimum: 1,
    order: ({ keys }) =>
      sources
        .map(({ descending }, at) => `${keys[at]} ${descending ? 'DESC NULLS LAST' : 'ASC NULLS FIRST'}`)
        .join(', '),
    having({ keys }) {
      if (!after) return undefined;
      const alternatives: string[] = [];
      let equal = '';
      sources.forEach(({ name, back, descending }, at) => {
        if (!Object.hasOwn(after, name)) throw illegal(`Missing value for [after.${name}]`);
        const value = back(after[name]);
        const column = keys[at]!;
        if (value === 'NULL') {
          if (!descending) alternatives.push(`${equal}${column} IS NOT NULL`);
        } else
          alternatives.push(
            `${equal}(${column} ${descending ? '<' : '>'} ${value}${descending ? ` OR ${column} IS NULL` : ''})`,
          );
        equal += `${column} IS NOT DISTINCT FROM ${value} AND `;
      });
      return alternatives.length > 0 ? `(${alternatives.join(' OR ')})` : 'false';
    },
    show(found) {
      const buckets = found.map(({ keys, count, inside }) => ({
        key: Object.fromEntries(sources.map(({ name, shown }, at) => [name, shown(keys[at]!)])),
        doc_count: count,
        ...inside,
      }));
      return { ...(buckets.length > 0 && { after_key: buckets.at(-1)!.key }), buckets };
    },
  };
}
