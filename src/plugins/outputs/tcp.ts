import type net from 'node:net';
import type { OptionValues } from '../../kernel/options.ts';
import { defineOutput, type Output, type OutputContext } from '../../kernel/plugin.ts';
import { BatchEncoder } from '../../lib/encode-batch.ts';
import { OutputConnection } from '../../lib/net/output-connection.ts';
import { TcpListener } from '../../lib/net/tcp-listener.ts';
import { checkModeTls, clientTls, clientTlsOptions, serverTlsOptions } from '../../lib/tls/tls.ts';

const options = {
  host: {
    type: 'string',
    required: true,
    description: 'Address to connect to, or (mode server) to listen at.',
  },
  port: {
    type: 'number',
    required: true,
    min: 0,
    max: 65535,
    description: 'Port to connect to or to listen at.',
  },
  mode: {
    type: 'string',
    oneOf: ['server', 'client'],
    default: 'client',
    description: 'Connect and send, or listen and send to everyone who connects.',
  },
  reconnect_interval: {
    type: 'number',
    default: 10,
    min: 0,
    description: 'Mode client: seconds to wait after an attempt to connect failed.',
  },
  ...serverTlsOptions,
  ...clientTlsOptions,
  ssl_client_authentication: {
    ...serverTlsOptions.ssl_client_authentication,
    description: `Mode server: ${serverTlsOptions.ssl_client_authentication.description}`,
  },
  ssl_verification_mode: {
    ...clientTlsOptions.ssl_verification_mode,
    description: `Mode client: ${clientTlsOptions.ssl_verification_mode.description}`,
  },
  ssl_verify: {
    type: 'boolean',
    deprecated: 'use ssl_client_authentication (server) or ssl_verification_mode (client)',
    description: 'Whether the certificate of the other side is required and checked.',
  },
} as const;

type TcpOptions = OptionValues<typeof options>;

export const tcp = defineOutput({
  kind: 'output',
  name: 'tcp',
  summary: 'Sends events over TCP, as client or to everyone who connects, with or without TLS.',
  defaultCodec: 'json',
  options,
  examples: [
    {
      title: 'JSON lines to a SIEM',
      config: 'tcp { host => "siem.example" port => 5000 codec => json_lines }',
    },
    {
      title: 'Original lines, as they came',
      config: 'tcp { host => "192.0.2.7" port => 514 codec => line { format => "%{message}" } }',
    },
    { title: 'Everyone may listen', config: 'tcp { mode => "server" host => "127.0.0.1" port => 6000 }' },
  ],
  differences: [
    'Every worker has a connection of its own.',
    'A broken connection is made again at once, `reconnect_interval` applies when that fails.',
    'Mode server: who takes nothing for 30 seconds while data waits is disconnected; Logstash keeps it in memory without limit.',
  ],
  concurrency: ({ mode }) => (mode === 'server' ? 'shared' : 'worker'),
  reads: () => [],
  binds: ({ mode, host, port }) => (mode === 'server' ? [{ protocol: 'tcp', host, port }] : []),
  validate(values, report) {
    const codec = (values as { codec?: { plugin: string } }).codec?.plugin;
    if (codec === 'json')
      report(
        'lint',
        'codec',
        'the json codec writes nothing between events',
        'json_lines ends each with a newline',
      );
    checkModeTls(values, 'none', report);
    if (values.mode === 'client') return;
    const authorities = values.ssl_certificate_authorities.length > 0 || values.ssl_truststore_path;
    if (values.ssl_enabled && authentication(values) !== 'none' && !authorities)
      report(
        'error',
        'ssl_client_authentication',
        `\`ssl_client_authentication => ${authentication(values)}\` needs \`ssl_certificate_authorities\``,
      );
  },
  create: (values, context) =>
    values.mode === 'client' ? new TcpClient(values, context) : new TcpServer(values, context),
});

