/**
 * Aggregations: every bucket aggregation is one grouping over the rows, with the keys of those around it; the metrics
 * inside it come with the same statement. Limits apply for each bucket around.
 */

import { parseJson } from '../../../event/json.ts';
import { sqlText } from '../../../query/sql-literal.ts';
import type { Query } from '../../../query/tree.ts';
import { unsupported } from '../../errors.ts';
import { parseSort } from '../../parse-sort.ts';
import type { Aggregation, SearchHit, SortKey } from '../../store.ts';
import type { Bucket, Bucketing } from './aggregate/bucketing.ts';
import { compositeBuckets, compositeSources } from './aggregate/composite.ts';
import { conditionBuckets, conditionsOf } from './aggregate/conditions.ts';
import {
  autoInterval,
  dateHistogramBuckets,
  histogramBuckets,
  needsRange,
  type TimeRange,
} from './aggregate/histogram.ts';
import { type Metric, metricOf, metricTypes } from './aggregate/metrics.ts';
import { type NestedView, nothingWanted, type Wanted } from './aggregate/nested.ts';
import { fieldOf, illegal, MAX_BUCKETS, numberOf, tooManyBuckets } from './aggregate/parameters.ts';
import { type FieldView, Relation } from './aggregate/relation.ts';
import { termsBuckets } from './aggregate/terms.ts';
import type { FoundRow } from './find-rows.ts';
import { readHits, type SearchContext } from './search.ts';
import type { SqlValue } from './sql-engine.ts';

type Aggregations = Readonly<Record<string, Aggregation>>;
type Results = Record<string, unknown>;

/** @returns what Elasticsearch answers under `aggregations` */
export async function runAggregations(
  context: SearchContext,
  query: Query,
  aggregations: Aggregations,
): Promise<Results> {
  const results: Results = {};
  const plain: Record<string, Aggregation> = {};
  for (const [name, aggregation] of Object.entries(aggregations)) {
    if (aggregation.type !== 'global') {
      plain[name] = aggregation;
      continue;
    }
    const inside = await new Evaluation(context, { type: 'all' }, aggregation.aggregations ?? {}).run(true);
    results[name] = { doc_count: inside.documents, ...inside.results };
  }
  if (Object.keys(plain).length > 0)
    Object.assign(results, (await new Evaluation(context, query, plain).run(false)).results);
  // In the order of the request.
  return Object.fromEntries(Object.keys(aggregations).map((name) => [name, results[name]]));
}

/** Rows below some buckets. */
interface Scope {
  /** SELECT with the relation's columns and those of the keys around. */
  readonly from: string;
  /** Columns of the keys around, outermost first. */
  readonly keys: readonly string[];
  /** What a row is: a document, or an object inside of one. */
  readonly view: FieldView;
}

/** About as many statements answer them. */
const statementsOf = (aggregations: Aggregations): number =>
  Object.values(aggregations).reduce(
    (sum, one) => sum + (metricTypes.has(one.type) ? 0 : 1 + statementsOf(one.aggregations ?? {})),
    0,
  );

class Evaluation {
  readonly #context: SearchContext;
  readonly #aggregations: Aggregations;
  readonly #relation: Relation;
  readonly #conditions = new Map<Aggregation, NonNullable<ReturnType<typeof conditionsOf>>>();
  readonly #ranges = new Map<FieldView, Map<string, TimeRange | undefined>>();
  #buckets = 0;

