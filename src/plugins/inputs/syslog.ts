import type { OptionValues } from '../../kernel/options.ts';
import { defineInput, type Intake, type IntakeContext } from '../../kernel/plugin.ts';
import { compileDateParser } from '../../lib/dates/parse.ts';
import { compileGrok } from '../../lib/grok/compile.ts';
import { ConnectionLimit, connectionLimitOption } from '../../lib/net/connection-limit.ts';
import { DatagramIntake, receiveBufferOption } from '../../lib/net/datagram-intake.ts';
import { HealthParts } from '../../lib/net/episode.ts';
import { ReadGate } from '../../lib/net/read-gate.ts';
import { StreamConnection } from '../../lib/net/stream-connection.ts';
import { TcpListener } from '../../lib/net/tcp-listener.ts';
import { SyslogDecoder } from '../../lib/syslog/decoder.ts';
import { SyslogFields } from '../../lib/syslog/fields.ts';
import { SyslogFramer } from '../../lib/syslog/framer.ts';
import { checkServerTls, serverTlsNames, serverTlsOptions } from '../../lib/tls/tls.ts';

const facilities = [
  'kernel',
  'user-level',
  'mail',
  'system',
  'security/authorization',
  'syslogd',
  'line printer',
  'network news',
  'UUCP',
  'clock',
  'security/authorization',
  'FTP',
  'NTP',
  'log audit',
  'log alert',
  'clock',
  ...Array.from({ length: 8 }, (_, index) => `local${index}`),
];
const severities = ['Emergency', 'Alert', 'Critical', 'Error', 'Warning', 'Notice', 'Informational', 'Debug'];

const options = {
  ...serverTlsOptions,
  host: { type: 'string', default: '0.0.0.0', description: 'Address to listen at.' },
  port: {
    type: 'number',
    default: 514,
    min: 0,
    max: 65_535,
    description: 'Port to listen at, TCP and UDP; below 1024 it needs privileges.',
  },
  syslog_field: {
    type: 'string',
    default: 'message',
    description: 'Field that the codec leaves the line in.',
  },
  grok_pattern: {
    type: 'string',
    description: 'Grok pattern for the line, instead of `<%{POSINT:priority}>%{SYSLOGLINE}` and RFC 5424.',
  },
  proxy_protocol: {
    type: 'boolean',
    default: false,
    description: 'TCP connections begin with a PROXY header, version 1 or 2, that names the real sender.',
  },
  use_labels: {
    type: 'boolean',
    default: true,
    description: 'Adds the names of facility and severity to their numbers.',
  },
  facility_labels: { type: 'array', default: facilities, description: 'Names of the facilities, from 0 on.' },
  severity_labels: { type: 'array', default: severities, description: 'Names of the severities, from 0 on.' },
  timezone: {
    type: 'string',
    description: "Time zone (IANA name or offset) of timestamps without one; this machine's unless given.",
  },
  locale: { type: 'string', description: 'Language of the names of months, such as `en` or `de_DE`.' },
  service_type: { type: 'string', default: 'system', description: 'With ECS: field `[service][type]`.' },
  ...receiveBufferOption,
  ...connectionLimitOption,
} as const;

type SyslogOptions = OptionValues<typeof options>;

