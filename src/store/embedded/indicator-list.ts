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
  const numberOf = (name: string): number => {
    const { field } = catalogue.columns.get(Number(name.slice(1)));
    const known = fields.indexOf(field);
    return known < 0 ? fields.push(field) - 1 : known;
  };
  const isWanted = (name: string): boolean => isListed(catalogue.columns.get(Number(name.slice(1))));
  const summed = (field: string, rows: string): string =>
    `SELECT value, ${field} AS field, count(*) AS count, min(t) AS first, max(t) AS last FROM (${rows}) WHERE value IS NOT NULL GROUP BY ALL`;
  const parts = columns
    .filter(isWanted)
    .map((name) =>
      summed(
        String(numberOf(name)),
        `SELECT ${name.startsWith('m') ? `unnest(list_distinct(${name}))` : name}::VARCHAR AS value, ${t} FROM ${from} WHERE ${name} IS NOT NULL`,
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
  let list: ValueListBuilder | undefined;
  // One statement, whose depth the parser bounds.
  const sql = `SELECT value, field, count, first, last FROM (${parts.join(' UNION ALL ')}) ORDER BY value`;
  for await (const { columns, rows } of duckdb.stream(sql)) {
    const [value, field, count, first, last] = columns as [string[], ...number[][]];
    for (let row = 0; row < rows; row++) {
      list ??= new ValueListBuilder(fields, first![row] ?? 0);
      list.add(value[row]!, field![row]!, count![row]!, first![row]!, last![row]!);
    }
    // Others get their turn.
    await new Promise((done) => setImmediate(done));
  }
  const bytes = list?.encode();
  if (!bytes) return false;
  await writeDurably(target, bytes);
  return true;
}
