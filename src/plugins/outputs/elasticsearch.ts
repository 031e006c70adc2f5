import type { Event } from '../../kernel/event-types.ts';
import type { OptionValues } from '../../kernel/options.ts';
import {
  defineOutput,
  type EcsMode,
  type Output,
  type OutputContext,
  type ReportProblem,
  type WriteFailure,
} from '../../kernel/plugin.ts';
import { compileBulkEncoder, type Refusal } from '../../lib/elasticsearch/bulk.ts';
import { BulkWriter } from '../../lib/elasticsearch/bulk-writer.ts';
import { ElasticsearchClient } from '../../lib/elasticsearch/client.ts';
import { identifierProblem, resolveDataStream } from '../../lib/elasticsearch/data-stream.ts';
import { checkElasticsearchApi, elasticsearchApiOptions } from '../../lib/elasticsearch/options.ts';
import { elasticsearchClientSettings } from '../../lib/elasticsearch/settings.ts';
import {
  DEFAULT_POLICY,
  installTemplate,
  type Lifecycle,
  setUpLifecycle,
} from '../../lib/elasticsearch/setup.ts';

const options = {
  ...elasticsearchApiOptions,
  index: {
    type: 'string',
    description:
      'Index to write to; fields may be used. If not given: `logstash-%{+yyyy.MM.dd}`, or `ecs-logstash-%{+yyyy.MM.dd}` with ecs_compatibility.',
  },
  action: {
    type: 'string',
    description:
      '`index`, `create`, `update`, `delete`, or a text with fields that gives one of them. If not given: `index`, with data streams `create`.',
  },
  routing: { type: 'string', description: 'Routing of the document; fields may be used.' },
  pipeline: { type: 'string', description: 'Ingest pipeline of the cluster to run; fields may be used.' },
  version: { type: 'string', description: 'Version of the document; fields may be used.' },
  version_type: {
    type: 'string',
    oneOf: ['internal', 'external', 'external_gt', 'external_gte', 'force'],
    description: 'How versions are compared.',
  },
  document_type: {
    type: 'string',
    deprecated: 'Elasticsearch 8 has no types; only Elasticsearch 7 is told',
    description: 'Type of the document.',
  },
  parent: {
    type: 'string',
    description: 'Id of the parent; fields may be used. With `join_field`; it is the routing, too.',
  },
  join_field: { type: 'string', description: 'Field that says what a document is to its parent.' },
  upsert: {
    type: 'string',
    default: '',
    description: 'Action update: JSON of the document to make when there is none; fields may be used.',
  },
  doc_as_upsert: {
    type: 'boolean',
    default: false,
    description: 'Action update: make the document of the event when there is none.',
  },
  script: {
    type: 'string',
    default: '',
    description: 'Action update: script to run, or with `script_type => indexed` the id of a stored one.',
  },
  script_type: {
    type: 'string',
    oneOf: ['inline', 'indexed', 'file'],
    default: 'inline',
    description:
      'Where `script` is: right there, or stored in the cluster. Files are gone since Elasticsearch 6.',
  },
  script_lang: { type: 'string', default: 'painless', description: 'Language of `script`.' },
  script_var_name: {
    type: 'string',
    default: 'event',
    description: 'Name under which the script finds the event in its parameters.',
  },
  scripted_upsert: {
    type: 'boolean',
    default: false,
    description: 'Action update: run the script also when there is no document.',
  },
  retry_on_conflict: {
    type: 'number',
    default: 1,
    min: 0,
    description: 'Action update: how often the cluster tries again when somebody else was faster.',
  },
  manage_template: {
    type: 'boolean',
    description: 'Install an index template at the start. True unless data streams are used.',
  },
  template_name: {
    type: 'string',
    description: 'Name of the template. If not given: `logstash` or `ecs-logstash`, or the rollover alias.',
  },
  template: { type: 'path', description: 'File with a template of your own.' },
  template_overwrite: {
    type: 'boolean',
    default: false,
    description: 'Install it although there is one of that name.',
  },
  template_api: {
    type: 'string',
    oneOf: ['auto', 'legacy', 'composable'],
    default: 'auto',
    description: 'Kind of template: legacy with Elasticsearch 7, composable otherwise (auto).',
  },
  ilm_enabled: {
    type: 'string',
    oneOf: ['true', 'false', 'auto'],
    default: 'auto',
    description:
      'Write to a rollover alias managed by index lifecycles, when `index` is not given or `ilm_rollover_alias` is. Never with OpenSearch.',
  },
  ilm_rollover_alias: {
    type: 'string',
    description: 'The alias. If not given: `logstash` or `ecs-logstash`.',
  },
  ilm_pattern: {
    type: 'string',
    default: '{now/d}-000001',
    description: 'End of the name of the first index.',
  },
  ilm_policy: {
    type: 'string',
    default: DEFAULT_POLICY,
    description: 'Policy; the default one is made, others must be there.',
  },
  data_stream: {
    type: 'string',
    oneOf: ['true', 'false', 'auto'],
    default: 'auto',
    description:
      'Write to a data stream; auto: with ecs_compatibility, if no option is given that data streams do not have.',
  },
  data_stream_type: {
    type: 'string',
    oneOf: ['logs', 'metrics', 'synthetics', 'traces'],
    description: 'First part of the name of the data stream; `logs` if not given.',
  },
  data_stream_dataset: {
    type: 'string',
    description: 'Second part of its name; `generic` if not given.',
  },
  data_stream_namespace: {
    type: 'string',
    description: 'Third part of its name; `default` if not given.',
  },
  data_stream_sync_fields: {
    type: 'boolean',
    description: 'Write into the fields `data_stream` of the document where it goes; true if not given.',
  },
  data_stream_auto_routing: {
    type: 'boolean',
    description: 'Let the fields `data_stream` of the event say where it goes; true if not given.',
  },
} as const;