  constructor(context: SearchContext, query: Query, aggregations: Aggregations) {
    this.#context = context;
    this.#aggregations = aggregations;
    const wanted = nothingWanted();
    const places = this.#collect(aggregations, wanted, wanted, 0);
    this.#relation = new Relation(context, { query, wanted, places });
    context.progress?.expect(this.#relation.plan.rows * statementsOf(aggregations));
  }

  /** Fields and conditions of the whole tree; true when rows must be found again. */
  #collect(aggregations: Aggregations, root: Wanted, wanted: Wanted, depth: number): boolean {
    if (depth > 20) throw illegal('aggregations are nested too deeply');
    const { fields, queries } = wanted;
    let places = false;
    for (const [name, aggregation] of Object.entries(aggregations)) {
      const { type } = aggregation;
      if (type === 'global') throw illegal('Aggregator [global] cannot be used as a sub-aggregation');
      if (type === 'nested' || type === 'reverse_nested') {
        const below = type === 'nested' ? nestedIn(wanted, pathOf(aggregation)) : root;
        if (type === 'reverse_nested') {
          if (wanted === root)
            throw illegal(
              `Reverse nested aggregation [${name}] can only be used inside a [nested] aggregation`,
            );
          if (aggregation.parameters['path'] !== undefined) throw unsupported('[reverse_nested] with [path]');
          // Rows are told by their sequence numbers.
          places = true;
        }
        places = this.#collect(aggregation.aggregations ?? {}, root, below, depth + 1) || places;
        continue;
      }
      const conditions = conditionsOf(aggregation, this.#context.now);
      if (conditions) {
        this.#conditions.set(aggregation, conditions);
        for (const { query } of conditions) queries.push(query);
      } else if (type === 'top_hits' || type === 'top_metrics') {
        if (wanted !== root) throw unsupported(`[${type}] in a [nested] aggregation`);
        places = true;
        for (const { field } of sortOf(aggregation)) if (!field.startsWith('_')) fields.add(field);
        for (const field of metricsOf(aggregation)) fields.add(field);
      } else if (type === 'composite')
        for (const source of compositeSources(aggregation)) fields.add(source.parameters['field'] as string);
      else fields.add(fieldOf(aggregation));
      if (aggregation.aggregations)
        places = this.#collect(aggregation.aggregations, root, wanted, depth + 1) || places;
    }
    return places;
  }

  /** `counted`: how many documents there are is wanted, too, and not 0. */
  async run(counted: boolean): Promise<{ documents: number; results: Results }> {
    const scope: Scope = { from: this.#relation.sql, keys: [], view: this.#relation };
    const metrics = this.#metrics(this.#aggregations, scope.view);
    let documents = 0;
    let results: Results = {};
    if (counted || metrics.length > 0) {
      const [row] = await this.#rows(
        `SELECT ${['count(*)', ...metrics.flatMap(([, metric]) => metric.sql)].join(', ')} FROM (${scope.from})`,
      );
      documents = Number(row![0]);
      results = this.#showMetrics(metrics, row!.slice(1));
    }
    const inside = (await this.#inside(scope, this.#aggregations)).get('') ?? {};
    return {
      documents,
      results: this.#inOrder(this.#aggregations, { ...results, ...inside }, scope.view),
    };
  }

  #rows(sql: string): Promise<readonly (readonly SqlValue[])[]> {
    return this.#context.engine.rows(sql, this.#context.signal, this.#relation.plan.rows);
  }

  #metrics(aggregations: Aggregations, view: FieldView): [string, Metric][] {
    return Object.entries(aggregations)
      .filter(([, { type }]) => metricTypes.has(type))
      .map(([name, aggregation]) => [name, metricOf(aggregation, view)]);
  }

