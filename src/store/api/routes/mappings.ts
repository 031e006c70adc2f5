/** Mappings, and what fields can do. */
import { parsingError, unsupported } from '../../errors.ts';
import { globMatch } from '../../glob-match.ts';
import { type Answer, acknowledged, type Call, type Json, json, names, type Route } from '../call.ts';

async function get(call: Call): Promise<Answer> {
  const found = await call.store.indices(await call.select(undefined, 'metadata'));
  return json(Object.fromEntries(found.map(({ name, mappings }) => [name, { mappings }])));
}

async function put(call: Call): Promise<Answer> {
  const body = call.object();
  if (Object.keys(body).length === 0) throw parsingError('mapping source is empty');
  await call.store.putMapping(await call.select(undefined, 'manage'), body);
  return acknowledged();
}

async function getFields(call: Call): Promise<Answer> {
  const found = await call.store.indices(await call.select(undefined, 'metadata'));
  const patterns = names(call.params['fields']).map(globMatch);
  return json(
    Object.fromEntries(
      found.map(({ name, mappings }) => {
        const fields: Record<string, unknown> = {};
        for (const [path, mapping] of leaves(mappings['properties'] as Json | undefined, ''))
          if (patterns.some((matches) => matches(path)))
            fields[path] = { full_name: path, mapping: { [path.slice(path.lastIndexOf('.') + 1)]: mapping } };
        return [name, { mappings: fields }];
      }),
    ),
  );
}

function* leaves(properties: Json | undefined, prefix: string): Generator<[string, Json]> {
  for (const [name, mapping] of Object.entries(properties ?? {}) as [string, Json][]) {
    const inner = mapping['properties'] as Json | undefined;
    if (inner) yield* leaves(inner, `${prefix}${name}.`);
    else yield [`${prefix}${name}`, mapping];
    yield* leaves(mapping['fields'] as Json | undefined, `${prefix}${name}.`);
  }
}

async function capabilities(call: Call): Promise<Answer> {
  const { fields: inBody, index_filter: filter, runtime_mappings: runtime, ...unknown } = call.object();
  const [wrong] = Object.keys(unknown);
  if (wrong !== undefined) throw parsingError(`[field_caps] unknown field [${wrong}]`);
  if (Object.keys(filter ?? {}).length > 0) throw unsupported('[index_filter] in _field_caps');
  if (Object.keys(runtime ?? {}).length > 0) throw unsupported('[runtime_mappings] in _field_caps');
  const patterns = Array.isArray(inBody)
    ? inBody.map(String)
    : names(inBody === undefined ? call.query['fields'] : String(inBody));
  if (patterns.length === 0) throw parsingError('[fields] can not be empty');
  const { indices, fields } = await call.store.fieldCapabilities(
    await call.select(undefined, 'read'),
    patterns,
  );
  const shown: Record<string, unknown> = {};
  for (const [field, types] of Object.entries(fields))
    shown[field] = Object.fromEntries(
      Object.entries(types).map(([type, { searchable, aggregatable, indices: where }]) => [
        type,
        { type, metadata_field: false, searchable, aggregatable, ...(where && { indices: where }) },
      ]),
    );
  return json({ indices, fields: shown });
}

export const mappingRoutes: readonly Route[] = [
  { methods: ['GET'], paths: ['/_mapping', '/{index}/_mapping', '/_mappings', '/{index}/_mappings'], needs: 'metadata', handle: get },
  { methods: ['PUT', 'POST'], paths: ['/{index}/_mapping', '/{index}/_mappings'], needs: 'manage', takes: ['write_index_only'], handle: put },
  { methods: ['GET'], paths: ['/_mapping/field/{fields}', '/{index}/_mapping/field/{fields}'], needs: 'metadata', takes: ['include_defaults'], handle: getFields },
  { methods: ['GET', 'POST'], paths: ['/_field_caps', '/{index}/_field_caps'], needs: 'read', takes: ['fields', 'include_unmapped', 'include_empty_fields'], handle: capabilities },
]; // biome-ignore format: a table
