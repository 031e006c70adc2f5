/** Writes the list of values of a segment that indicators are compared with (`value-list.ts`). */
import { sqlText } from '../../query/sql-literal.ts';
import type { Columns, SegmentInfo } from './catalogue.ts';
import type { Duckdb } from './duckdb.ts';
import { writeDurably } from './segment-writer.ts';
import type { StoredColumn } from './snapshot.ts';
import { sparseValues } from './sparse-columns.ts';
import { ValueListBuilder } from './value-list.ts';

/** Fields by which people look for addresses, hashes and names; those of type ip are listed under any name. */
export const INDICATOR_FIELD =
  /(^|[._])(ip|ips|addr|address|addresses|domain|domains|fqdn|host|hosts|hash|hashes|md5|sha1|sha256|sha512|imphash|ssdeep|tlsh|ja3|ja3s|fingerprint|url|uri|original|email|sender|recipient|query|serial_number|registered_domain|resolved_ip|user_agent|name)$|^related\./i;

/** Whether lists have the values of a column. */
export const isListed = ({ field, type }: Pick<StoredColumn, 'field' | 'type'>): boolean =>
  type === 'ip' || (type !== 'flattened' && INDICATOR_FIELD.test(field));

/** Sparse columns that are taken out of their JSON text together. */
const SPARSE_AT_ONCE = 64;
/** Fields beyond an index's limit that lists name. */
const MAX_UNLISTED = 1000;
/** Fields whose numbers are bits of one exact DOUBLE. */
const BITS = 48;

/** Writes the list of a segment's file. False: no field is listed, or none has a value. */
export async function writeIndicators(
  catalogue: { readonly columns: Columns },
  duckdb: Duckdb,
  file: string,
  { columns, sparse = {} }: Pick<SegmentInfo, 'columns' | 'sparse'>,
  target: string,
): Promise<boolean> {
  const from = `read_parquet(${sqlText(file)})`;
  const time = catalogue.columns
    .of('@timestamp')
    .map(({ number }) => `c${number}`)
    .find((name) => columns.includes(name));
  const t = `${time ?? 'NULL::BIGINT'} AS t`;
  const fields: string[] = [];
  /** Each column has a number of its own, so that what two columns of one field say is not taken for the same. */
  const numberOf = (name: string): number =>
    fields.push(catalogue.columns.get(Number(name.slice(1))).field) - 1;
  const isWanted = (name: string): boolean => isListed(catalogue.columns.get(Number(name.slice(1))));
  const summed = (field: string, rows: string): string =>
    `SELECT value, ${field} AS field, count(*) AS count, min(t) AS first, max(t) AS last FROM (${rows}) WHERE value IS NOT NULL GROUP BY ALL`;
  const parts = columns
    .filter(isWanted)
    .map((name) =>
      summed(
        String(numberOf(name)),
        `SELECT ${name.startsWith('m') ? `unnest(CASE WHEN len(${name}) = 2 AND ${name}[1] <> ${name}[2] THEN ${name} ELSE list_distinct(${name}) END)` : name}::VARCHAR AS value, ${t} FROM ${from} WHERE ${name} IS NOT NULL`,
      ),
    );
  const inText = Object.keys(sparse).filter(isWanted);
  for (let at = 0; at < inText.length; at += SPARSE_AT_ONCE) {
    const names = inText.slice(at, at + SPARSE_AT_ONCE);
    const each = names.map((name) => {
      const value = `s.${sparse[name]!}`;
      const values = name.startsWith('m') ? `list_distinct(${value})::VARCHAR[]` : `[${value}::VARCHAR]`;
      return `{'field': ${numberOf(name)}, 'list': ${values}}`;
    });
    parts.push(
      summed(
        'field',
        `SELECT one.field AS field, unnest(one.list) AS value, t FROM (SELECT unnest([${each.join(', ')}]) AS one, t ` +
          `FROM (SELECT ${sparseValues(catalogue.columns, names, sparse)} AS s, ${t} FROM ${from} WHERE _sparse IS NOT NULL))`,
      ),
    );
  }
  if (parts.length === 0) return false;
  const unlisted = await fieldsBeyondLimit(catalogue, duckdb, from, columns);
  // Fields that say the same of a value become a set, as bits. Numbers come as DOUBLE, which is read fastest.
  const sql =
    `SELECT value, (field // ${BITS})::DOUBLE, bit_or(1::BIGINT << (field % ${BITS}))::DOUBLE, count::DOUBLE, first::DOUBLE, ` +
    `coalesce(last - first, 0)::DOUBLE FROM (${parts.join(' UNION ALL ')}) GROUP BY value, field // ${BITS}, count, first, last ORDER BY value`;
  let list: ValueListBuilder | undefined;
  const sets = new Map<string | number, number>();
  for await (const { columns, rows } of duckdb.stream(sql)) {
    const [value, part, bits, count, first, span] = columns as [string[], ...number[][]];
    list ??= new ValueListBuilder({ fields, unlisted, base: first![0] ?? 0 });
    for (let row = 0; row < rows; row++) {
      const key = part![row] === 0 ? bits![row]! : `${part![row]} ${bits![row]}`;
      let set = sets.get(key);
      if (set === undefined) sets.set(key, (set = list.set(fieldsOf(part![row]!, bits![row]!))));
      list.add(value[row]!, set, count![row]!, first![row]!, span![row]!);
    }
    // Others get their turn.
    await new Promise((done) => setImmediate(done));
  }
  const bytes = list?.encode();
  if (!bytes) return false;
  await writeDurably(target, bytes);
  return true;
}

/** What people look for among the fields that an index has no columns for, as it has too many; null: very much. */
async function fieldsBeyondLimit(
  catalogue: { readonly columns: Columns },
  duckdb: Duckdb,
  from: string,
  columns: readonly string[],
): Promise<readonly string[] | null> {
  const found: string[] = [];
  for (const { number } of catalogue.columns.of('_rest')) {
    const rest = `c${number}`;
    if (!columns.includes(rest)) continue;
    const rows = await duckdb.rows(
      `SELECT name FROM (SELECT DISTINCT unnest(json_keys(${rest})) AS name FROM ${from} WHERE ${rest} IS NOT NULL) ` +
        `WHERE regexp_matches(name, ${sqlText(`(?i)${INDICATOR_FIELD.source}`)}) LIMIT ${MAX_UNLISTED + 1}`,
      undefined,
      'background',
    );
    for (const [name] of rows) found.push(name as string);
  }
  return found.length > MAX_UNLISTED ? null : found;
}

function fieldsOf(part: number, bits: number): number[] {
  const fields: number[] = [];
  for (let bit = 0, left = bits; left > 0; bit++, left = Math.floor(left / 2))
    if (left % 2 === 1) fields.push(part * BITS + bit);
  return fields;
}
