/** `_field_caps`: which fields there are, of what type, and where types differ. */
import { globMatch } from '../../glob-match.ts';
import type { FieldCapabilities, FieldCapability } from '../../store.ts';
import type { SnapshotIndex } from '../snapshot.ts';

/** Fields whose name fits one of the patterns (`*` any characters), with the objects above them, as Elasticsearch does. */
export function fieldCapabilities(
  indices: ReadonlyMap<string, SnapshotIndex>,
  patterns: readonly string[],
): FieldCapabilities {
  const tests = patterns.map(globMatch);
  const wanted = (name: string): boolean => tests.some((fits) => fits(name));
  const types = new Map<string, Map<string, string[]>>();
  const note = (field: string, type: string, index: string): void => {
    let known = types.get(field);
    if (!known) types.set(field, (known = new Map()));
    const where = known.get(type);
    if (!where) known.set(type, [index]);
    else if (where.at(-1) !== index) where.push(index);
  };
  for (const { name, fields, nested, aliases } of indices.values()) {
    for (const [field, type] of fields) {
      const isWanted = wanted(field);
      if (isWanted) note(field, type, name);
      for (let dot = field.lastIndexOf('.'); dot > 0; dot = field.lastIndexOf('.', dot - 1)) {
        const parent = field.slice(0, dot);
        if (fields.has(parent) || !(isWanted || wanted(parent))) continue;
        note(parent, nested.has(parent) ? 'nested' : 'object', name);
      }
    }
    for (const [alias, target] of aliases)
      if (wanted(alias)) note(alias, fields.get(target) ?? 'keyword', name);
    for (const meta of ['_id', '_index', '_source']) if (wanted(meta)) note(meta, meta, name);
  }
  const fields: Record<string, Record<string, FieldCapability>> = {};
  for (const field of [...types.keys()].sort()) {
    const known = types.get(field)!;
    const entries = [...known].map(([type, where]): [string, FieldCapability] => {
      const plain = type !== 'object' && type !== 'nested' && type !== '_source' && type !== 'unindexed';
      return [
        type,
        {
          type,
          searchable: plain,
          aggregatable: plain && type !== 'text' && type !== 'flattened',
          ...(known.size > 1 && { indices: where }),
        },
      ];
    });
    Object.defineProperty(fields, field, { value: Object.fromEntries(entries), enumerable: true });
  }
  return { indices: [...indices.keys()], fields };
}
