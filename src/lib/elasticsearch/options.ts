/** The options of every plugin that talks to Elasticsearch or OpenSearch: where it is, who we are, how to behave. */
import type { Options, OptionValues } from '../../kernel/options.ts';
import type { ReportProblem } from '../../kernel/plugin.ts';
import { parseProxy } from '../http/options.ts';
import { checkClientTls, clientTlsOptions } from '../tls/tls.ts';
import { resolveHosts } from './hosts.ts';

const DEFAULT_HOST = '//127.0.0.1';

export const elasticsearchApiOptions = {
  hosts: {
    type: 'uri',
    list: true,
    default: [DEFAULT_HOST],
    description: 'Addresses of nodes, which take turns. Port 9200 and plain HTTP unless they say otherwise.',
  },
  cloud_id: { type: 'string', description: 'Id of a deployment in Elastic Cloud, instead of `hosts`.' },
  cloud_auth: { type: 'password', description: '`user:password` for Elastic Cloud.' },
  user: { type: 'string', description: 'User for basic authentication.' },
  password: { type: 'password', description: 'Password of `user`.' },
  api_key: {
    type: 'password',
    description: 'API key, as `id:key`, in base64, or of Elastic Cloud (`essu_…`). Needs TLS.',
  },
  path: { type: 'string', description: 'Path under which the server answers, behind a proxy for example.' },
  bulk_path: {
    type: 'string',
    description: 'Path of bulk requests, from the root of the server; `_bulk` under `path` if not given.',
  },
  healthcheck_path: {
    type: 'string',
    description: 'Path that tells whether a node is alive; `path` if not given.',
  },
  parameters: { type: 'hash', description: 'Query parameters of every request.' },
  custom_headers: { type: 'hash', default: {}, description: 'Headers of every request.' },
  proxy: { type: 'uri', description: 'Address of an HTTP proxy.' },
  timeout: {
    type: 'number',
    default: 60,
    min: 0.001,
    description: 'Seconds that a node may be silent, and that a whole request may take.',
  },
  pool_max: { type: 'number', default: 1000, min: 1, description: 'Requests at once, over all workers.' },
  pool_max_per_route: {
    type: 'number',
    default: 100,
    min: 1,
    description: 'Connections to one node, over all workers.',
  },
  validate_after_inactivity: {
    type: 'number',
    default: 10_000,
    description: 'Has no effect: connections that the server closes are noticed at once.',
  },
  resurrect_delay: {
    type: 'number',
    default: 5,
    min: 0.001,
    description: 'Seconds between two looks at a node that did not answer.',
  },
  sniffing: {
    type: 'boolean',
    default: false,
    description: 'Ask the cluster for its nodes and use them all.',
  },
  sniffing_delay: {
    type: 'number',
    default: 5,
    min: 0.001,
    description: 'Seconds between two such questions.',
  },
  sniffing_path: {
    type: 'string',
    description: 'Path of that question; `_nodes/http` under `path` if not given.',
  },
  compression_level: {
    type: 'number',
    oneOf: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    default: 1,
    description: 'Gzip level of bulk requests; 0: no compression.',
  },
  http_compression: {
    type: 'boolean',
    renamedTo: 'compression_level',
    renamedValue: (value: unknown) => (value === true || value === 'true' ? 1 : 0),
    description: 'Old name.',
  },
  retry_initial_interval: {
    type: 'number',
    default: 2,
    min: 0,
    description: 'Seconds before the first new try; they double with every other one.',
  },
  retry_max_interval: { type: 'number', default: 64, min: 0, description: 'Where the doubling ends.' },
  dlq_custom_codes: {
    type: 'number',
    list: true,
    default: [],
    description: 'Statuses beside 400 and 404 for which a document is rejected instead of tried again.',
  },
  dlq_on_failed_indexname_interpolation: {
    type: 'boolean',
    default: true,
    description: 'Reject events whose index still holds `%{…}`; otherwise they go to an index of that name.',
  },
  drop_error_types: {
    type: 'string',
    list: true,
    default: [],
    description: 'Types of errors for which a document is dropped with a warning.',
  },
  silence_errors_in_log: {
    type: 'array',
    default: [],
    description: 'Types of errors that are not logged when documents are dropped.',
  },
  failure_type_logging_whitelist: {
    type: 'array',
    renamedTo: 'silence_errors_in_log',
    description: 'Old name.',
  },
  document_id: {
    type: 'string',
    description: 'Id of the document; fields may be used. The server makes one if there is none.',
  },
  ...clientTlsOptions,
  ssl_enabled: {
    type: 'boolean',
    description: 'Speak TLS. If not given: when `hosts` begin with https.',
  },
  ca_trusted_fingerprint: {
    type: 'string',
    list: true,
    default: [],
    description:
      'SHA-256 fingerprints of authorities to trust; one of them must be in the chain that the server sends.',
  },
} as const satisfies Options;

export type ElasticsearchApiValues = OptionValues<typeof elasticsearchApiOptions>;

/** Rules between the options; for `validate`. */
export function checkElasticsearchApi(values: ElasticsearchApiValues, report: ReportProblem): void {
  let secure = values.ssl_enabled ?? false;
  try {
    secure = resolveHosts(values).secure;
  } catch (error) {
    const { option = 'hosts', message } = error as Error & { option?: string };
    report('error', option, message);
  }
  checkClientTls({ ...values, ssl_enabled: secure }, report);
  const { user, password, api_key, cloud_auth } = values;
  if (user !== undefined && password === undefined) report('error', 'user', '`user` needs `password`');
  if (password !== undefined && user === undefined) report('error', 'password', '`password` needs `user`');
  const ways = [user ?? password, api_key, cloud_auth].filter((way) => way !== undefined);
  if (ways.length > 1)
    report(
      'error',
      api_key === undefined ? 'cloud_auth' : 'api_key',
      'give one of user/password, cloud_auth and api_key',
    );
  if (api_key !== undefined && !secure)
    report('error', 'api_key', '`api_key` needs TLS: hosts that begin with https');
  if (values.proxy === '') report('warning', 'proxy', 'an empty proxy has no effect');
  try {
    parseProxy(values.proxy);
  } catch (error) {
    report('error', 'proxy', (error as Error).message);
  }
  for (const fingerprint of values.ca_trusted_fingerprint)
    if (!isFingerprint(fingerprint))
      report(
        'error',
        'ca_trusted_fingerprint',
        `\`${fingerprint}\` is no SHA-256 fingerprint (64 hex digits)`,
      );
  if (values.ca_trusted_fingerprint.length > 0 && values.proxy)
    report(
      'error',
      'ca_trusted_fingerprint',
      'can not be used through a proxy; use `ssl_certificate_authorities`',
    );
  checkCodes(values.dlq_custom_codes, report);
}

const isFingerprint = (text: string): boolean => /^[\da-f]{64}$/i.test(text.replaceAll(':', ''));

function checkCodes(codes: readonly number[], report: ReportProblem): void {
  const meaning: Readonly<Record<number, string>> = {
    200: 'is a success',
    201: 'is a success',
    400: 'is one by itself',
    404: 'is one by itself',
    409: 'is a conflict: such documents are dropped',
  };
  for (const code of codes) {
    const known = meaning[code];
    if (known !== undefined) report('error', 'dlq_custom_codes', `${code} ${known}`);
  }
}
