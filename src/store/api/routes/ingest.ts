/** Ingest pipelines: kept and given back, so that shippers can set themselves up; Millrace's own pipelines do the work. */
import { StoreError, unsupported } from '../../errors.ts';
import type { Store } from '../../store.ts';
import { type Answer, acknowledged, type Call, json, names, type Route } from '../call.ts';

/** Of every answer that took a pipeline's name. @throws StoreError for one that nobody has put */
export async function pipelineWarning(
  store: Store,
  pipeline: string | undefined,
): Promise<Record<string, string>> {
  if (pipeline === undefined || pipeline === '' || pipeline === '_none') return {};
  const found = await store.objects('ingest_pipeline', pipeline);
  if (!found.some(({ name }) => name === pipeline))
    throw new StoreError(400, 'illegal_argument_exception', `pipeline with id [${pipeline}] does not exist`);
  return {
    warning: `299 Millrace "ingest pipelines are kept but not executed: [${pipeline.replace(/[^\x20-\x7e]|["\\]/g, '?')}] has no effect on the documents"`,
  };
}

async function get({ store, params }: Call): Promise<Answer> {
  const patterns = names(params['name'] ?? '*');
  const found: Record<string, unknown> = {};
  for (const pattern of patterns)
    for (const { name, body } of await store.objects('ingest_pipeline', pattern)) found[name] = body;
  const isMissing = Object.keys(found).length === 0 && patterns.some((pattern) => !pattern.includes('*'));
  return json(found, isMissing ? 404 : 200);
}

async function put(call: Call): Promise<Answer> {
  const body = call.object();
  if (!Array.isArray(body['processors']))
    throw new StoreError(400, 'parse_exception', '[processors] required property is missing', {
      property_name: 'processors',
    });
  await call.store.putObject('ingest_pipeline', call.params['name']!, body);
  return acknowledged();
}

async function remove({ store, params }: Call): Promise<Answer> {
  const name = params['name']!;
  const found = await store.objects('ingest_pipeline', name);
  if (found.length === 0 && !name.includes('*'))
    throw new StoreError(404, 'resource_not_found_exception', `pipeline [${name}] is missing`);
  for (const one of found) await store.deleteObject('ingest_pipeline', one.name);
  return acknowledged();
}

export const ingestRoutes: readonly Route[] = [
  {
    methods: ['GET'],
    paths: ['/_ingest/pipeline', '/_ingest/pipeline/{name}'],
    needs: 'handshake',
    takes: ['summary'],
    handle: get,
  },
  {
    methods: ['PUT'],
    paths: ['/_ingest/pipeline/{name}'],
    needs: 'setup',
    takes: ['if_version'],
    handle: put,
  },
  { methods: ['DELETE'], paths: ['/_ingest/pipeline/{name}'], needs: 'setup', handle: remove },
  {
    methods: ['GET', 'POST'],
    paths: ['/_ingest/pipeline/_simulate', '/_ingest/pipeline/{name}/_simulate', '/_ingest/processor/grok'],
    needs: 'setup',
    takes: ['verbose'],
    handle: () => {
      throw unsupported('Executing ingest pipelines');
    },
  },
];
