/** Every setting: name, type, default and what it does. The command line, logstash.yml, pipelines.yml and docs come from it. */
import { pipelineSettings } from './pipeline-settings-table.ts';
import type { Setting } from './setting.ts';
import { storeSettings } from './store-settings-table.ts';

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
  ...pipelineSettings,
  ...storeSettings,
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
  'keystore.file': {
    type: 'path',
    description: 'The keystore; logstash.keystore in path.settings, or without one in path.data, unless set.',
  },
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