type ElasticsearchOptions = OptionValues<typeof options>;

export const elasticsearch = defineOutput({
  kind: 'output',
  name: 'elasticsearch',
  summary: 'Indexes events in Elasticsearch (7, 8, 9) or OpenSearch by bulk requests.',
  ecs: true,
  options,
  examples: [
    {
      title: 'One index a day',
      config: `elasticsearch {
  hosts => ["https://node1.example:9200", "https://node2.example:9200"]
  index => "firewall-%{+yyyy.MM.dd}"
  user => "millrace"
  password => "\${ES_PASSWORD}"
  ssl_certificate_authorities => "ca.crt"
}`,
    },
    {
      title: 'A data stream',
      config: `elasticsearch {
  hosts => ["https://node1.example:9200"]
  data_stream => "true"
  data_stream_dataset => "firewall"
  api_key => "\${ES_API_KEY}"
}`,
    },
  ],
  differences: [
    'OpenSearch is known and served; index lifecycles are skipped there.',
    'Events that the cluster refuses for good are rejected (dead letter queue); Logstash drops them unless its queue is on.',
    'A request that is too large (413) is halved until it fits; one document that does not fit alone is rejected. Logstash tries it for ever.',
    'A host that does not answer is replaced by another one at once.',
    '`data_stream => true` with ecs_compatibility disabled is a warning, not an error.',
    'An option that is given with its default value counts as not given when `data_stream => auto` decides.',
    'The license of the cluster is not looked at.',
    'The default template for ECS is shorter: types come from the names of fields, and values that do not fit are kept without being indexed.',
    'Scripts are sent as `source`; `script_type => file` is an error.',
    '`bulk_path`, `healthcheck_path` and `sniffing_path` start at the root of the server, also when `hosts` have a path.',
  ],
  // The whole event: a rejected one goes to the dead letter queue as it is.
  reads: () => 'all',
  usesCodec: false,
  validate(values, report) {
    checkElasticsearchApi(values, report);
    checkDocuments(values, report);
    checkDataStream(values, report);
  },
  create: (values, context) => new ElasticsearchOutput(values, context),
});

const EXTERNAL = new Set(['external', 'external_gt', 'external_gte']);
const ACTIONS = ['index', 'create', 'update', 'delete'];

