import net from 'node:net';
import tls from 'node:tls';
import type { OptionValues } from '../../kernel/options.ts';
import {
  type DecoderContext,
  defineInput,
  type Intake,
  type IntakeContext,
  type Peer,
} from '../../kernel/plugin.ts';
import { ConnectionLimit, connectionLimitOption } from '../../lib/net/connection-limit.ts';
import { ReadGate } from '../../lib/net/read-gate.ts';
import { ReverseLookup } from '../../lib/net/reverse-dns.ts';
import { framerFor, StreamConnection } from '../../lib/net/stream-connection.ts';
import { type Origin, peerSubject, plainAddress, TcpListener } from '../../lib/net/tcp-listener.ts';
import { createRecordDecoder, type SourceField } from '../../lib/record-decoder.ts';
import {
  checkModeTls,
  clientTls,
  clientTlsOptions,
  describeTlsError,
  serverTlsNames,
  serverTlsOptions,
} from '../../lib/tls/tls.ts';

const options = {
  ...serverTlsOptions,
  ssl_client_authentication: { ...serverTlsOptions.ssl_client_authentication, default: 'required' },
  ssl_verification_mode: {
    ...clientTlsOptions.ssl_verification_mode,
    description: `Client mode: ${clientTlsOptions.ssl_verification_mode.description}`,
  },
  ssl_verify: {
    type: 'boolean',
    deprecated: 'use ssl_client_authentication (server) or ssl_verification_mode (client)',
    description: 'Whether the certificate of the other side is required and checked.',
  },
  host: { type: 'string', default: '0.0.0.0', description: 'Address to listen at, or host to connect to.' },
  port: {
    type: 'number',
    required: true,
    min: 0,
    max: 65_535,
    description: 'Port to listen at or to connect to.',
  },
  mode: {
    type: 'string',
    oneOf: ['server', 'client'],
    default: 'server',
    description: 'Whether to listen, or to connect (and again when the connection is lost).',
  },
  proxy_protocol: {
    type: 'boolean',
    default: false,
    description: 'Connections begin with a PROXY header, version 1 or 2, that names the real sender.',
  },
  tcp_keep_alive: {
    type: 'boolean',
    default: false,
    description: 'Find dead connections by TCP keep-alive.',
  },
  dns_reverse_lookup_enabled: {
    type: 'boolean',
    default: true,
    description: "Field `host` is the sender's name if its address has one.",
  },
  ...connectionLimitOption,
} as const;

type TcpOptions = OptionValues<typeof options>;

/** TCP, listening or connecting, with TLS and the PROXY protocol. */
export const tcp = defineInput({
  kind: 'input',
  name: 'tcp',
  cutsLines: true,
  summary:
    'Reads lines (or what the codec says) from TCP connections, as server or client, with or without TLS.',
  options,
  ecs: true,
  defaultCodec: 'line',
  streaming: true,
  plainRecords: true,
  socketOptions: [
    'host',
    'port',
    'mode',
    'proxy_protocol',
    'tcp_keep_alive',
    'ssl_verification_mode',
    ...serverTlsNames,
  ],
  examples: [
    { title: 'JSON lines at port 5000', config: 'input { tcp { port => 5000 codec => json_lines } }' },
    {
      title: 'Mutual TLS',
      config: `input {
  tcp {
    port => 6514
    ssl_enabled => true
    ssl_certificate => "/etc/millrace/server.crt"
    ssl_key => "/etc/millrace/server.key"
    ssl_certificate_authorities => ["/etc/millrace/ca.crt"]
    ssl_client_authentication => "required"
  }
}`,
    },
  ],
  differences: [
    'The PROXY protocol is understood in version 2, too; ports from its header are numbers.',
    "A sender's name is looked up once a minute at most; it is read after at most half a second, with its address if no name came.",
    'A line longer than the limit for records (16 MiB) is cut into several, and so are the longest unfinished lines when those of all connections are more than 64 MiB.',
    '`max_connections` is known.',
    'In client mode `proxy_protocol` has no effect, and `sslsubject` has the form of RFC 2253 as in server mode.',
  ],
  binds: ({ mode, host, port }) => (mode === 'server' ? [{ protocol: 'tcp', host, port }] : []),
  validate(values, report) {
    checkModeTls(values, 'required', report);
    if (values.mode === 'client') return;
    const trusted = values.ssl_certificate_authorities.length > 0 || values.ssl_truststore_path !== undefined;
    if (values.ssl_enabled && authentication(values) !== 'none' && !trusted) {
      report(
        'warning',
        'ssl_client_authentication',
        `clients must show a certificate of a public authority`,
        'give `ssl_certificate_authorities`, or `ssl_client_authentication => none`',
      );
    }
  },
  createIntake: (values, context) =>
    values.mode === 'client' ? new TcpClient(values, context) : new TcpServer(values, context),
  createDecoder: (values, context) => createRecordDecoder(context, sourceFields(values, context)),
});

