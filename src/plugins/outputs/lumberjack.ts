import type { OptionValues } from '../../kernel/options.ts';
import { defineOutput, type Output, type OutputContext } from '../../kernel/plugin.ts';
import { compileLumberjackEncoder, LumberjackSender } from '../../lib/lumberjack/sender.ts';
import { OutputConnection } from '../../lib/net/output-connection.ts';
import { checkClientTls, clientTls, clientTlsOptions, type TlsValues } from '../../lib/tls/tls.ts';

const {
  ssl_certificate: ownCertificate,
  ssl_key: ownKey,
  ssl_key_passphrase: ownPassphrase,
  ssl_cert: _sslCert,
  client_cert: _clientCert,
  client_key: _clientKey,
  ...sharedTls
} = clientTlsOptions;

const options = {
  hosts: {
    type: 'array',
    required: true,
    description:
      'Names or addresses of receivers; one is chosen at random, the others are tried when it fails.',
  },
  port: { type: 'number', required: true, min: 1, max: 65535, description: 'Port of all of them.' },
  flush_size: { type: 'number', default: 1024, min: 1, description: 'Events in one window, at most.' },
  idle_flush_time: {
    type: 'number',
    default: 1,
    description:
      'Seconds that Logstash waits for a window to fill. Here events are sent at once; has no effect.',
  },
  protocol_version: {
    type: 'number',
    oneOf: [1, 2],
    default: 1,
    description:
      '1: what the codec makes of an event is sent as field `line`, as Logstash does. 2: events are sent whole, as JSON with `@metadata`, as Beats do.',
  },
  compression_level: {
    type: 'number',
    default: 6,
    min: 0,
    max: 9,
    description: 'Compression of windows, 0 for none.',
  },
  timeout: {
    type: 'number',
    default: 30,
    min: 1,
    description: 'Seconds without any answer after which the connection is given up.',
  },
  reconnect_interval: {
    type: 'number',
    default: 1,
    min: 0,
    description: 'Seconds to wait when no receiver could be reached.',
  },
  ...sharedTls,
  ssl_enabled: {
    ...sharedTls.ssl_enabled,
    default: true,
    description: 'Speak TLS. Logstash always does.',
  },
  ssl_certificate: {
    type: 'path',
    description:
      "Certificate that the receiver's must come from, or be: another name for `ssl_certificate_authorities`, as in Logstash.",
  },
  ssl_verification_mode: {
    ...sharedTls.ssl_verification_mode,
    default: 'certificate',
    description:
      "Checks the receiver's certificate without its name (certificate, as Logstash), with it (full), or not at all.",
  },
  ssl_client_certificate: { ...ownCertificate, description: `For mutual TLS. ${ownCertificate.description}` },
  ssl_client_key: { ...ownKey, description: 'Private key of `ssl_client_certificate`.' },
  ssl_client_key_passphrase: { ...ownPassphrase, description: 'Decrypts `ssl_client_key`.' },
} as const;

type LumberjackOptions = OptionValues<typeof options>;

export const lumberjack = defineOutput({
  kind: 'output',
  name: 'lumberjack',
  summary:
    'Sends events to the beats input of Millrace or Logstash by the Lumberjack protocol, with acknowledgements.',
  options,
  examples: [
    {
      title: 'To another Millrace, whole events',
      config:
        'lumberjack { hosts => ["collector.example"] port => 5044 protocol_version => 2 ssl_certificate => "ca.crt" }',
    },
    {
      title: 'As Logstash sends',
      config: 'lumberjack { hosts => ["192.0.2.7"] port => 5044 ssl_certificate => "ca.crt" codec => json }',
    },
  ],
  differences: [
    'Version 2, other compression levels, mutual TLS and going without TLS are extensions.',
    'Events are sent at once, not after `flush_size` or `idle_flush_time`.',
    'A window counts as delivered when it is acknowledged; Logstash takes any first answer for that.',
    'Every worker has a connection of its own.',
  ],
  reads: ({ protocol_version }) => (protocol_version === 2 ? 'all' : []),
  validate(values, report) {
    if (values.hosts.length === 0) report('error', 'hosts', '`hosts` names no receiver');
    for (const host of values.hosts)
      if (typeof host !== 'string') report('error', 'hosts', '`hosts` must be names or addresses');
    if (
      values.ssl_enabled &&
      !values.ssl_certificate &&
      trusted(values).length === 0 &&
      !values.ssl_truststore_path
    )
      report(
        values.ssl_verification_mode === 'none' ? 'lint' : 'warning',
        'ssl_certificate',
        'without `ssl_certificate` only receivers with a certificate of a public authority are trusted',
      );
    checkClientTls(tlsValues(values), report);
  },
  create: (values, context) => new LumberjackOutput(values, context),
});

const trusted = (values: LumberjackOptions): readonly string[] => [
  ...(values.ssl_certificate ? [values.ssl_certificate] : []),
  ...values.ssl_certificate_authorities,
];

/** The options under the names that every other client has for them. */
function tlsValues(values: LumberjackOptions): TlsValues {
  return {
    ...values,
    ssl_certificate: values.ssl_client_certificate,
    ssl_key: values.ssl_client_key,
    ssl_key_passphrase: values.ssl_client_key_passphrase,
    ssl_certificate_authorities: trusted(values),
  };
}

class LumberjackOutput implements Output {
  readonly timeLimit = 'own';
  readonly #sender: LumberjackSender;
  readonly #connection: OutputConnection;

  constructor(values: LumberjackOptions, context: OutputContext) {
    const { logger } = context;
    this.#connection = new OutputConnection({
      targets: values.hosts.map((host) => ({ host: String(host), port: values.port })),
      tls: values.ssl_enabled
        ? clientTls(tlsValues(values), (message) => logger.warn({}, message))
        : undefined,
      reconnectInterval: values.reconnect_interval,
      logger,
      connected: (socket) => this.#sender.attach(socket),
    });
    this.#sender = new LumberjackSender(this.#connection, {
      encode: compileLumberjackEncoder(values.protocol_version, context.outputCodec),
      version: values.protocol_version,
      windowSize: values.flush_size,
      compressionLevel: values.compression_level,
      timeoutMs: values.timeout * 1000,
    });
  }

  async open(signal: AbortSignal): Promise<void> {
    await this.#connection.connect(signal);
  }

  write(...[events, signal]: Parameters<Output['write']>): ReturnType<Output['write']> {
    return this.#sender.send(events, signal);
  }

  async close(): Promise<void> {
    this.#sender.close();
    await this.#connection.close();
  }
}