function authentication(values: TcpOptions): 'none' | 'optional' | 'required' {
  if (values.ssl_verify === undefined) return values.ssl_client_authentication;
  return values.ssl_verify ? 'required' : 'none';
}

class TcpClient implements Output {
  readonly #context: OutputContext;
  readonly #encoders: BatchEncoder[] = [];
  readonly #connection: OutputConnection;
  readonly writeLines?: (bytes: Buffer, count: number, signal: AbortSignal) => Promise<void>;

  constructor(values: TcpOptions, context: OutputContext) {
    const { logger } = context;
    const settings =
      values.ssl_verify === false ? { ...values, ssl_verification_mode: 'none' as const } : values;
    this.#context = context;
    this.#connection = new OutputConnection({
      targets: [{ host: values.host, port: values.port }],
      tls: values.ssl_enabled ? clientTls(settings, (message) => logger.warn({}, message)) : undefined,
      reconnectInterval: values.reconnect_interval,
      logger,
    });
    if (context.outputCodec.encodesMessageLine)
      this.writeLines = (bytes, _count, signal) => this.#connection.send(bytes, signal);
  }

  async open(signal: AbortSignal): Promise<void> {
    await this.#connection.connect(signal);
  }

  write(events: Parameters<Output['write']>[0], signal: AbortSignal): Promise<undefined> {
    // One encoder for every batch that is being sent: its memory is free again when the kernel has taken it.
    const encoder = this.#encoders.pop() ?? new BatchEncoder(this.#context.outputCodec);
    return this.#connection
      .send(encoder.encode(events), signal)
      .finally(() => this.#encoders.push(encoder)) as Promise<undefined>;
  }

  close(): Promise<void> {
    return this.#connection.close();
  }
}

/** A client that takes nothing for so long while data waits for it is disconnected. */
const STALLED_MS = 30_000;

class TcpServer implements Output {
  readonly timeLimit = 'own';
  readonly #context: OutputContext;
  readonly #listener: TcpListener;
  readonly #clients = new Map<net.Socket, string>();
  readonly writeLines?: (bytes: Buffer) => Promise<void> | undefined;

  constructor(values: TcpOptions, context: OutputContext) {
    this.#context = context;
    const settings = { ...values, ssl_client_authentication: authentication(values) };
    this.#listener = new TcpListener(settings, context.logger, (socket, { ip, port }) =>
      this.#accept(socket, `${ip}:${port}`),
    );
    if (context.outputCodec.encodesMessageLine) this.writeLines = (bytes) => this.#send(bytes);
  }

  /** The port it listens at. */
  get port(): number {
    return this.#listener.port;
  }

  async open(): Promise<void> {
    await this.#listener.open();
  }

  write(events: Parameters<Output['write']>[0]): Promise<undefined> | undefined {
    if (this.#clients.size === 0) return undefined;
    return this.#send(new BatchEncoder(this.#context.outputCodec).encode(events));
  }

  async close(): Promise<void> {
    const ends = [...this.#clients.keys()].map((socket) => new Promise<void>((done) => socket.end(done)));
    await Promise.race([Promise.all(ends), new Promise((resolve) => setTimeout(resolve, 1_000))]);
    await this.#listener.close();
  }

  #accept(socket: net.Socket, peer: string): void {
    this.#clients.set(socket, peer);
    socket.on('close', () => this.#clients.delete(socket));
    socket.setTimeout(STALLED_MS, () => {
      if (socket.writableLength === 0) return;
      this.#context.logger.warn({ peer }, 'disconnected a client that took nothing for 30 seconds');
      socket.destroy();
    });
    socket.resume();
  }

  /** To everyone; resolves when every client has taken it or is gone. */
  #send(bytes: Uint8Array): Promise<undefined> | undefined {
    let waiting = this.#clients.size;
    if (waiting === 0) return undefined;
    return new Promise((resolve) => {
      const done = (): void => {
        if (--waiting === 0) resolve(undefined);
      };
      for (const socket of this.#clients.keys()) socket.write(bytes, done);
    });
  }
}