function authentication(values: TcpOptions): 'none' | 'optional' | 'required' {
  return values.ssl_verify === false ? 'none' : values.ssl_client_authentication;
}

function verification(values: TcpOptions): 'full' | 'certificate' | 'none' {
  return values.ssl_verify === false ? 'none' : values.ssl_verification_mode;
}

function sourceFields(values: TcpOptions, context: DecoderContext): SourceField[] {
  const ecs = context.ecs !== 'disabled';
  const field = (legacy: string, v1: string, property: string): SourceField => ({
    reference: ecs ? `[@metadata][input][tcp]${v1}` : legacy,
    value: (peer) => peer[property] as string | number | undefined,
  });
  const verified =
    values.ssl_enabled &&
    (values.mode === 'client' ? verification(values) !== 'none' : authentication(values) !== 'none');
  return [
    field('host', '[source][name]', 'name'),
    field('[@metadata][ip_address]', '[source][ip]', 'ip'),
    field('port', '[source][port]', 'port'),
    ...(values.proxy_protocol
      ? [field('proxy_host', '[proxy][ip]', 'proxyIp'), field('proxy_port', '[proxy][port]', 'proxyPort')]
      : []),
    ...(verified ? [field('sslsubject', '[tls][client][subject]', 'subject')] : []),
  ];
}

function peerOf(origin: Origin, name: string | undefined): Peer {
  const { ip, port, proxy, subject } = origin;
  return {
    key: `${ip}:${port}`,
    ip,
    port,
    name: name ?? ip,
    ...(proxy ? { proxyIp: proxy.ip, proxyPort: proxy.port } : {}),
    ...(subject === undefined ? {} : { subject }),
  };
}

class TcpServer implements Intake {
  #options: TcpOptions;
  readonly #context: IntakeContext;
  readonly #gate: ReadGate;
  readonly #listener: TcpListener;
  readonly #limit: ConnectionLimit;
  readonly #names = new ReverseLookup();
  readonly #connections = new Set<StreamConnection>();