function checkDocuments(values: ElasticsearchOptions, report: ReportProblem): void {
  const { action, version, version_type, document_id } = values;
  if (action !== undefined && !action.includes('%{') && !ACTIONS.includes(action))
    report(
      'error',
      'action',
      `there is no action \`${action}\``,
      `one of ${ACTIONS.join(', ')}, or fields that give one`,
    );
  if (action === 'update' && !document_id) report('error', 'action', '`update` needs `document_id`');
  if (action === 'delete' && !document_id) report('warning', 'action', '`delete` needs `document_id`');
  if (version_type !== undefined && EXTERNAL.has(version_type)) {
    if (version === undefined) report('error', 'version_type', `\`${version_type}\` needs \`version\``);
    if (action === 'create' || action === 'update')
      report('error', 'version_type', `the action \`${action}\` has no external versions`);
  }
  if (values.doc_as_upsert && values.scripted_upsert)
    report('error', 'scripted_upsert', 'give either `doc_as_upsert` or `scripted_upsert`');
  if (values.script_type === 'file')
    report('error', 'script_type', 'Elasticsearch has no scripts in files any more', 'use inline or indexed');
  if (values.parent !== undefined && values.join_field === undefined)
    report('warning', 'parent', 'without `join_field` it is only the routing');
}

/** Options that say something which data streams do not have. */
function incompatibleWithDataStreams(values: ElasticsearchOptions): string[] {
  return Object.keys(options).filter((name) => {
    if (Object.hasOwn(elasticsearchApiOptions, name) || name.startsWith('data_stream')) return false;
    const value = (values as Record<string, unknown>)[name];
    if (name === 'routing' || name === 'pipeline' || value === undefined) return false;
    if (name === 'action') return value !== 'create';
    if (name === 'manage_template') return value !== false;
    return value !== (options as Record<string, { default?: unknown }>)[name]!.default;
  });
}

const ecsOf = (values: ElasticsearchOptions): EcsMode =>
  (values as { ecs_compatibility?: EcsMode }).ecs_compatibility ?? 'disabled';

function checkDataStream(values: ElasticsearchOptions, report: ReportProblem): void {
  for (const name of ['data_stream_dataset', 'data_stream_namespace'] as const) {
    const problem = values[name] === undefined ? undefined : identifierProblem(values[name]);
    if (problem !== undefined) report('error', name, problem);
  }
  const ecs = ecsOf(values);
  const incompatible = incompatibleWithDataStreams(values);
  if (resolveDataStream(values, ecs, incompatible) === undefined) {
    const why =
      values.data_stream === 'false'
        ? '`data_stream` is false'
        : ecs === 'disabled'
          ? '`ecs_compatibility` is disabled'
          : `of \`${incompatible.join('`, `')}\``;
    for (const name of Object.keys(options))
      if (name.startsWith('data_stream_') && (values as Record<string, unknown>)[name] !== undefined)
        report(
          'error',
          name,
          `has no meaning while no data stream is used, because ${why}`,
          'set data_stream => "true"',
        );
    return;
  }
  if (values.data_stream !== 'true') return;
  for (const name of incompatible) report('error', name, 'has no meaning for data streams');
  if (ecs === 'disabled')
    report('warning', 'data_stream', 'data streams want ECS fields; set `ecs_compatibility => v8`');
}

class ElasticsearchOutput implements Output {
  readonly timeLimit = 'own';
  readonly retryDelays: NonNullable<Output['retryDelays']>;
  readonly #values: ElasticsearchOptions;
  readonly #context: OutputContext;
  readonly #ecs: EcsMode;
  #client: ElasticsearchClient | undefined;
  #encode: ((event: Event) => string | Refusal) | undefined;
  #writer: BulkWriter | undefined;
  #closed = false;

  constructor(values: ElasticsearchOptions, context: OutputContext) {
    this.#values = values;
    const { retry_initial_interval: initial, retry_max_interval: longest } = values;
    this.retryDelays = { initialMs: initial * 1000, maxMs: Math.max(initial, longest) * 1000 };
    this.#context = context;
    this.#ecs = (values as { ecs_compatibility?: EcsMode }).ecs_compatibility ?? context.ecs;
  }

