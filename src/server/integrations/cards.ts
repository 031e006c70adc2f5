/**
 * What people can set up on the page of sources and destinations, in plain words. A card is offered as soon as its plugin
 * is there; what it does not say of a field comes from the plugin's declaration.
 */
import { join } from 'node:path';
import type { PluginKind } from '../../kernel/plugin.ts';

export type Control =
  | 'text'
  | 'number'
  | 'switch'
  | 'choice'
  | 'secret'
  | 'list'
  /** Names with secret values. */
  | 'headers'
  /** A certificate or key, pasted or uploaded. */
  | 'pem'
  /** Who may reach the port. */
  | 'listen'
  /** Whose certificate a listener shows. */
  | 'tls'
  /** Whether senders must show one, and whose. */
  | 'clients';

export interface CardField {
  /** Option of the plugin; `listen`, `tls` and `clients` stand for several. */
  readonly name: string;
  readonly label?: string;
  readonly help?: string;
  readonly control?: Control;
  readonly placeholder?: string;
  readonly required?: boolean;
  /** Preset; other than the plugin's default it is always written. */
  readonly preset?: string | number | boolean | readonly string[];
  readonly choices?: readonly { readonly value: string; readonly label: string }[];
  /** Behind "More options". */
  readonly advanced?: boolean;
}

export interface Card {
  readonly id: string;
  readonly kind: 'source' | 'destination';
  readonly plugin: string;
  /** Codec that must be there, too. */
  readonly codec?: string;
  /** What one does: "Receive syslog". */
  readonly title: string;
  /** For whom and what, one or two sentences. */
  readonly words: string;
  /** None: the options that the plugin requires are asked for. */
  readonly fields?: readonly CardField[];
  /** Always written. */
  readonly fixed?: Readonly<Record<string, unknown>>;
  /** The same, of what lies in the folder of this process's data. */
  own?(dataPath: string): Readonly<Record<string, unknown>>;
  /** Of a source: filters of its config. */
  readonly filter?: string;
  /** Written when a source speaks TLS. */
  readonly withTls?: Readonly<Record<string, unknown>>;
  /** Of a source: beginning of the names of its indices in Millrace's own store. */
  readonly keep?: string;
  /** How a source is told about from outside, and tested. */
  readonly speaks?: 'syslog' | 'lumberjack' | 'http' | 'lines' | 'datagrams' | 'files';
}

const listen: CardField = {
  name: 'listen',
  control: 'listen',
  label: 'Who sends?',
  preset: '127.0.0.1',
};
const port = (preset: number, help: string): CardField => ({ name: 'port', label: 'Port', preset, help });
const tls = (preset: 'off' | 'made', help: string): CardField => ({
  name: 'tls',
  control: 'tls',
  label: 'Encryption (TLS)',
  preset,
  help,
});
const clients: CardField = {
  name: 'clients',
  control: 'clients',
  label: 'Who may connect?',
  preset: 'anybody',
  help: 'Who has no certificate is refused before anything is read.',
};
const authority: CardField = {
  name: 'ssl_certificate_authorities',
  control: 'pem',
  label: 'CA certificate',
  help: 'Only if the other side has a certificate that this computer does not know. Paste it or upload a .crt, .cer, .pem or .txt file.',
  advanced: true,
};
const verify: CardField = {
  name: 'ssl_verification_mode',
  label: 'Verify TLS certificate',
  control: 'switch',
  preset: true,
  help: 'Off, anybody between here and there can read and change what is sent.',
  advanced: true,
};
/** JSON in any of the forms that webhooks come in. */
const webhookBodies = {
  additional_codecs: { 'application/json': 'json', 'application/x-ndjson': 'json_lines' },
};

/** Who changed what here, without what only looks: searches, sign-ins, tests. */
const systemEvents = `  # The rest is in the audit log only.
  if [action] !~ /^(integrations|users|keys|config|storage|demo)\\./ or [action] =~ /\\.(test|watch|preview|verify|save_test)$/ {
    drop { }
  }
  date { match => ["time", "ISO8601"] }
  mutate {
    rename => {
      "user" => "[@metadata][user]"
      "action" => "[event][action]"
      "outcome" => "[event][outcome]"
      "address" => "[source][address]"
    }
    remove_field => ["time", "previous", "hash"]
  }
  mutate {
    rename => { "[@metadata][user]" => "[user][name]" }
    add_field => { "message" => "%{[event][action]} by %{[user][name]} from %{[source][address]}: %{[event][outcome]}" }
  }
`;