  constructor(values: TcpOptions, context: IntakeContext) {
    this.#options = values;
    this.#context = context;
    this.#gate = new ReadGate(context.writer);
    this.#listener = new TcpListener(
      { ...values, ssl_client_authentication: authentication(values) },
      context.logger,
      (socket, origin) => this.#connected(socket, origin),
    );
    this.#limit = new ConnectionLimit(context);
    this.#listener.limit(this.#limit, values.max_connections);
  }

  /** The port it listens at. */
  get port(): number {
    return this.#listener.port;
  }

  open(): Promise<void> {
    return this.#listener.open();
  }

  update(values: Readonly<Record<string, unknown>>): void {
    this.#options = values as TcpOptions;
    this.#listener.limit(this.#limit, this.#options.max_connections);
    this.#listener.renewCertificates();
  }

  async close(): Promise<void> {
    for (const connection of this.#connections) connection.end();
    this.#limit.close();
    await this.#listener.close();
  }

  #connected(socket: net.Socket, origin: Origin): void {
    const known = this.#options.dns_reverse_lookup_enabled
      ? this.#names.cached(origin.ip)
      : { name: undefined };
    if (known !== 'unknown') {
      this.#read(socket, origin, known.name);
      return;
    }
    // Nothing is read meanwhile, so that all events of a connection name their sender alike.
    void this.#names.lookUp(origin.ip).then((name) => this.#read(socket, origin, name));
  }

  #read(socket: net.Socket, origin: Origin, name: string | undefined): void {
    if (socket.destroyed && socket.readableLength === 0) return;
    const { writer } = this.#context;
    const connection = new StreamConnection(
      socket,
      peerOf(origin, name),
      framerFor(this.#context),
      writer,
      this.#gate,
    );
    this.#connections.add(connection);
    socket.on('close', () => this.#connections.delete(connection));
  }
}

const RETRY_MS = 1_000;
const MAX_RETRY_MS = 10_000;

class TcpClient implements Intake {
  readonly #options: TcpOptions;
  readonly #context: IntakeContext;
  readonly #gate: ReadGate;
  readonly #names = new ReverseLookup();
  #tls: tls.ConnectionOptions | undefined;
  #socket: net.Socket | undefined;
  #connection: StreamConnection | undefined;
  #timer: NodeJS.Timeout | undefined;
  #delay = RETRY_MS;
  #closed = false;

  constructor(values: TcpOptions, context: IntakeContext) {
    this.#options = values;
    this.#context = context;
    this.#gate = new ReadGate(context.writer);
  }

  async open(): Promise<void> {
    if (this.#options.ssl_enabled) {
      const settings = { ...this.#options, ssl_verification_mode: verification(this.#options) };
      this.#tls = clientTls(settings, (message) => this.#context.logger.warn({}, message));
    }
    this.#connect();
  }

  update(): void {}

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#connection?.end();
    this.#socket?.destroy();
  }

  #connect(): void {
    const { host, port, tcp_keep_alive: keepAlive } = this.#options;
    const target = { host, port, keepAlive };
    const ready = this.#tls ? 'secureConnect' : 'connect';
    const socket = this.#tls
      ? tls.connect({ ...this.#tls, ...target, ...(net.isIP(host) ? {} : { servername: host }) })
      : net.connect(target);
    this.#socket = socket;
    let problem = 'the server closed the connection';
    socket.on(ready, () => {
      this.#delay = RETRY_MS;
      this.#context.health(undefined);
      void this.#read(socket);
    });
    socket.on('error', (error) => {
      problem = this.#tls ? describeTlsError(error) : error.message;
    });
    socket.on('close', () => {
      if (this.#closed) return;
      this.#context.logger.warn(
        { host, port, reason: problem },
        `connection to ${host}:${port} lost: ${problem}`,
      );
      this.#context.health(`not connected to ${host}:${port}: ${problem}`);
      this.#timer = setTimeout(() => this.#connect(), this.#delay * (0.5 + Math.random() / 2));
      this.#delay = Math.min(this.#delay * 2, MAX_RETRY_MS);
    });
  }

  async #read(socket: net.Socket): Promise<void> {
    const ip = plainAddress(socket.remoteAddress ?? '');
    const port = socket.remotePort ?? this.#options.port;
    const subject = socket instanceof tls.TLSSocket ? peerSubject(socket) : undefined;
    const name = this.#options.dns_reverse_lookup_enabled ? await this.#names.lookUp(ip) : undefined;
    const peer = peerOf({ ip, port, proxy: undefined, subject }, name);
    this.#connection = new StreamConnection(
      socket,
      peer,
      framerFor(this.#context),
      this.#context.writer,
      this.#gate,
    );
  }
}
