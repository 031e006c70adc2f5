/** Settings of indices in the shape that Elasticsearch shows: under `index`, nested, scalars as text. */
import type { Json } from './catalogue.ts';

export function normaliseSettings(
  given: Json,
  { name, uuid, created }: { readonly name: string; readonly uuid: string; readonly created: number },
): Json {
  return mergeSettings({ index: { number_of_shards: '1', number_of_replicas: '0' } }, given, {
    index: { creation_date: String(created), uuid, provided_name: name },
  });
}

/** Later ones win. Keys may have dots, and may lack `index.`. */
export function mergeSettings(...all: readonly Json[]): Json {
  const flat = new Map<string, unknown>();
  for (const settings of all) flatten(settings, '', flat);
  const root: Record<string, unknown> = {};
  for (const key of [...flat.keys()].sort()) {
    const value = flat.get(key);
    if (value === null) continue;
    const path = key.split('.');
    let at = root;
    for (const step of path.slice(0, -1)) {
      const next = at[step];
      at = (typeof next === 'object' && next !== null ? next : (at[step] = {})) as Record<string, unknown>;
    }
    at[path.at(-1)!] = value;
  }
  return root;
}

function flatten(settings: unknown, prefix: string, into: Map<string, unknown>): void {
  if (typeof settings !== 'object' || settings === null || Array.isArray(settings)) {
    const key = prefix.startsWith('index.') ? prefix : `index.${prefix}`;
    into.set(
      key,
      settings === null ? null : Array.isArray(settings) ? settings.map(String) : String(settings),
    );
    return;
  }
  for (const [key, value] of Object.entries(settings)) {
    if (key === '__proto__') continue;
    flatten(value, prefix === '' ? key : `${prefix}.${key}`, into);
  }
}

/** A number among the settings, e.g. `mapping.total_fields.limit`. */
export function settingNumber(settings: Json, path: string, otherwise: number): number {
  let at: unknown = settings['index'];
  for (const step of path.split('.')) at = (at as Json | undefined)?.[step];
  const number = Number(at);
  return at === undefined || Number.isNaN(number) ? otherwise : number;
}
