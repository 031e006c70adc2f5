/** `sort` of a search, in all the forms that Elasticsearch takes. */
import { parsingError } from './errors.ts';
import type { SortKey } from './store.ts';

/** @throws StoreError parsing_exception */
export function parseSort(sort: unknown): SortKey[] {
  if (sort === undefined || sort === null) return [];
  const list = Array.isArray(sort) ? sort : [sort];
  return list.flatMap((one: unknown): SortKey[] => {
    if (typeof one === 'string') {
      // In a URL: `field:desc`.
      const [, field = one, order] = /^(.+):(asc|desc)$/.exec(one) ?? [];
      return [
        { field, order: order === 'desc' || (order === undefined && field === '_score') ? 'desc' : 'asc' },
      ];
    }
    if (typeof one !== 'object' || one === null)
      throw parsingError(
        'malformed sort format, within the sort array, an object, or an actual string are allowed',
      );
    return Object.entries(one).map(([field, given]) => sortKey(field, given));
  });
}

function sortKey(field: string, given: unknown): SortKey {
  const options = (typeof given === 'object' && given !== null ? given : { order: given }) as Record<
    string,
    unknown
  >;
  if (field === '_script' || field === '_geo_distance')
    throw parsingError(`sort by [${field}] is not supported by Millrace's event store`);
  if (options['nested'] !== undefined)
    throw parsingError("[nested] sort is not supported by Millrace's event store");
  const order = String(options['order'] ?? (field === '_score' ? 'desc' : 'asc')).toLowerCase();
  if (order !== 'asc' && order !== 'desc') throw parsingError(`Unknown SortOrder [${order}]`);
  const { missing, mode, unmapped_type: unmappedType, format } = options;
  if (mode !== undefined && !['min', 'max', 'avg', 'sum'].includes(String(mode)))
    throw parsingError(`Unknown SortMode [${String(mode)}]`);
  return {
    field,
    order,
    ...(missing !== undefined && { missing: missing as NonNullable<SortKey['missing']> }),
    ...(mode !== undefined && { mode: mode as NonNullable<SortKey['mode']> }),
    ...(unmappedType !== undefined && { unmappedType: String(unmappedType) }),
    ...(typeof format === 'string' && { format }),
  };
}