/** Syslog over UDP, TCP and TLS. */
export const syslog = defineInput({
  kind: 'input',
  name: 'syslog',
  cutsLines: true,
  summary: 'Receives syslog, RFC 3164 and 5424, over UDP and TCP on one port; TCP with or without TLS.',
  options,
  ecs: true,
  socketOptions: ['host', 'port', 'proxy_protocol', 'receive_buffer_bytes', ...serverTlsNames],
  examples: [
    {
      title: 'All senders in one time zone',
      config: 'input { syslog { port => 5514 timezone => "Europe/Helsinki" } }',
    },
    {
      title: 'An own pattern',
      config:
        'input { syslog { port => 5514 grok_pattern => "<%{POSINT:priority}>%{SYSLOGTIMESTAMP:timestamp} %{GREEDYDATA:message}" } }',
    },
    {
      title: 'TLS (RFC 5425)',
      config: `input {
  syslog {
    port => 6514
    ssl_enabled => true
    ssl_certificate => "/etc/millrace/server.crt"
    ssl_key => "/etc/millrace/server.key"
  }
}`,
    },
  ],
  differences: [
    'RFC 5424 is understood without a pattern. Its fields have the names that RFC 3164 has (`timestamp`, `logsource`, `program`, `pid`, `message`), and `syslog5424_ver`, `syslog5424_msgid`, `syslog5424_sd` beside them; with ECS those of the pattern SYSLOG5424LINE, and `[log][syslog][procid]` for a process id that is no number.',
    'TCP connections may count octets (RFC 6587); the first bytes of a connection decide.',
    'TLS for TCP by the `ssl_` options of the tcp input; UDP stays as it is.',
    'The line end is not part of the message.',
    'A line that does not match has priority 13 (user, notice), as RFC 3164 says; Logstash sets 0.',
    'The PROXY protocol is understood in version 2, too.',
    'Datagrams that find no room are counted by sender, as those of the udp input; `receive_buffer_bytes` and `max_connections` are known.',
  ],
  binds: ({ host, port }) => [
    { protocol: 'tcp', host, port },
    { protocol: 'udp', host, port },
  ],
  validate(values, report) {
    checkServerTls(values, report);
    const attempt = (option: string, work: () => unknown): void => {
      try {
        work();
      } catch (error) {
        report('error', option, (error as Error).message);
      }
    };
    if (values.grok_pattern !== undefined) attempt('grok_pattern', () => compileGrok(values.grok_pattern!));
    if (values.timezone !== undefined)
      attempt('timezone', () => compileDateParser('ISO8601', { timezone: values.timezone }));
  },
  createIntake: (values, context) => new SyslogIntake(values, context),
  createDecoder: (values, context) =>
    new SyslogDecoder(
      context,
      new SyslogFields({
        ecs: context.ecs,
        syslogField: values.syslog_field,
        grokPattern: values.grok_pattern,
        useLabels: values.use_labels,
        facilityLabels: values.facility_labels,
        severityLabels: values.severity_labels,
        timezone: values.timezone,
        locale: values.locale,
        serviceType: values.service_type,
      }),
    ),
});

/** Ports to try for both protocols when the system is to choose one (port 0). */
const PORT_TRIES = 10;

class SyslogIntake implements Intake {
  readonly #options: SyslogOptions;
  readonly #context: IntakeContext;
  readonly #gate: ReadGate;
  readonly #connections = new Set<StreamConnection>();
  readonly #limit: ConnectionLimit;
  readonly #datagramHealth: (problem: string | undefined) => void;
  #tcp: TcpListener | undefined;
  #udp: DatagramIntake | undefined;

  constructor(values: SyslogOptions, context: IntakeContext) {
    this.#options = values;
    this.#context = context;
    this.#gate = new ReadGate(context.writer);
    const health = new HealthParts((problem) => context.health(problem));
    this.#limit = new ConnectionLimit(context, health.part());
    this.#datagramHealth = health.part();
  }

  /** The port it listens at. */
  get port(): number {
    return this.#tcp?.port ?? 0;
  }

  async open(): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        await this.#listen();
        return;
      } catch (error) {
        await this.close();
        const isTaken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
        if (!isTaken || this.#options.port !== 0 || tries === PORT_TRIES) throw error;
      }
    }
  }

  /** Everything but the sockets matters in the workers only. */
  update(values: Readonly<Record<string, unknown>>): void {
    this.#tcp?.limit(this.#limit, (values as SyslogOptions).max_connections);
    this.#tcp?.renewCertificates();
  }

  async close(): Promise<void> {
    for (const connection of this.#connections) connection.end();
    this.#limit.close();
    await Promise.all([this.#tcp?.close(), this.#udp?.close()]);
  }

  async #listen(): Promise<void> {
    const { logger, writer, maxRecordBytes } = this.#context;
    this.#tcp = new TcpListener(this.#options, logger, (socket, origin) => {
      const peer = { key: `${origin.ip}:${origin.port}`, ip: origin.ip };
      const framer = new SyslogFramer(maxRecordBytes);
      const connection = new StreamConnection(socket, peer, framer, writer, this.#gate);
      this.#connections.add(connection);
      socket.on('close', () => this.#connections.delete(connection));
    });
    this.#tcp.limit(this.#limit, this.#options.max_connections);
    await this.#tcp.open();
    this.#udp = new DatagramIntake(
      { ...this.#options, port: this.#tcp.port },
      this.#context,
      this.#datagramHealth,
    );
    await this.#udp.open();
  }
}