  #showMetrics(metrics: readonly (readonly [string, Metric])[], values: readonly SqlValue[]): Results {
    const shown: Results = {};
    let at = 0;
    for (const [name, metric] of metrics) {
      shown[name] = metric.show(values.slice(at, at + metric.sql.length));
      at += metric.sql.length;
    }
    return shown;
  }

  /** Names in the order of the request, with `meta`; what has no rows shows its empty form. */
  #inOrder(aggregations: Aggregations, results: Results, view: FieldView): Results {
    return Object.fromEntries(
      Object.entries(aggregations).map(([name, aggregation]) => {
        const result = results[name] ?? this.#emptyResult(aggregation, view);
        return [name, aggregation.meta ? { meta: aggregation.meta, ...(result as object) } : result];
      }),
    );
  }

  #emptyResult(aggregation: Aggregation, view: FieldView): unknown {
    if (metricTypes.has(aggregation.type)) {
      const metric = metricOf(aggregation, view);
      return metric.show(metric.sql.map(() => null));
    }
    if (aggregation.type === 'top_hits') return hitsShown([]);
    if (aggregation.type === 'top_metrics') return { top: [] };
    const children = aggregation.aggregations ?? {};
    const below = this.#viewBelow(aggregation, view);
    if (below) return { doc_count: 0, ...this.#inOrder(children, {}, below) };
    return this.#bucketing(aggregation, view).show([], { documents: 0, buckets: 0 }, () =>
      this.#inOrder(children, {}, view),
    );
  }

  /** Results of bucket aggregations and top hits, by the keys around. */
  async #inside(scope: Scope, aggregations: Aggregations): Promise<Map<string, Results>> {
    const found = new Map<string, Results>();
    const put = (keys: string, name: string, result: unknown): void => {
      let results = found.get(keys);
      if (!results) found.set(keys, (results = {}));
      results[name] = result;
    };
    for (const [name, aggregation] of Object.entries(aggregations)) {
      if (metricTypes.has(aggregation.type)) continue;
      const below = this.#viewBelow(aggregation, scope.view);
      const results = below
        ? await this.#ofObjects(scope, aggregation, below)
        : aggregation.type === 'top_hits' || aggregation.type === 'top_metrics'
          ? await this.#topRows(scope, aggregation)
          : await this.#grouped(scope, aggregation);
      for (const [keys, result] of results) put(keys, name, result);
    }
    return found;
  }

  /** What rows are inside of `nested` and `reverse_nested`; undefined for others: the same as around them. */
  #viewBelow(aggregation: Aggregation, view: FieldView): NestedView | Relation | undefined {
    if (aggregation.type === 'nested') return view.nested(pathOf(aggregation));
    return aggregation.type === 'reverse_nested' ? this.#relation : undefined;
  }

  /** The objects of the rows, or the documents of the objects, each once in every bucket around. */
  async #ofObjects(
    scope: Scope,
    { aggregations: children = {} }: Aggregation,
    view: NestedView | Relation,
  ): Promise<Map<string, Results>> {
    const { keys } = scope;
    const from =
      view instanceof Relation
        ? `SELECT * FROM (${scope.from}) QUALIFY row_number() OVER (PARTITION BY ${[...keys, '_seq'].join(', ')}) = 1`
        : view.objectsOf(scope.from);
    const metrics = this.#metrics(children, view);
    const rows = await this.#rows(
      `SELECT ${[...keys, 'count(*)', ...metrics.flatMap(([, metric]) => metric.sql)].join(', ')} FROM (${from})` +
        `${keys.length > 0 ? ` GROUP BY ${keys.join(', ')}` : ''} LIMIT ${MAX_BUCKETS + 1}`,
    );
    this.#buckets += rows.length;
    if (this.#buckets > MAX_BUCKETS) throw tooManyBuckets(this.#buckets);
    const within = await this.#inside({ from, keys, view }, children);
    const results = new Map<string, Results>();
    for (const row of rows) {
      const parent = keyText(row.slice(0, keys.length));
      const inside = {
        ...this.#showMetrics(metrics, row.slice(keys.length + 1)),
        ...within.get(parent),
      };
      results.set(parent, { doc_count: Number(row[keys.length]), ...this.#inOrder(children, inside, view) });
    }
    return results;
  }

  #bucketing(aggregation: Aggregation, relation: FieldView): Bucketing {
    const conditions = this.#conditions.get(aggregation);
    if (conditions) return conditionBuckets(aggregation, conditions, relation);
    switch (aggregation.type) {
      case 'terms':
        return termsBuckets(aggregation, relation);
      case 'histogram':
        return histogramBuckets(aggregation, relation);
      case 'composite':
        return compositeBuckets(aggregation, relation, (field) => this.#ranges.get(relation)?.get(field));
      case 'auto_date_histogram': {
        const range = this.#ranges.get(relation)?.get(fieldOf(aggregation));
        const { interval, ...chosen } = range
          ? autoInterval(range, numberOf(aggregation, 'buckets', 10))
          : { interval: '1s', fixed_interval: '1s' };
        const { buckets: _, ...parameters } = aggregation.parameters;
        const bucketing = dateHistogramBuckets(
          { ...aggregation, parameters: { ...parameters, ...chosen } },
          relation,
          range,
          this.#context.now,
        );
        return {
          ...bucketing,
          show: (found, all, empty) => ({ ...bucketing.show(found, all, empty), interval }),
        };
      }
      case 'date_histogram':
        return dateHistogramBuckets(
          aggregation,
          relation,
          this.#ranges.get(relation)?.get(fieldOf(aggregation)),
          this.#context.now,
        );
      default:
        throw unsupported(`[${aggregation.type}] aggregation`);
    }
  }

  /** Learns first and last times of fields whose buckets depend on clock changes. */
  async #learnRanges(aggregation: Aggregation, view: FieldView): Promise<void> {
    const fields =
      aggregation.type === 'composite'
        ? compositeSources(aggregation)
            .filter(({ parameters }) => parameters['time_zone'] !== undefined)
            .map(({ parameters }) => parameters['field'] as string)
        : aggregation.type === 'auto_date_histogram' ||
            (aggregation.type === 'date_histogram' && needsRange(aggregation))
          ? [fieldOf(aggregation)]
          : [];
    let known = this.#ranges.get(view);
    if (!known) this.#ranges.set(view, (known = new Map()));
    for (const name of fields) {
      const field = view.field(name);
      if (!field || known.has(name)) continue;
      // Of these, a longer range does: no row need be read.
      const times =
        aggregation.type === 'date_histogram' &&
        name === '@timestamp' &&
        !field.multi &&
        view === this.#relation;
      const around = times ? this.#relation.plan.times : undefined;
      if (around) {
        known.set(name, around);
        continue;
      }
      const [least, most] = field.multi
        ? [`min(list_min(${field.sql}))`, `max(list_max(${field.sql}))`]
        : [`min(${field.sql})`, `max(${field.sql})`];
      const [row] = await this.#rows(`SELECT ${least}, ${most} FROM (${view.rowsOf(this.#relation.sql)})`);
      known.set(name, row![0] === null ? undefined : { from: Number(row![0]), to: Number(row![1]) });
    }
  }

  async #grouped(scope: Scope, aggregation: Aggregation): Promise<Map<string, Results>> {
    const { view } = scope;
    await this.#learnRanges(aggregation, view);
    const bucketing = this.#bucketing(aggregation, view);
    const children = aggregation.aggregations ?? {};
    const metrics = this.#metrics(children, view);
    const depth = scope.keys.length;
    const keys = bucketing.keys.map((_, at) => `b${depth + at}`);
    let from = scope.from;
    bucketing.keys.forEach(({ sql, multi, nullable }, at) => {
      const list = nullable ? `CASE WHEN coalesce(len(${sql}), 0) = 0 THEN [NULL] ELSE ${sql} END` : sql;
      from = `SELECT *, ${multi ? `unnest(${list})` : sql} AS ${keys[at]} FROM (${from})`;
    });
    const present = keys.filter((_, at) => !bucketing.keys[at]!.nullable).map((key) => `${key} IS NOT NULL`);
    if (present.length > 0) from = `SELECT * FROM (${from}) WHERE ${present.join(' AND ')}`;
    const names = {
      keys,
      expression: (path: string): string => {
        if (path === '_count') return 'count(*)';
        const [name = '', property] = path.split(/[.>]/, 2);
        const metric = metrics.find(([known]) => known === name)?.[1];
        if (!metric)
          throw illegal(
            `Invalid aggregation order path [${path}]. The provided aggregation [${name}] either does not exist, or is a pipeline aggregation and cannot be used to sort the buckets.`,
          );
        return metric.orderBy(property);
      },
    };
    const around = scope.keys.length > 0 ? `PARTITION BY ${scope.keys.join(', ')}` : '';
    const order = bucketing.order?.(names) ?? keys.join(', ');
    const having = bucketing.having?.(names);
    const all = [...scope.keys, ...keys];
    const rows = await this.#rows(
      `SELECT ${all.join(', ')}, count(*), sum(count(*)) OVER (${around}), count(*) OVER (${around})` +
        `${metrics
          .flatMap(([, metric]) => metric.sql)
          .map((sql) => `, ${sql}`)
          .join('')} FROM (${from}) GROUP BY ${all.join(', ')} ` +
        `HAVING count(*) >= ${bucketing.minimum}${having ? ` AND ${having}` : ''} ` +
        (bucketing.limit === undefined || scope.keys.length === 0
          ? ''
          : `QUALIFY row_number() OVER (${around} ORDER BY ${order}) <= ${bucketing.limit} `) +
        `ORDER BY ${[...scope.keys, order].join(', ')} ` +
        `LIMIT ${scope.keys.length === 0 ? (bucketing.limit ?? MAX_BUCKETS + 1) : MAX_BUCKETS + 1}`,
    );
    this.#buckets += rows.length;
    if (this.#buckets > MAX_BUCKETS) throw tooManyBuckets(this.#buckets);
    const within = await this.#childResults({ from, keys: all, view }, children, rows, bucketing);
    const parents = new Map<string, { found: Bucket[]; documents: number; buckets: number }>();
    for (const row of rows) {
      const parent = keyText(row.slice(0, depth));
      let entry = parents.get(parent);
      if (!entry)
        parents.set(
          parent,
          (entry = {
            found: [],
            documents: Number(row[all.length + 1]),
            buckets: Number(row[all.length + 2]),
          }),
        );
      entry.found.push({
        keys: row.slice(depth, all.length),
        count: Number(row[all.length]),
        inside: this.#inOrder(
          children,
          {
            ...this.#showMetrics(metrics, row.slice(all.length + 3)),
            ...within.get(keyText(row.slice(0, all.length))),
          },
          view,
        ),
      });
    }
    const results = new Map<string, Results>();
    for (const [parent, { found, documents, buckets }] of parents)
      results.set(
        parent,
        bucketing.show(found, { documents, buckets }, () => this.#inOrder(children, {}, view)),
      );
    return results;
  }

  /** What stands inside of the buckets that were found, and not of those that a limit cut off. */
  #childResults(
    scope: Scope,
    children: Aggregations,
    rows: readonly (readonly SqlValue[])[],
    { limit }: Bucketing,
  ): Promise<Map<string, Results>> | Map<string, Results> {
    if (rows.length === 0 || Object.values(children).every(({ type }) => metricTypes.has(type)))
      return new Map();
    if (limit === undefined) return this.#inside(scope, children);
    const width = scope.keys.length;
    const values = rows.map((row) => `(${row.slice(0, width).map(literal).join(', ')})`).join(', ');
    const names = scope.keys.map((_, at) => `s${at}`);
    const same = scope.keys.map((key, at) => `${key} IS NOT DISTINCT FROM ${names[at]}`).join(' AND ');
    return this.#inside(
      {
        ...scope,
        from: `SELECT * FROM (${scope.from}) SEMI JOIN (VALUES ${values}) AS chosen(${names.join(', ')}) ON ${same}`,
      },
      children,
    );
  }

  /** `top_hits` and `top_metrics`: the first rows of every bucket. */
  async #topRows(scope: Scope, aggregation: Aggregation): Promise<Map<string, Results>> {
    const from = numberOf(aggregation, 'from', 0);
    const size = numberOf(aggregation, 'size', aggregation.type === 'top_hits' ? 3 : 1);
    if (from + size > 100)
      throw illegal(
        `Top hits result window is too large, the top hits aggregator's from + size must be less than or equal to: [100] but was [${from + size}].`,
      );
    const sort = sortOf(aggregation);
    const keys = sort.map(({ field, order }) => ({
      sql: field.startsWith('_') ? '_seq' : this.#sortValue(field, order),
      order,
    }));
    const metricFields = metricsOf(aggregation);
    const columns = [
      ...scope.keys,
      'count(*) OVER (PARTITION BY ' + (scope.keys.join(', ') || '1') + ')',
      '_file',
      '_row',
      '_seq',
      ...keys.map(({ sql }) => sql),
      ...metricFields.map((name) => this.#relation.field(name)?.sql ?? 'NULL'),
    ];
    const order = [...keys.map(({ sql, order: way }) => `${sql} ${way} NULLS LAST`), '_seq'].join(', ');
    const rows = await this.#rows(
      `SELECT ${columns.join(', ')} FROM (${scope.from}) ` +
        `QUALIFY row_number() OVER (PARTITION BY ${scope.keys.join(', ') || '1'} ORDER BY ${order}) BETWEEN ${from + 1} AND ${from + size} ORDER BY ${[...scope.keys, order].join(', ')} LIMIT ${MAX_BUCKETS}`,
    );
    const width = scope.keys.length;
    const grouped = new Map<string, (readonly SqlValue[])[]>();
    for (const row of rows) {
      const parent = keyText(row.slice(0, width));
      const known = grouped.get(parent);
      if (known) known.push(row);
      else grouped.set(parent, [row]);
    }
    const results = new Map<string, Results>();
    if (aggregation.type === 'top_metrics') {
      for (const [parent, group] of grouped)
        results.set(parent, {
          top: group.map((row) => ({
            sort: row.slice(width + 4, width + 4 + keys.length),
            metrics: Object.fromEntries(
              metricFields.map((name, at) => [name, row[width + 4 + keys.length + at] ?? null]),
            ),
          })),
        });
      return results;
    }
    const found = rows.map(
      (row): FoundRow => ({
        rowSet: this.#relation.rowSet(row[width + 1] as string),
        row: Number(row[width + 2]),
        sequence: Number(row[width + 3]),
        sort: row.slice(width + 4, width + 4 + keys.length),
      }),
    );
    const hits = await readHits(
      this.#context,
      {
        source: sourceOf(aggregation),
        sort: aggregation.parameters['sort'] ? sort : [],
        query: { type: 'all' },
      },
      found,
    );
    const byRow = new Map(rows.map((row, at) => [row, hits[at]!]));
    for (const [parent, group] of grouped)
      results.set(
        parent,
        hitsShown(
          group.map((row) => byRow.get(row)!),
          Number(group[0]![width]),
        ),
      );
    return results;
  }

  #sortValue(name: string, order: 'asc' | 'desc'): string {
    const field = this.#relation.field(name);
    if (!field) return 'NULL';
    return field.multi ? `list_${order === 'asc' ? 'min' : 'max'}(${field.sql})` : field.sql;
  }
}

