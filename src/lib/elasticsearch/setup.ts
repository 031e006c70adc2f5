/** What is made in the cluster before the first document: the index template, and what index lifecycles need. */
import { MillraceError } from '../../kernel/errors.ts';
import type { Logger } from '../../kernel/logger.ts';
import type { EcsMode } from '../../kernel/plugin.ts';
import { type ElasticsearchClient, ElasticsearchError } from './client.ts';
import type { Product } from './product.ts';
import {
  defaultTemplate,
  type Json,
  readTemplate,
  type TemplateApi,
  templateSettings,
  withoutShards,
} from './templates.ts';

export interface TemplateOptions {
  /** Undefined: `logstash` or `ecs-logstash`, or with lifecycles the alias. */
  readonly name: string | undefined;
  /** A file; undefined: the default. */
  readonly path: string | undefined;
  readonly overwrite: boolean;
  readonly api: 'auto' | TemplateApi;
  readonly ecs: EcsMode;
}

/** An alias that always points to the newest of a row of indices, which the cluster rolls over by a policy. */
export interface Lifecycle {
  readonly alias: string;
  readonly pattern: string;
  readonly policy: string;
}

export const DEFAULT_POLICY = 'logstash-policy';

const defaultPolicy = {
  policy: { phases: { hot: { actions: { rollover: { max_size: '50gb', max_age: '30d' } } } } },
};

/**
 * Installs the template unless there is one of that name.
 * @throws MillraceError ERR_CONFIG when the cluster refuses it for good; Error when it may get better
 */
export async function installTemplate(
  client: ElasticsearchClient,
  options: TemplateOptions,
  lifecycle: Lifecycle | undefined,
  { logger, signal }: SetupContext,
): Promise<void> {
  const { product } = client;
  const api = templateApi(options.api, product);
  const template =
    options.path === undefined ? defaultTemplate(options.ecs, api) : await readTemplate(options.path);
  if (lifecycle !== undefined) {
    template['index_patterns'] = `${lifecycle.alias}-*`;
    Object.assign(templateSettings(template, api), {
      'index.lifecycle.name': lifecycle.policy,
      'index.lifecycle.rollover_alias': lifecycle.alias,
    });
  }
  if (product.serverless) withoutShards(template, api);
  const name = options.name ?? lifecycle?.alias ?? (options.ecs === 'disabled' ? 'logstash' : 'ecs-logstash');
  const path = `/${api === 'legacy' ? '_template' : '_index_template'}/${encodeURIComponent(name)}`;
  await refusalIsFinal(async () => {
    if (!options.overwrite && (await client.json({ method: 'HEAD', path }, signal)) !== undefined) return;
    await put(client, path, template, signal);
    logger.info({ template: name }, `installed the index template ${name}`);
  });
}

export interface SetupContext {
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

function templateApi(wanted: TemplateOptions['api'], product: Product): TemplateApi {
  if (wanted === 'legacy' && product.serverless)
    throw new MillraceError('ERR_CONFIG', 'template_api: Elasticsearch Serverless has no legacy templates');
  if (wanted !== 'auto') return wanted;
  return product.name === 'Elasticsearch' && product.major < 8 ? 'legacy' : 'composable';
}

/**
 * Makes the first index behind the alias, and the policy unless it is there.
 * @throws MillraceError ERR_CONFIG when the cluster refuses it, or when a policy of the user's is not there
 */
export async function setUpLifecycle(
  client: ElasticsearchClient,
  { alias, pattern, policy }: Lifecycle,
  { logger, signal }: SetupContext,
): Promise<void> {
  await refusalIsFinal(async () => {
    const path = `/_ilm/policy/${encodeURIComponent(policy)}`;
    if ((await client.json({ method: 'GET', path }, signal)) === undefined) {
      if (policy !== DEFAULT_POLICY)
        throw new MillraceError('ERR_CONFIG', `ilm_policy: there is no policy \`${policy}\` in the cluster`);
      await put(client, path, defaultPolicy, signal);
      logger.info({ policy }, `installed the lifecycle policy ${policy}`);
    }
    const exists = await client.json({ method: 'HEAD', path: `/${encodeURIComponent(alias)}` }, signal);
    if (exists !== undefined) return;
    try {
      const first = `/${encodeURIComponent(`<${alias}-${pattern}>`)}`;
      await put(client, first, { aliases: { [alias]: { is_write_index: true } } }, signal);
      logger.info({ alias }, `made the rollover alias ${alias}`);
    } catch (error) {
      // Another worker or process was faster.
      if (!(error instanceof ElasticsearchError) || error.status !== 400) throw error;
    }
  });
}

async function put(
  client: ElasticsearchClient,
  path: string,
  body: Json,
  signal: AbortSignal,
): Promise<void> {
  const request = { method: 'PUT', path, body: JSON.stringify(body) } as const;
  if ((await client.json(request, signal)) === undefined)
    throw new Error(`the cluster does not know ${path}`);
}

/** 4xx will be the same tomorrow; 429 and 5xx may get better. */
async function refusalIsFinal(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (error instanceof ElasticsearchError && error.status < 500 && error.status !== 429)
      throw new MillraceError('ERR_CONFIG', error.message, { cause: error });
    throw error;
  }
}
