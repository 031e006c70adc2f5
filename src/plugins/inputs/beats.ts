import type net from 'node:net';
import type tls from 'node:tls';
import type { NestedPlugin } from '../../kernel/options.ts';
import { defineInput, type Intake, type IntakeContext } from '../../kernel/plugin.ts';
import { type BeatsPeer, createBeatsDecoder } from '../../lib/lumberjack/beats-decoder.ts';
import { LumberjackReceiver } from '../../lib/lumberjack/receiver.ts';
import { ConnectionLimit, connectionLimitOption } from '../../lib/net/connection-limit.ts';
import { type Origin, TcpListener, type TcpListenerSettings } from '../../lib/net/tcp-listener.ts';
import { checkServerTls, serverTlsOptions } from '../../lib/tls/tls.ts';

const enrichments = ['source_metadata', 'codec_metadata', 'ssl_peer_metadata'] as const;

export const beats = defineInput({
  kind: 'input',
  name: 'beats',
  plainRecords: true,
  summary:
    'Receives events from Beats, Elastic Agent, Logstash and other senders of the Lumberjack protocol.',
  ecs: true,
  options: {
    host: { type: 'string', default: '0.0.0.0', description: 'Address to listen at.' },
    port: { type: 'number', required: true, min: 0, max: 65535, description: 'Port to listen at.' },
    client_inactivity_timeout: {
      type: 'number',
      default: 60,
      min: 0,
      description:
        'Seconds after which a silent client is disconnected, unless it waits for an answer; 0 never does.',
    },
    enrich: {
      type: 'string',
      list: true,
      oneOf: [...enrichments, 'all', 'none'],
      description:
        "What is added to events: the sender's address (source_metadata), the tag that names the codec (codec_metadata), its certificate (ssl_peer_metadata). Without the option: the first two.",
    },
    ssl_peer_metadata: {
      type: 'boolean',
      renamedTo: 'enrich',
      renamedValue: (value) => (value === true ? ['all'] : ['source_metadata', 'codec_metadata']),
      description: 'Whether the certificate of the client is added to events.',
    },
    include_codec_tag: {
      type: 'boolean',
      default: true,
      deprecated: 'use `enrich` without `codec_metadata`',
      description: 'Tag events with the name of the codec.',
    },
    add_hostname: {
      type: 'boolean',
      default: false,
      deprecated: 'Beats name their host in the event',
      description: 'Copies `[beat][hostname]` to the host field, if there is none.',
    },
    executor_threads: {
      type: 'number',
      description:
        'Threads for decoding in Logstash. Here the workers of the pipeline decode; has no effect.',
    },
    event_loop_threads: {
      type: 'number',
      default: 0,
      description: 'Threads for sockets in Logstash. Has no effect.',
    },
    ...connectionLimitOption,
    ...serverTlsOptions,
  },
  examples: [
    { title: 'Filebeat, without encryption', config: 'beats { port => 5044 }' },
    {
      title: 'The address alone, no codec tag',
      config: 'beats { port => 5044 enrich => ["source_metadata"] }',
    },
  ],
  differences: [
    'A window is acknowledged when all its events are in the queue, and synced if the queue is persisted.',
    'Senders of version 2 get acknowledgements of what is safe so far every three seconds while they wait; Logstash sends only 0.',
    'Windows beyond 1,000,000 events, frames beyond 100 MiB (also after inflating), and compressed frames inside compressed ones end the connection.',
    'A payload that is no JSON object becomes an event with the text in `message`, tagged `_jsonparsefailure`; Logstash closes the connection.',
    'Idle connections are closed, not reset.',
    'A `@metadata` that is no map goes to `_@metadata`.',
  ],
  socketOptions: ['host', 'port', ...(Object.keys(serverTlsOptions) as (keyof typeof serverTlsOptions)[])],
  binds: ({ host, port }) => [{ protocol: 'tcp', host, port }],
  validate(options, report) {
    const enrich = options.enrich ?? [];
    if (enrich.length > 1 && (enrich.includes('all') || enrich.includes('none')))
      report('error', 'enrich', '`all` and `none` stand alone in `enrich`');
    if (options.enrich !== undefined && !options.include_codec_tag)
      report('error', 'include_codec_tag', 'give either `enrich` or `include_codec_tag`');
    if (codecOf(options).plugin === 'multiline')
      report('error', 'codec', 'the multiline codec can not be used here', 'join the lines in the Beat');
    checkServerTls(options, report);
    if (!options.ssl_enabled) return;
    const authorities = options.ssl_certificate_authorities.length > 0 || options.ssl_truststore_path;
    if (options.ssl_client_authentication !== 'none' && !authorities)
      report(
        'error',
        'ssl_client_authentication',
        `\`ssl_client_authentication => ${options.ssl_client_authentication}\` needs \`ssl_certificate_authorities\``,
      );
    if (enrich.includes('ssl_peer_metadata') && !authorities)
      report('error', 'enrich', '`ssl_peer_metadata` needs `ssl_client_authentication` optional or required');
  },
  createIntake(options, context) {
    return new BeatsIntake(listenerSettings(options), options, context);
  },
  createDecoder(options, context) {
    const active = activeEnrichments(options.enrich);
    return createBeatsDecoder(context, {
      codec: codecOf(options).plugin,
      codecTag: options.include_codec_tag && active.includes('codec_metadata'),
      sourceMetadata: active.includes('source_metadata'),
      // Without codec metadata Logstash takes a plain codec without ECS, unless the config names a codec.
      original: active.includes('codec_metadata') || Object.keys(codecOf(options).options).length > 0,
      addHostname: options.add_hostname,
    });
  },
});