const sources: readonly Card[] = [
  {
    id: 'syslog',
    kind: 'source',
    plugin: 'syslog',
    title: 'Receive syslog',
    words:
      'Linux servers (rsyslog, syslog-ng), firewalls, switches and most other network devices can send it.',
    keep: 'syslog',
    speaks: 'syslog',
    fields: [
      listen,
      port(5514, 'TCP and UDP. The classic 514 needs privileges; most devices can be told another port.'),
      tls('off', 'For syslog over TCP. What comes by UDP is never encrypted.'),
      {
        ...clients,
        help: 'Who has no certificate is refused before anything is read. What comes by UDP is not asked for one.',
      },
      {
        name: 'timezone',
        label: 'Time zone of the senders',
        help: 'For timestamps that do not say theirs, such as Europe/Helsinki. Empty: that of this computer.',
        placeholder: 'Europe/Helsinki',
        advanced: true,
      },
      {
        name: 'proxy_protocol',
        label: 'Senders come through a load balancer (PROXY protocol)',
        advanced: true,
      },
    ],
  },
  {
    id: 'beats',
    kind: 'source',
    plugin: 'beats',
    title: 'Receive Beats',
    words: 'Filebeat, Winlogbeat, Auditbeat, Packetbeat, Elastic Agent, or another Logstash.',
    keep: 'beats',
    speaks: 'lumberjack',
    fields: [
      listen,
      port(5044, 'The port that Beats use unless told otherwise.'),
      tls('made', 'Beats check the certificate with the CA that you give them.'),
      clients,
    ],
  },
  {
    id: 'webhook',
    kind: 'source',
    plugin: 'http',
    title: 'Receive webhooks',
    words: 'Any service or script that can send JSON or text over HTTP, by POST or PUT.',
    keep: 'webhook',
    speaks: 'http',
    fixed: webhookBodies,
    fields: [
      listen,
      port(8080, 'Where senders connect to.'),
      tls('off', 'Without it passwords and events can be read on their way.'),
      clients,
      {
        name: 'user',
        label: 'User name',
        help: 'Senders must give it, with the password. Empty: anybody may send.',
      },
      { name: 'password', label: 'Password' },
      {
        name: 'max_content_length',
        label: 'Largest request',
        control: 'text',
        placeholder: '100mb',
        advanced: true,
      },
    ],
  },
  {
    id: 'wallarm',
    kind: 'source',
    plugin: 'http',
    title: 'Receive Wallarm notifications',
    words: 'Attacks, vulnerabilities and system messages that Wallarm sends to a webhook.',
    keep: 'wallarm',
    speaks: 'http',
    fixed: webhookBodies,
    fields: [
      { ...listen, preset: '0.0.0.0' },
      port(8443, 'Wallarm must reach it from the internet.'),
      tls(
        'made',
        'Wallarm sends to HTTPS only. It trusts public certificates; for ours give it the CA certificate.',
      ),
      {
        name: 'user',
        label: 'User name',
        help: 'Goes into a request header of the Wallarm form. Empty: anybody may send.',
      },
      { name: 'password', label: 'Password' },
    ],
  },
  {
    id: 'files',
    kind: 'source',
    plugin: 'file',
    title: 'Follow files',
    words: 'Log files of this computer, read as they grow, through rotation and restarts.',
    keep: 'files',
    speaks: 'files',
    fields: [
      {
        name: 'path',
        label: 'Files',
        control: 'list',
        help: 'Whole paths; * and ** stand for anything: /var/log/*.log',
        placeholder: '/var/log/*.log',
      },
      {
        name: 'start_position',
        label: 'What the files hold already',
        preset: 'beginning',
        choices: [
          { value: 'beginning', label: 'Read it, too' },
          { value: 'end', label: 'Only what is added from now on' },
        ],
      },
      {
        name: 'codec',
        label: 'A line is',
        control: 'choice',
        preset: 'plain',
        choices: [
          { value: 'plain', label: 'text' },
          { value: 'json', label: 'a JSON object' },
        ],
      },
      { name: 'exclude', label: 'Files to leave out', control: 'list', placeholder: '*.gz', advanced: true },
    ],
  },
  {
    id: 'netflow',
    kind: 'source',
    plugin: 'udp',
    codec: 'netflow',
    title: 'Collect NetFlow',
    words: 'Flow records of routers and firewalls: NetFlow 5 and 9, IPFIX.',
    keep: 'netflow',
    speaks: 'datagrams',
    fixed: { codec: { plugin: 'netflow' } },
    fields: [listen, port(2055, 'UDP, where the exporters send to.')],
  },
  {
    id: 'lines',
    kind: 'source',
    plugin: 'tcp',
    title: 'Receive lines over TCP',
    words: 'Programs that write a line of text, or a JSON object, for every event to a TCP connection.',
    keep: 'tcp',
    speaks: 'lines',
    // This input asks clients for certificates unless it is told not to.
    withTls: { ssl_client_authentication: 'none' },
    fields: [
      listen,
      port(5000, 'Where programs connect to.'),
      tls('off', 'Without it events can be read on their way.'),
      clients,
      {
        name: 'codec',
        label: 'A line is',
        control: 'choice',
        preset: 'line',
        choices: [
          { value: 'line', label: 'text' },
          { value: 'json_lines', label: 'a JSON object' },
        ],
      },
    ],
  },
  {
    id: 'datagrams',
    kind: 'source',
    plugin: 'udp',
    title: 'Receive datagrams over UDP',
    words: 'Programs and devices that send every event as a UDP datagram of text or JSON.',
    keep: 'udp',
    speaks: 'datagrams',
    fields: [
      listen,
      port(5001, 'Where datagrams are sent to.'),
      {
        name: 'codec',
        label: 'A datagram is',
        control: 'choice',
        preset: 'plain',
        choices: [
          { value: 'plain', label: 'text' },
          { value: 'json', label: 'a JSON object' },
        ],
      },
    ],
  },
  {
    id: 'kafka-source',
    kind: 'source',
    plugin: 'kafka',
    title: 'Read from Kafka',
    words: 'Topics of a Kafka cluster.',
    keep: 'kafka',
    fields: [
      { name: 'bootstrap_servers', label: 'Servers', required: true, placeholder: 'kafka.example:9092' },
      { name: 'topics', label: 'Topics', control: 'list', required: true },
      { name: 'group_id', label: 'Consumer group', advanced: true },
    ],
  },
];