  async open(signal: AbortSignal): Promise<void> {
    const { logger } = this.#context;
    const values = this.#values;
    this.#client ??= await ElasticsearchClient.create(
      await elasticsearchClientSettings(values, { workers: this.#context.workers, logger, signal }),
    );
    const client = this.#client;
    if (this.#closed) return client.close();
    await client.connect(signal);
    const dataStream = resolveDataStream(values, this.#ecs, incompatibleWithDataStreams(values));
    const lifecycle = dataStream === undefined ? this.#lifecycle() : undefined;
    if (values.manage_template ?? dataStream === undefined) {
      const template = {
        name: values.template_name,
        path: values.template,
        overwrite: values.template_overwrite,
        api: values.template_api,
        ecs: this.#ecs,
      };
      await installTemplate(client, template, lifecycle, { logger, signal });
    }
    if (lifecycle !== undefined) await setUpLifecycle(client, lifecycle, { logger, signal });
    this.#encode = this.#compile(lifecycle, dataStream);
    this.#writer = this.#makeWriter(client);
  }

  async write(events: readonly Event[], signal: AbortSignal): Promise<WriteFailure[]> {
    const encode = this.#encode!;
    const failures: WriteFailure[] = [];
    const documents: { index: number; lines: string }[] = [];
    for (let index = 0; index < events.length; index++) {
      const lines = encode(events[index]!);
      if (typeof lines === 'string') documents.push({ index, lines });
      else failures.push({ index, kind: 'reject', reason: lines.refused });
    }
    await this.#writer!.write(documents, failures, signal);
    return failures;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#client?.close();
  }

  get #defaultName(): string {
    return this.#ecs === 'disabled' ? 'logstash' : 'ecs-logstash';
  }

  /** When it is used: with the default index or an alias of one's own, as long as the cluster can do it. */
  #lifecycle(): Lifecycle | undefined {
    const { ilm_enabled: enabled, index, ilm_rollover_alias: given, ilm_pattern, ilm_policy } = this.#values;
    const alias = given ?? this.#defaultName;
    const custom = alias !== this.#defaultName;
    if (enabled === 'false' || (index !== undefined && !custom)) return undefined;
    const { product } = this.#client!;
    const { logger } = this.#context;
    if (!product.lifecycles) {
      if (enabled === 'true' || custom)
        logger.warn(
          {},
          `${product.name} ${product.version} has no index lifecycles: ilm options are skipped`,
        );
      else logger.info({}, `${product.name} has no index lifecycles: one index a day is used`);
      return undefined;
    }
    if (index !== undefined)
      logger.warn({ index }, `the rollover alias ${alias} takes the place of \`index\``);
    return { alias, pattern: ilm_pattern, policy: ilm_policy };
  }

  #compile(
    lifecycle: Lifecycle | undefined,
    dataStream: ReturnType<typeof resolveDataStream>,
  ): (event: Event) => string | Refusal {
    const values = this.#values;
    const { product } = this.#client!;
    const seven = product.name === 'Elasticsearch' && product.major === 7;
    return compileBulkEncoder({
      toJson: this.#context.toJson,
      action: values.action ?? 'index',
      index: lifecycle?.alias ?? values.index ?? `${this.#defaultName}-%{+yyyy.MM.dd}`,
      indexIsDefault: values.index === undefined && lifecycle === undefined && dataStream === undefined,
      documentId: values.document_id,
      documentType: seven ? values.document_type : undefined,
      routing: values.routing,
      pipeline: values.pipeline,
      version: values.version,
      versionType: values.version_type,
      parent: values.parent,
      joinField: values.join_field,
      update: {
        upsert: values.upsert,
        docAsUpsert: values.doc_as_upsert,
        script: values.script,
        scriptType: values.script_type === 'indexed' ? 'indexed' : 'inline',
        scriptLang: values.script_lang,
        scriptVarName: values.script_var_name,
        scriptedUpsert: values.scripted_upsert,
        retryOnConflict: values.retry_on_conflict,
      },
      refuseUnresolvedIndex: values.dlq_on_failed_indexname_interpolation,
      dataStream,
    });
  }

  #makeWriter(client: ElasticsearchClient): BulkWriter {
    const values = this.#values;
    const { logger } = this.#context;
    const silent = new Set(values.silence_errors_in_log.map(String));
    const given = values.bulk_path;
    const path = given === undefined ? '/_bulk' : `/${given}`.replace(/^\/+/, '/');
    const filtered = /[?&]filter_path=/.test(path)
      ? path
      : `${path}${path.includes('?') ? '&' : '?'}filter_path=errors,items.*.error,items.*.status`;
    return new BulkWriter({
      client,
      path: filtered,
      absolute: given !== undefined,
      compressionLevel: values.compression_level,
      rejected: new Set([400, 404, ...values.dlq_custom_codes]),
      droppedTypes: new Set(values.drop_error_types),
      dropped: (dropped) => {
        const [first] = dropped.filter(({ type }) => !silent.has(type));
        if (first !== undefined)
          logger.warn({ documents: dropped.length }, `documents dropped: ${first.reason}`);
      },
      counter: (name) => this.#context.counter(name),
    });
  }
}