function codecOf(options: object): NestedPlugin {
  return (options as { codec?: NestedPlugin }).codec ?? { plugin: 'plain', options: {} };
}

function activeEnrichments(enrich: readonly string[] | undefined): readonly string[] {
  if (enrich === undefined) return ['source_metadata', 'codec_metadata'];
  return enrich.includes('all') ? enrichments : enrich;
}

/** Authorities alone turn client authentication on. */
function listenerSettings(options: TcpListenerSettings): TcpListenerSettings {
  const authorities = (options.ssl_certificate_authorities?.length ?? 0) > 0 || options.ssl_truststore_path;
  if (!authorities || options.ssl_client_authentication !== 'none') return options;
  return { ...options, ssl_client_authentication: 'required' };
}

interface BeatsOptions {
  readonly client_inactivity_timeout: number;
  readonly max_connections: number;
  readonly enrich?: readonly string[] | undefined;
}

class BeatsIntake implements Intake {
  readonly #listener: TcpListener;
  readonly #limit: ConnectionLimit;
  readonly #receiver: LumberjackReceiver;
  readonly #settings: TcpListenerSettings;
  readonly #context: IntakeContext;
  #peerMetadata: boolean;
  #closing = false;

  constructor(settings: TcpListenerSettings, options: BeatsOptions, context: IntakeContext) {
    const { writer, logger } = context;
    this.#settings = settings;
    this.#context = context;
    this.#peerMetadata = activeEnrichments(options.enrich).includes('ssl_peer_metadata');
    this.#receiver = new LumberjackReceiver({
      writer,
      logger,
      inactivityTimeout: options.client_inactivity_timeout,
    });
    this.#listener = new TcpListener(settings, logger, (socket, origin) => this.#accept(socket, origin));
    this.#limit = new ConnectionLimit(context);
    this.#listener.limit(this.#limit, options.max_connections);
  }

  /** The port it listens at. */
  get port(): number {
    return this.#listener.port;
  }

  async open(): Promise<void> {
    await this.#listener.open();
  }

  update(options: Readonly<Record<string, unknown>>): void {
    const { client_inactivity_timeout, enrich, max_connections } = options as unknown as BeatsOptions;
    this.#listener.limit(this.#limit, max_connections);
    this.#receiver.inactivityTimeout = client_inactivity_timeout;
    this.#peerMetadata = activeEnrichments(enrich).includes('ssl_peer_metadata');
    this.#listener.renewCertificates();
  }

  async close(): Promise<void> {
    this.#closing = true;
    this.#limit.close();
    await this.#receiver.close();
    await this.#listener.close();
  }

  #accept(socket: net.Socket, origin: Origin): void {
    if (this.#closing) {
      socket.destroy();
      return;
    }
    const { ip, port } = origin;
    const connections = this.#context.counter('current_connections');
    connections.add(1);
    socket.once('close', () => connections.add(-1));
    const withTls =
      this.#settings.ssl_enabled && this.#peerMetadata && this.#settings.ssl_client_authentication !== 'none';
    const peer: BeatsPeer = {
      key: `${ip}:${port}`,
      ip,
      port,
      ...(withTls ? { tls: peerMetadata(socket as tls.TLSSocket, origin.subject) } : {}),
    };
    this.#receiver.accept(socket, peer);
  }
}

function peerMetadata(socket: tls.TLSSocket, subject: string | undefined): NonNullable<BeatsPeer['tls']> {
  if (subject === undefined) return { status: 'unverified' };
  return {
    status: 'verified',
    protocol: socket.getProtocol() ?? '',
    subject,
    cipher_suite: socket.getCipher().standardName,
  };
}