function pathOf({ parameters, type }: Aggregation): string {
  const { path } = parameters;
  if (typeof path !== 'string' || path === '')
    throw illegal(`Required [path] of aggregation [${type}] is missing`);
  return path;
}

function nestedIn({ nested }: Wanted, path: string): Wanted {
  let inside = nested.get(path);
  if (!inside) nested.set(path, (inside = nothingWanted()));
  return inside;
}

const keyText = (keys: readonly SqlValue[]): string =>
  keys.map((key) => `${typeof key}:${String(key)}`).join('\u0000');

const literal = (value: SqlValue): string =>
  value === null ? 'NULL' : typeof value === 'string' ? sqlText(value) : String(value);

const sortOf = ({ type, parameters }: Aggregation): readonly SortKey[] => {
  const sort = parseSort(parameters['sort']);
  if (type === 'top_metrics' && sort.length === 0)
    throw illegal('Required [sort] of aggregation [top_metrics] is missing');
  return sort;
};

function metricsOf({ type, parameters }: Aggregation): string[] {
  if (type !== 'top_metrics') return [];
  const { metrics } = parameters;
  const list = Array.isArray(metrics) ? metrics : [metrics];
  return list.map((one: any) => {
    if (typeof one?.field !== 'string') throw illegal('[top_metrics] metrics are {"field": "…"}');
    return one.field as string;
  });
}

function sourceOf({ parameters }: Aggregation): boolean | { includes: string[]; excludes: string[] } {
  const source = parameters['_source'];
  if (typeof source === 'boolean') return source;
  if (typeof source === 'string') return { includes: [source], excludes: [] };
  if (Array.isArray(source)) return { includes: source.map(String), excludes: [] };
  if (typeof source === 'object' && source !== null) {
    const { includes = [], excludes = [] } = source as Record<string, string | string[]>;
    return { includes: [includes].flat(), excludes: [excludes].flat() };
  }
  return true;
}

/** `hits` as a search shows them. */
function hitsShown(hits: readonly SearchHit[], total = hits.length): Results {
  return {
    hits: {
      total: { value: total, relation: 'eq' },
      max_score: hits.length > 0 && hits[0]!.sort === undefined ? 1 : null,
      hits: hits.map(({ index, id, source, sort }) => ({
        _index: index,
        _id: id,
        _score: sort === undefined ? 1 : null,
        ...(source !== undefined && { _source: parseJson(source) }),
        ...(sort && { sort }),
      })),
    },
  };
}
