/** Every setting: name, type, default and what it does. The command line, logstash.yml, pipelines.yml and docs come from it. */

type SettingType =
  | 'string'
  | 'number'
  | 'boolean'
  | 'bytes'
  | 'duration'
  | 'path'
  | 'password'
  | 'ports'
  | 'hash';

export interface Setting {
  readonly type: SettingType;
  /** In the type that the program sees; undefined: unset. */
  readonly default?: unknown;
  readonly oneOf?: readonly string[];
  readonly description: string;
  /** Short flag (`-f`) and other long flags. */
  readonly flags?: readonly string[];
  /** May be set for one pipeline in pipelines.yml. */
  readonly perPipeline?: boolean;
  /** Accepted for compatibility; why it has no effect here. */
  readonly ignored?: string;
}

export const settings = {
  'node.name': {
    type: 'string',
    flags: ['-n'],
    description: 'Name of this instance; the host name unless set.',
  },
  'path.config': { type: 'string', flags: ['-f'], description: 'Config file, directory or glob.' },
  'config.string': { type: 'string', flags: ['-e'], description: 'Config as text.', perPipeline: true },
  'config.test_and_exit': {
    type: 'boolean',
    default: false,
    flags: ['-t'],
    description: 'Check the config and exit.',
  },
  'config.reload.automatic': {
    type: 'boolean',
    default: false,
    flags: ['-r'],
    description: 'Watch configs and reload.',
  },
  'config.reload.interval': {
    type: 'duration',
    default: 3,
    description: 'Seconds between looks at the configs.',
  },
  'config.support_escapes': {
    type: 'boolean',
    default: false,
    description: 'Translate \\n, \\t and the like in quoted strings.',
    perPipeline: true,
  },
  'config.field_reference.escape_style': {
    type: 'string',
    default: 'none',
    oneOf: ['none', 'percent', 'ampersand'],
    flags: ['--field-reference-escape-style'],
    description: 'How brackets are written inside field names.',
  },
  'config.debug': {
    type: 'boolean',
    default: false,
    description: 'Print the compiled pipelines (secrets masked) with log.level debug.',
  },
  'config.print': {
    type: 'boolean',
    default: false,
    description: 'Print the generated function of every pipeline and exit.',
  },
  'path.data': { type: 'path', default: 'data', description: 'Directory for state, mode 0700.' },
  'path.queue': { type: 'path', description: 'Directory of persisted queues; path.data/queue unless set.' },
  'path.dead_letter_queue': {
    type: 'path',
    description: 'Directory of dead letter queues; path.data/dead_letter_queue unless set.',
  },
  'path.logs': {
    type: 'path',
    flags: ['-l'],
    description: 'Directory for the log file; standard error alone unless set.',
  },
  'path.plugins': {
    type: 'string',
    flags: ['-p'],
    description: 'Where Logstash would look for Ruby plugins.',
    ignored: 'Ruby plugins can not be loaded',
  },
  'path.settings': {
    type: 'path',
    description: 'Directory with logstash.yml, pipelines.yml and the keystore.',
  },
  'log.level': {
    type: 'string',
    default: 'info',
    oneOf: ['fatal', 'error', 'warn', 'info', 'debug', 'trace'],
    description: 'Least severe level that is logged.',
  },
  'log.format': {
    type: 'string',
    default: 'plain',
    oneOf: ['plain', 'json'],
    description: 'Layout of log lines.',
  },
  'log.format.json.fix_duplicate_message_fields': {
    type: 'boolean',
    default: true,
    description: 'JSON log lines never repeat a field here.',
    ignored: 'JSON log lines never repeat a field',
  },
  'pipeline.id': { type: 'string', default: 'main', description: 'Name of the pipeline.', perPipeline: true },
  'pipeline.workers': {
    type: 'number',
    flags: ['-w'],
    description: 'Batches worked on at once; the number of cores unless set.',
    perPipeline: true,
  },
  'pipeline.batch.size': {
    type: 'number',
    default: 125,
    flags: ['-b'],
    description: 'Events in one batch at most.',
    perPipeline: true,
  },
  'pipeline.batch.delay': {
    type: 'number',
    default: 50,
    flags: ['-u'],
    description: 'Milliseconds to wait for a batch to fill.',
    perPipeline: true,
  },
  'pipeline.ordered': {
    type: 'string',
    default: 'auto',
    oneOf: ['auto', 'true', 'false'],
    description: 'Keep the order of events: true needs one worker; auto: ordered with one worker.',
    perPipeline: true,
  },
  'pipeline.ecs_compatibility': {
    type: 'string',
    default: 'disabled',
    oneOf: ['disabled', 'v1', 'v8'],
    description: 'Field names of plugins that know ECS.',
    perPipeline: true,
  },
  'pipeline.unsafe_shutdown': {
    type: 'boolean',
    default: false,
    description: 'On shutdown end even if outputs are blocked; in-flight events are lost.',
    perPipeline: true,
  },
  'pipeline.delivery_timeout': {
    type: 'duration',
    default: 300,
    description:
      'Seconds after which a write is cut and tried again, where the output has no time limit of its own (tcp); 0: never. (Not in Logstash.)',
    perPipeline: true,
  },
  'pipeline.shutdown_timeout': {
    type: 'duration',
    default: 3,
    description:
      'Seconds that outputs get at a shutdown for what they have in their hands, when the queue is persisted; what they do not take stays in it. (Not in Logstash.)',
    perPipeline: true,
  },
  'pipeline.reloadable': {
    type: 'boolean',
    default: true,
    description: 'May this pipeline be reloaded?',
    perPipeline: true,
  },
  'pipeline.separate_logs': {
    type: 'boolean',
    default: false,
    description: 'One log file a pipeline.',
    perPipeline: true,
    ignored: 'log lines name their pipeline',
  },
  'pipeline.system': {
    type: 'boolean',
    default: false,
    description: 'Hide the pipeline from the monitoring API.',
    perPipeline: true,
    ignored: 'every pipeline is shown',
  },
  'pipeline.recoverable': {
    type: 'string',
    default: 'false',
    description: 'Restart a crashed pipeline.',
    perPipeline: true,
    ignored: 'a filter that fails tags its event, the pipeline goes on',
  },
  'pipeline.plugin_classloaders': {
    type: 'boolean',
    default: false,
    flags: ['--plugin-classloaders'],
    description: 'A setting of the JVM.',
    perPipeline: true,
    ignored: 'there is no JVM',
  },
  'pipeline.batch.output_chunking.growth_threshold_factor': {
    type: 'number',
    default: 1000,
    description: 'When a grown batch is cut.',
    perPipeline: true,
    ignored: 'batches never grow',
  },
  'pipeline.batch.metrics.sampling_mode': {
    type: 'string',
    default: 'minimal',
    description: 'Batch metrics.',
    perPipeline: true,
    ignored: 'batches are always counted',
  },
  'pipeline.buffer.type': {
    type: 'string',
    default: 'heap',
    description: 'A setting of the JVM.',
    perPipeline: true,
    ignored: 'there is no JVM',
  },
  'queue.type': {
    type: 'string',
    default: 'memory',
    oneOf: ['memory', 'persisted'],
    description: 'Where events wait for workers.',
    perPipeline: true,
  },
  'queue.drain': {
    type: 'boolean',
    default: false,
    description: 'Empty a persisted queue at shutdown.',
    perPipeline: true,
  },
  'queue.page_capacity': {
    type: 'bytes',
    default: 64 * 1024 * 1024,
    description: 'Size of a file of a persisted queue.',
    perPipeline: true,
  },
  'queue.max_bytes': {
    type: 'bytes',
    default: 1024 * 1024 * 1024,
    description: 'Bytes that a persisted queue holds at most.',
    perPipeline: true,
  },
  'queue.max_events': {
    type: 'number',
    default: 0,
    description: 'Events not yet delivered, at most; 0: no such limit.',
    perPipeline: true,
  },
  'queue.checkpoint.acks': {
    type: 'number',
    default: 1024,
    description:
      'Deliveries that may be unwritten in the queue at most. Without effect: they are written within five milliseconds, sooner than any number asks for.',
    perPipeline: true,
  },
  'queue.checkpoint.writes': {
    type: 'number',
    default: 1024,
    description:
      'Events between syncs at most, where no sender waits for an answer; 1: every block; 0: no limit.',
    perPipeline: true,
  },
  'queue.checkpoint.interval': {
    type: 'number',
    default: 1000,
    description: 'Milliseconds between syncs at most.',
    perPipeline: true,
  },
  'queue.checkpoint.retry': {
    type: 'boolean',
    default: true,
    description:
      'Try a failed write again. Without effect: it always is, every second, and nothing is taken in meanwhile; to give up would be to lose events.',
    perPipeline: true,
  },
  'queue.compression': {
    type: 'string',
    default: 'none',
    oneOf: ['none', 'speed', 'balanced', 'size', 'disabled'],
    description: 'Compression of a persisted queue.',
    perPipeline: true,
  },
  'dead_letter_queue.enable': {
    type: 'boolean',
    default: true,
    description:
      'Keep events that outputs reject, and those that a condition could not be evaluated for. (Logstash: false.)',
    perPipeline: true,
  },
  'dead_letter_queue.max_bytes': {
    type: 'bytes',
    default: 1024 * 1024 * 1024,
    description: 'Size of a dead letter queue at most, for each pipeline.',
    perPipeline: true,
  },
  'dead_letter_queue.flush_interval': {
    type: 'number',
    default: 5000,
    description: 'Milliseconds until dead letters are readable.',
    perPipeline: true,
    ignored: 'dead letters are on the disk and readable before their block is acknowledged',
  },
  'dead_letter_queue.flush_check_interval': {
    type: 'number',
    default: 1000,
    description: 'Milliseconds between checks.',
    perPipeline: true,
    ignored: 'dead letters are on the disk and readable before their block is acknowledged',
  },
  'dead_letter_queue.storage_policy': {
    type: 'string',
    default: 'drop_older',
    oneOf: ['drop_newer', 'drop_older', 'block'],
    description:
      'What a full dead letter queue drops; `block` makes events wait until there is room. (Logstash: drop_newer.)',
    perPipeline: true,
  },
  'dead_letter_queue.retain.age': {
    type: 'duration',
    description: 'How long dead letters are kept, such as 5d; for ever unless set.',
    perPipeline: true,
  },
  'metric.collect': {
    type: 'boolean',
    default: true,
    description: 'Keep metrics.',
    ignored: 'counters cost nothing here and are always kept',
  },
  'store.enabled': {
    type: 'string',
    oneOf: ['auto', 'true', 'false'],
    default: 'auto',
    description:
      'Run the event store in this process. auto: with `millrace up` (npm start), and where a pipeline has a `store` input or output. (Not in Logstash.)',
  },
  'store.driver': {
    type: 'string',
    oneOf: ['embedded', 'opensearch'],
    default: 'embedded',
    description:
      'Where the event store keeps events: in a folder of this machine, or in an OpenSearch or Elasticsearch cluster (then the settings from store.hosts on count). (Not in Logstash.)',
  },
  'store.hosts': {
    type: 'string',
    default: '127.0.0.1:9200',
    description:
      'Nodes of the cluster, separated by commas: `https://host:9200`. For store.driver opensearch. (Not in Logstash.)',
  },
  'store.user': { type: 'string', description: 'User of the cluster. (Not in Logstash.)' },
  'store.password': { type: 'password', description: 'Its password. (Not in Logstash.)' },
  'store.api_key': {
    type: 'password',
    description:
      'API key for the cluster instead of user and password: `id:key`, or base64 of that. (Not in Logstash.)',
  },
  'store.template_patterns': {
    type: 'string',
    description:
      "Names of the cluster's indices, separated by commas, that begin with Millrace's mappings (strings as exact keywords) unless a template of the cluster fits them; those of Beats, Logstash and Millrace unless set; empty: none. (Not in Logstash.)",
  },
  'store.ssl.certificate_authorities': {
    type: 'path',
    description:
      "File with the authorities that the cluster's certificate must come from. (Not in Logstash.)",
  },
  'store.ssl.certificate': {
    type: 'path',
    description: 'Own certificate for the cluster. (Not in Logstash.)',
  },
  'store.ssl.key': { type: 'path', description: 'Private key of store.ssl.certificate. (Not in Logstash.)' },
  'store.ssl.verification_mode': {
    type: 'string',
    oneOf: ['full', 'none'],
    default: 'full',
    description: "Whether the cluster's certificate is checked. (Not in Logstash.)",
  },
  'store.ssl.ca_trusted_fingerprint': {
    type: 'string',
    description: "SHA-256 fingerprint of an authority in the cluster's chain to trust. (Not in Logstash.)",
  },
  'store.path': {
    type: 'path',
    description: 'Folder of the event store; path.data/store unless set. (Not in Logstash.)',
  },
  'store.memory_limit': {
    type: 'bytes',
    description:
      'Memory for searches of the event store; a quarter of the machine, 4 GB at most, unless set. (Not in Logstash.)',
  },
  'store.http.enabled': {
    type: 'boolean',
    default: true,
    description:
      "Serve the event store to Elasticsearch's clients, where there is a store. (Not in Logstash.)",
  },
  'store.http.host': {
    type: 'string',
    default: '127.0.0.1',
    description:
      'Address of the event store. Any other than loopback takes users (`millrace user add`) and TLS, for which certificates are made. (Not in Logstash.)',
  },
  'store.http.port': { type: 'number', default: 9200, description: 'Its port. (Not in Logstash.)' },
  'store.http.hosts': {
    type: 'string',
    description:
      "Further host names that requests may be addressed to, behind commas; addresses, localhost and this machine's name always may. (Not in Logstash.)",
  },
  'store.http.anonymous': {
    type: 'string',
    oneOf: ['none', 'write', 'all'],
    default: 'write',
    description:
      'What may be done from this machine without credentials once there are users. write: write documents and set up templates, but read none. (Not in Logstash.)',
  },
  'store.http.max_content_length': {
    type: 'bytes',
    default: 100 * 1024 * 1024,
    description: 'Largest body of a request, unpacked. (Not in Logstash.)',
  },
  'store.http.ssl.enabled': {
    type: 'boolean',
    description:
      'Event store over TLS; always on other addresses than loopback. Without a certificate one is made in path.data/certs. (Not in Logstash.)',
  },
  'store.http.ssl.certificate': { type: 'path', description: 'Certificate, PEM. (Not in Logstash.)' },
  'store.http.ssl.key': { type: 'path', description: 'Its private key, PEM. (Not in Logstash.)' },
  'store.http.ssl.keystore.path': {
    type: 'path',
    description: 'PKCS#12 file with both, instead. (Not in Logstash.)',
  },
  'store.http.ssl.keystore.password': { type: 'password', description: 'Its password. (Not in Logstash.)' },
  'store.http.ssl.supported_protocols': {
    type: 'string',
    description: 'TLS versions of the event store. (Not in Logstash.)',
  },
  'store.compat_version': {
    type: 'string',
    default: '8.19.0',
    description: 'Version of Elasticsearch that the event store says it is. (Not in Logstash.)',
  },
  'store.snapshot.path': {
    type: 'path',
    description:
      'Folder that repositories of snapshots lie in; path.data/snapshots unless set. (Not in Logstash.)',
  },
  'store.archive.path': {
    type: 'path',
    description:
      'Folder on another, cheaper disk that indices move to when a rule of store.retention says so; they stay searchable. (Not in Logstash.)',
  },
  'store.retention': {
    type: 'string',
    description:
      'How long indices are kept: a list of rules with pattern, max_age, max_bytes, archive_after; the first pattern that fits an index decides. (Not in Logstash.)',
  },
  'store.s3.access_key': {
    type: 'password',
    description:
      'Access key for snapshots in S3; AWS_ACCESS_KEY_ID of the environment unless set. (Not in Logstash.)',
  },
  'store.s3.secret_key': {
    type: 'password',
    description: 'Its secret; AWS_SECRET_ACCESS_KEY unless set. (Not in Logstash.)',
  },
  'store.s3.session_token': {
    type: 'password',
    description: 'Of temporary credentials; AWS_SESSION_TOKEN unless set. (Not in Logstash.)',
  },
  'store.s3.endpoint': {
    type: 'string',
    description:
      "URL of a server that speaks S3, for what is not Amazon's: https://s3.example.org:9000. AWS_ENDPOINT_URL_S3 unless set. (Not in Logstash.)",
  },
  'store.s3.region': {
    type: 'string',
    description: 'Region of the buckets; AWS_REGION unless set, and then us-east-1. (Not in Logstash.)',
  },
  'store.s3.path_style_access': {
    type: 'boolean',
    description:
      'The bucket is in the path of the URL instead of the host name; with an endpoint true unless set. (Not in Logstash.)',
  },
  'store.s3.ssl.certificate_authorities': {
    type: 'path',
    description: 'Authority of the certificate of the endpoint, PEM. (Not in Logstash.)',
  },
  'console.enabled': {
    type: 'string',
    oneOf: ['auto', 'true', 'false'],
    default: 'auto',
    description: 'Serve the web console. auto: with `millrace up` (npm start). (Not in Logstash.)',
  },
  'console.http.host': {
    type: 'string',
    default: '127.0.0.1',
    description:
      'Address of the console. Any other than loopback takes TLS, for which certificates are made. (Not in Logstash.)',
  },
  'console.http.port': { type: 'number', default: 5601, description: 'Its port. (Not in Logstash.)' },
  'console.http.hosts': {
    type: 'string',
    description:
      "Further host names that the console is opened by, behind commas; its address, localhost and this machine's name always may. (Not in Logstash.)",
  },
  'console.http.ssl.enabled': {
    type: 'boolean',
    description:
      'Console over TLS; always on other addresses than loopback. Without a certificate one is made in path.data/certs. (Not in Logstash.)',
  },
  'console.http.ssl.certificate': { type: 'path', description: 'Certificate, PEM. (Not in Logstash.)' },
  'console.http.ssl.key': { type: 'path', description: 'Its private key, PEM. (Not in Logstash.)' },
  'console.http.ssl.keystore.path': {
    type: 'path',
    description: 'PKCS#12 file with both, instead. (Not in Logstash.)',
  },
  'console.http.ssl.keystore.password': { type: 'password', description: 'Its password. (Not in Logstash.)' },
  'console.http.ssl.supported_protocols': {
    type: 'string',
    description: 'TLS versions of the console. (Not in Logstash.)',
  },
  'console.session.idle_timeout': {
    type: 'duration',
    default: 1800,
    description:
      'A session that nobody uses ends after so long; an open live view is use. (Not in Logstash.)',
  },
  'console.session.lifetime': {
    type: 'duration',
    default: 12 * 3600,
    description: 'Every session ends after so long. (Not in Logstash.)',
  },
  'console.public_url': {
    type: 'string',
    description:
      'Where browsers reach the console, such as https://millrace.example.org, if a proxy stands before it; for the way back from a provider. (Not in Logstash.)',
  },
  'console.oidc.issuer': {
    type: 'string',
    description:
      'OpenID Connect provider to sign in with; a button for it appears. Its redirect URI is /api/session/oidc/oidc/callback of the console. (Not in Logstash.)',
  },
  'console.oidc.client_id': { type: 'string', description: 'Our name at the provider. (Not in Logstash.)' },
  'console.oidc.client_secret': {
    type: 'password',
    description: 'Its secret; none: a public client with PKCE. (Not in Logstash.)',
  },
  'console.oidc.title': {
    type: 'string',
    default: 'Single sign-on',
    description: 'What the button says. (Not in Logstash.)',
  },
  'console.oidc.scopes': {
    type: 'string',
    default: 'openid profile email',
    description: 'Scopes that are asked for. (Not in Logstash.)',
  },
  'console.oidc.name_claim': {
    type: 'string',
    default: 'preferred_username',
    description: "Claim with the user's name. (Not in Logstash.)",
  },
  'console.oidc.role_claim': {
    type: 'string',
    default: 'groups',
    description: 'Claim with the groups that roles are given for. (Not in Logstash.)',
  },
  'console.oidc.roles': {
    type: 'string',
    description:
      'Role of each group, such as "soc=analyst; it=operator"; of several the highest. (Not in Logstash.)',
  },
  'console.oidc.default_role': {
    type: 'string',
    oneOf: ['none', 'viewer', 'analyst', 'operator', 'administrator'],
    default: 'none',
    description: 'Role of those whose groups give none; none: they are refused. (Not in Logstash.)',
  },
  'api.enabled': {
    type: 'boolean',
    default: true,
    flags: ['--http.enabled'],
    description: 'Serve the monitoring API.',
  },
  'api.http.host': {
    type: 'string',
    default: '127.0.0.1',
    flags: ['--http.host'],
    description: 'Address of the monitoring API.',
  },
  'api.http.port': {
    type: 'ports',
    default: [9600, 9700],
    flags: ['--http.port'],
    description: 'Port of the monitoring API, or a range of which the first free one is taken.',
  },
  'api.environment': { type: 'string', default: 'production', description: 'Shown by the monitoring API.' },
  'api.auth.type': {
    type: 'string',
    default: 'none',
    oneOf: ['none', 'basic'],
    description: 'Who may use the monitoring API.',
  },
  'api.auth.basic.username': { type: 'string', description: 'User of the monitoring API.' },
  'api.auth.basic.password': { type: 'password', description: 'Password of the monitoring API.' },
  'api.ssl.enabled': { type: 'boolean', default: false, description: 'Monitoring API over TLS.' },
  'api.ssl.keystore.path': { type: 'path', description: 'PKCS#12 file with key and certificate.' },
  'api.ssl.keystore.password': { type: 'password', description: 'Its password.' },
  'api.ssl.supported_protocols': { type: 'string', description: 'TLS versions of the monitoring API.' },
  'keystore.file': { type: 'path', description: 'The keystore; path.settings/logstash.keystore unless set.' },
  allow_superuser: {
    type: 'boolean',
    default: true,
    description: 'Root may run Millrace: a warning, not a refusal.',
  },
  'slowlog.threshold.warn': {
    type: 'string',
    default: '-1',
    description: 'Slow log.',
    ignored: 'the slowest filters are in the monitoring API',
  },
  'slowlog.threshold.info': {
    type: 'string',
    default: '-1',
    description: 'Slow log.',
    ignored: 'the slowest filters are in the monitoring API',
  },
  'slowlog.threshold.debug': {
    type: 'string',
    default: '-1',
    description: 'Slow log.',
    ignored: 'the slowest filters are in the monitoring API',
  },
  'slowlog.threshold.trace': {
    type: 'string',
    default: '-1',
    description: 'Slow log.',
    ignored: 'the slowest filters are in the monitoring API',
  },
} as const satisfies Record<string, Setting>;

export type SettingName = keyof typeof settings;

/** Whole families that Logstash knows and that have no meaning here. */
export const ignoredFamilies = [
  'xpack.',
  'otel.',
  'monitoring.',
  'modules',
  'cloud.',
  'ssl.reload.',
  'keystore.classname',
  'api.auth.basic.password_policy.',
];