const own: readonly Card[] = [
  {
    id: 'system',
    kind: 'source',
    plugin: 'file',
    title: 'Millrace’s own system events',
    words:
      'Who has added, changed, disabled or deleted sources and destinations, users, keys, configs and storage here.',
    keep: 'millrace-events',
    own: (dataPath) => ({ path: [join(dataPath, 'audit', '*.jsonl')] }),
    fixed: { codec: { plugin: 'json' } },
    filter: systemEvents,
    fields: [],
  },
];

const destinations: readonly Card[] = [
  {
    id: 'elasticsearch',
    kind: 'destination',
    plugin: 'elasticsearch',
    title: 'Send to Elasticsearch or OpenSearch',
    words: 'A cluster of your own, or a hosted one.',
    fields: [
      {
        name: 'hosts',
        label: 'Addresses',
        control: 'list',
        required: true,
        placeholder: 'https://elasticsearch.example:9200',
        help: 'One is enough; with more, Millrace spreads the work and goes on when one is down.',
      },
      {
        name: 'index',
        label: 'Index',
        preset: 'millrace-%{+yyyy.MM.dd}',
        help: 'The part in %{…} is the day of the event.',
      },
      { name: 'user', label: 'User name' },
      { name: 'password', label: 'Password' },
      {
        name: 'api_key',
        label: 'API key',
        help: 'In the place of user name and password: id:key.',
        advanced: true,
      },
      authority,
      verify,
      { name: 'pipeline', label: 'Ingest pipeline of the cluster', advanced: true },
    ],
  },
  {
    id: 'http',
    kind: 'destination',
    plugin: 'http',
    title: 'Send to a webhook',
    words: 'Anything that takes events as JSON over HTTP: a SIEM, a collector, a script of your own.',
    fields: [
      { name: 'url', label: 'Webhook URL', placeholder: 'https://siem.example/ingest' },
      {
        name: 'http_method',
        label: 'Request method',
        preset: 'post',
        choices: [
          { value: 'post', label: 'POST' },
          { value: 'put', label: 'PUT' },
        ],
        advanced: true,
      },
      {
        name: 'format',
        label: 'A request holds',
        preset: 'json',
        choices: [
          { value: 'json', label: 'one event, as a JSON object' },
          { value: 'json_batch', label: 'many events, as a JSON array' },
        ],
      },
      {
        name: 'headers',
        label: 'Request headers',
        control: 'headers',
        help: 'Such as Authorization. Their values are kept in the keystore and never shown again.',
        advanced: true,
      },
      authority,
      verify,
      { name: 'request_timeout', label: 'Request timeout, seconds', preset: 15, advanced: true },
      { name: 'connect_timeout', label: 'Connection timeout, seconds', preset: 20, advanced: true },
    ],
  },
  {
    id: 'lumberjack',
    kind: 'destination',
    plugin: 'lumberjack',
    title: 'Send to another Millrace or Logstash',
    words: 'To its Beats port, whole events, with acknowledgements.',
    fixed: { protocol_version: 2 },
    fields: [
      { name: 'hosts', label: 'Names or addresses', control: 'list', placeholder: 'collector.example' },
      { name: 'port', label: 'Port', preset: 5044 },
      { name: 'ssl_enabled', label: 'Encryption (TLS)', preset: true },
      { ...authority, advanced: false },
      { ...verify, help: `${verify.help} The name in the certificate is checked, too.` },
    ],
  },
  {
    id: 'tcp',
    kind: 'destination',
    plugin: 'tcp',
    title: 'Send JSON lines over TCP',
    words: 'A collector that listens for one JSON object a line.',
    fixed: { codec: { plugin: 'json_lines' } },
    fields: [
      { name: 'host', label: 'Name or address', placeholder: 'collector.example' },
      { name: 'port', label: 'Port' },
      { name: 'ssl_enabled', label: 'Encryption (TLS)', preset: false },
      authority,
      verify,
    ],
  },
  {
    id: 'file',
    kind: 'destination',
    plugin: 'file',
    title: 'Write to files',
    words: 'Of this computer, one JSON object a line.',
    fixed: { codec: { plugin: 'json_lines' } },
    fields: [
      {
        name: 'path',
        label: 'File',
        placeholder: '/var/log/millrace/%{+yyyy-MM-dd}.json',
        help: 'The part in %{…} is the day of the event.',
      },
      { name: 'gzip', label: 'Compress', advanced: true },
    ],
  },
  {
    id: 'kafka',
    kind: 'destination',
    plugin: 'kafka',
    title: 'Send to Kafka',
    words: 'A topic of a Kafka cluster.',
    fixed: { codec: { plugin: 'json' } },
    fields: [
      { name: 'bootstrap_servers', label: 'Servers', required: true, placeholder: 'kafka.example:9092' },
      { name: 'topic_id', label: 'Topic', required: true },
    ],
  },
  {
    id: 'sentinel',
    kind: 'destination',
    plugin: 'microsoft-sentinel-log-analytics-logstash-output-plugin',
    title: 'Send to Microsoft Sentinel',
    words: 'A table of a Log Analytics workspace, through a data collection rule.',
  },
  {
    id: 'kusto',
    kind: 'destination',
    plugin: 'kusto',
    title: 'Send to Azure Data Explorer (Kusto)',
    words: 'A table of a Kusto cluster.',
  },
  {
    id: 'splunk',
    kind: 'destination',
    plugin: 'splunk',
    title: 'Send to Splunk',
    words: 'The HTTP Event Collector of Splunk.',
  },
];

const all: readonly Card[] = [...sources, ...own, ...destinations];

export const pluginKind = ({ kind }: Pick<Card, 'kind'>): PluginKind & ('input' | 'output') =>
  kind === 'source' ? 'input' : 'output';

/** Those whose plugins are there. */
export const offeredCards = (names: (kind: PluginKind) => readonly string[]): readonly Card[] =>
  all.filter(
    (card) =>
      names(pluginKind(card)).includes(card.plugin) &&
      (card.codec === undefined || names('codec').includes(card.codec)),
  );
