import { createHash, timingSafeEqual } from 'node:crypto';
import nodeHttp, { type IncomingMessage, type ServerResponse } from 'node:http';
import https from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { OptionValues } from '../../kernel/options.ts';
import { type Codec, defineInput, type Intake, type IntakeContext } from '../../kernel/plugin.ts';
import { BodyAborted, BodyError, readBody } from '../../lib/http/body.ts';
import { RequestDecoder, type RequestPeer } from '../../lib/http/request-decoder.ts';
import { requestPeer } from '../../lib/http/request-peer.ts';
import { ConnectionLimit, connectionLimitOption } from '../../lib/net/connection-limit.ts';
import { MemoryBudget } from '../../lib/net/memory-budget.ts';
import { refuseInWords, socketBelow } from '../../lib/tls/refusals.ts';
import { checkServerTls, serverTls, serverTlsNames, serverTlsOptions } from '../../lib/tls/tls.ts';

const MIB = 1024 * 1024;

const options = {
  ...serverTlsOptions,
  host: { type: 'string', default: '0.0.0.0', description: 'Address to listen at.' },
  port: { type: 'number', default: 8080, min: 0, max: 65_535, description: 'Port to listen at.' },
  user: { type: 'string', description: 'Name for basic authentication; needs `password`.' },
  password: { type: 'password', description: 'Password for basic authentication.' },
  additional_codecs: {
    type: 'hash',
    default: { 'application/json': 'json' },
    description: 'Codecs by media type of the request; `codec` for all others.',
  },
  response_headers: {
    type: 'hash',
    default: { 'Content-Type': 'text/plain' },
    description: 'Headers of the answers to accepted requests.',
  },
  response_code: {
    type: 'number',
    oneOf: [200, 201, 202, 204],
    default: 200,
    description: 'Status of the answers to accepted requests.',
  },
  remote_host_target_field: {
    type: 'field_reference',
    description: "Field for the client's address; `host`, with ECS `[host][ip]`, unless given.",
  },
  request_headers_target_field: {
    type: 'field_reference',
    description:
      'Field for the headers; `headers`, with ECS `[@metadata][input][http][request][headers]`, unless given.',
  },
  threads: {
    type: 'number',
    min: 1,
    description: 'Accepted; requests are read in one thread and decoded by all of `pipeline.workers`.',
  },
  max_pending_requests: {
    type: 'number',
    default: 200,
    min: 1,
    description: 'Requests that may wait for an answer; more are answered with 429.',
  },
  max_content_length: {
    type: 'bytes',
    default: 100 * MIB,
    min: 1,
    description: 'Largest body, compressed or not; larger ones are answered with 413.',
  },
  ...connectionLimitOption,
} as const;

/** Webhooks and senders over HTTP and HTTPS. */
export const http = defineInput({
  kind: 'input',
  name: 'http',
  summary: 'Receives events in the bodies of HTTP requests of any method, with or without TLS.',
  options,
  ecs: true,
  socketOptions: ['host', 'port', ...serverTlsNames],
  examples: [
    { title: 'JSON by POST or PUT at port 8080', config: 'input { http { } }' },
    {
      title: 'HTTPS with a password',
      config: `input {
  http {
    port => 8443
    user => "sender"
    password => "\${HTTP_PASSWORD:secret}"
    ssl_enabled => true
    ssl_certificate => "/etc/millrace/server.crt"
    ssl_key => "/etc/millrace/server.key"
  }
}`,
    },
  ],
  differences: [
    'A request is answered only when its body is in the queue (and on disk, if the queue is persisted).',
    'While the queue is full answers wait up to ten seconds; then they are 429 with `Retry-After`.',
    'Bodies in the encodings br and zstd are taken, too.',
    '`response_headers` may replace the type `text/plain` of the answer.',
    'The bodies that wait for an answer share four times `max_content_length` of memory; more are answered with 429.',
  ],
  binds: ({ host, port }) => [{ protocol: 'tcp', host, port }],
  validate(values, report) {
    checkServerTls(values, report);
    if ((values.user === undefined) !== (values.password === undefined))
      report(
        'warning',
        values.user === undefined ? 'password' : 'user',
        'without both `user` and `password` anybody may send',
      );
    for (const [name, value] of Object.entries(values.response_headers)) {
      try {
        nodeHttp.validateHeaderName(name);
        nodeHttp.validateHeaderValue(name, String(value));
      } catch {
        report('error', 'response_headers', `\`${name}\` is not a header that can be sent`);
      }
    }
    const trusted =
      values.ssl_certificate_authorities.length > 0 ||
      values.ssl_truststore_path !== undefined ||
      values.ssl_keystore_path !== undefined;
    if (!values.ssl_enabled) return;
    const asks = values.ssl_client_authentication !== 'none';
    if (asks && !trusted)
      report(
        'error',
        'ssl_client_authentication',
        'needs `ssl_certificate_authorities` or `ssl_truststore_path`',
      );
    for (const name of ['ssl_certificate_authorities', 'ssl_truststore_path'] as const) {
      if (!asks && values[name] !== undefined && values[name].length > 0)
        report('error', name, 'needs `ssl_client_authentication` to be `optional` or `required`');
    }
  },
  createIntake: (values, context) => new HttpServer(values, context),
  createDecoder(values, context) {
    const codecs = new Map<string, Codec>();
    for (const [mime, name] of Object.entries(values.additional_codecs))
      codecs.set(mime.toLowerCase(), context.codec({ plugin: String(name), options: {} }));
    const ecs = context.ecs !== 'disabled';
    return new RequestDecoder(context, {
      codecs,
      hostField: values.remote_host_target_field ?? (ecs ? '[host][ip]' : 'host'),
      headersField:
        values.request_headers_target_field ??
        (ecs ? '[@metadata][input][http][request][headers]' : 'headers'),
    });
  },
});

type HttpOptions = OptionValues<typeof options>;

/** Time for a client to send the headers, and the whole request. */
const HEADERS_TIMEOUT_MS = 15_000;
const REQUEST_TIMEOUT_MS = 300_000;
const KEEP_ALIVE_MS = 65_000;
/** An answer waits this long for room in the queue. */
const HOLD_MS = 10_000;
const RETRY_AFTER_SECONDS = 5;
/** A refused client may send this much longer, so that it can read the answer. */
const LINGER_MS = 2_000;
const CLOSE_MS = 1_000;

class HttpServer implements Intake {
  #options: HttpOptions;
  readonly #context: IntakeContext;
  readonly #rejected: { add(n: number): void };
  readonly #limit: ConnectionLimit;
  readonly #received: MemoryBudget;
  readonly #inflated: MemoryBudget;
  #server: nodeHttp.Server | https.Server | undefined;
  #credentials: Buffer | undefined;
  /** Requests whose body is complete and which have no answer. */
  #pending = 0;
  /** Nothing may be given to the queue any more. */
  #closed = false;

  constructor(values: HttpOptions, context: IntakeContext) {
    this.#options = values;
    this.#context = context;
    this.#rejected = context.counter('rejected_requests');
    this.#limit = new ConnectionLimit(context);
    this.#received = new MemoryBudget(4 * values.max_content_length);
    this.#inflated = new MemoryBudget(4 * values.max_content_length);
    this.#credentials = credentialsOf(values);
  }

  /** The port it listens at. */
  get port(): number {
    return (this.#server?.address() as AddressInfo | null)?.port ?? 0;
  }

  async open(): Promise<void> {
    const { host, port } = this.#options;
    const server = this.#create();
    this.#limit.apply(server, this.#options.max_connections);
    server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
      if (this.#isWelcome(request, response)) {
        response.writeContinue();
        void this.#take(request, response);
      }
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port, backlog: 1024 }, () => {
        server.off('error', reject);
        server.on('error', (error) =>
          this.#context.logger.error({ error: error.message }, 'accepting failed'),
        );
        resolve();
      });
    });
    this.#server = server;
  }

  update(values: Readonly<Record<string, unknown>>): void {
    this.#options = values as HttpOptions;
    this.#credentials = credentialsOf(this.#options);
    if (this.#server) this.#limit.apply(this.#server, this.#options.max_connections);
    if (!(this.#server instanceof https.Server)) return;
    try {
      this.#server.setSecureContext(serverTls(this.#options));
    } catch (error) {
      this.#context.logger.error({}, `the certificates in use stay: ${(error as Error).message}`);
    }
  }

  /** Answers what is under way, for a second at most. */
  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    this.#limit.close();
    if (!server) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    const timer = setTimeout(() => server.closeAllConnections(), this.#pending > 0 ? CLOSE_MS : 0);
    await closed;
    clearTimeout(timer);
    this.#closed = true;
  }

  #create(): nodeHttp.Server | https.Server {
    const { logger } = this.#context;
    const limits: nodeHttp.ServerOptions = {
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: 2_000,
      requireHostHeader: false,
    };
    const handle = (request: IncomingMessage, response: ServerResponse): void => {
      if (this.#isWelcome(request, response)) void this.#take(request, response);
    };
    if (!this.#options.ssl_enabled) return nodeHttp.createServer(limits, handle);
    const tlsSettings = serverTls(this.#options, (message) => logger.warn({}, message));
    const server = https.createServer({ ...limits, ...tlsSettings }, handle);
    // Asked now, Node still knows the address when the handshake has failed.
    server.on('connection', (socket: Socket) => void [socket.remoteAddress, socket.remotePort]);
    refuseInWords(server, this.#options, logger, (socket) => {
      const below = socketBelow(socket) ?? socket;
      return `${below.remoteAddress ?? '?'}:${below.remotePort ?? 0}`;
    });
    return server;
  }

  /** Checks the credentials before anything of the body is taken. */
  #isWelcome(request: IncomingMessage, response: ServerResponse): boolean {
    if (this.#credentials === undefined) return true;
    const given = request.headers.authorization;
    if (given !== undefined && timingSafeEqual(digest(given), this.#credentials)) return true;
    this.#refuse(
      request,
      response,
      401,
      given === undefined ? { 'WWW-Authenticate': 'Basic realm="Millrace"' } : {},
    );
    return false;
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { max_content_length: maxBytes, max_pending_requests: maxPending } = this.#options;
    try {
      const body = await readBody(request, { maxBytes, received: this.#received, inflated: this.#inflated });
      if (response.closed || this.#pending >= maxPending) {
        body.release();
        this.#refuse(request, response, 429);
        return;
      }
      this.#pending++;
      response.once('close', () => {
        this.#pending--;
        body.release();
      });
      await this.#deliver(requestPeer(request), body.bytes, request, response);
    } catch (error) {
      if (error instanceof BodyError) this.#refuse(request, response, error.status, {}, error.message);
      else if (!(error instanceof BodyAborted)) {
        this.#context.logger.error({ error: String(error) }, 'a request could not be taken');
        this.#refuse(request, response, 500);
      }
    }
  }

  /** Puts the body in the queue as soon as there is room, and answers when it is safe there. */
  async #deliver(
    peer: RequestPeer,
    body: Buffer,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const { writer } = this.#context;
    if (!writer.hasRoom && !(await this.#roomInTime())) {
      this.#refuse(request, response, 429);
      return;
    }
    // A client that is gone sends again: it had no answer.
    if (response.destroyed || this.#closed) return;
    writer.record(peer, body);
    writer.whenSafe(() => this.#accept(response));
  }

  async #roomInTime(): Promise<boolean> {
    const { writer } = this.#context;
    const deadline = performance.now() + HOLD_MS;
    while (!writer.hasRoom) {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<boolean>((resolve) => {
        timer = setTimeout(() => resolve(false), deadline - performance.now());
      });
      const inTime = await Promise.race([writer.ready().then(() => true), late]);
      clearTimeout(timer);
      if (!inTime) return false;
    }
    return true;
  }

  #accept(response: ServerResponse): void {
    if (response.destroyed) return;
    const { response_code: code, response_headers: headers } = this.#options;
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, String(value));
    if (!response.hasHeader('content-type') && code !== 204) response.setHeader('Content-Type', 'text/plain');
    response.statusCode = code;
    response.end(code === 204 ? undefined : 'ok');
  }

  /** Answers without having taken the request. What the client still sends is read and thrown away for a moment. */
  #refuse(
    request: IncomingMessage,
    response: ServerResponse,
    status: number,
    headers: Readonly<Record<string, string>> = {},
    text = '',
  ): void {
    this.#rejected.add(1);
    this.#context.logger.debug({ peer: request.socket.remoteAddress, status }, 'request refused');
    if (response.headersSent || response.destroyed) return;
    const retry = status === 429 ? { 'Retry-After': String(RETRY_AFTER_SECONDS) } : {};
    const goesOn = request.complete || announcedBytes(request) <= MIB;
    response.writeHead(status, {
      ...headers,
      ...retry,
      ...(goesOn ? {} : { Connection: 'close' }),
      ...(text === '' ? {} : { 'Content-Type': 'text/plain' }),
      'Content-Length': Buffer.byteLength(text),
    });
    response.end(text);
    request.resume();
    if (goesOn) return;
    const timer = setTimeout(() => request.socket.destroy(), LINGER_MS);
    request.socket.once('close', () => clearTimeout(timer));
  }
}

/** How long the body is said to be. */
function announcedBytes(request: IncomingMessage): number {
  return request.headers['transfer-encoding'] === undefined
    ? Number(request.headers['content-length'] ?? 0)
    : Infinity;
}

/** What the header `authorization` must be, hashed so that comparing takes the same time whatever is sent. */
function credentialsOf({ user, password }: HttpOptions): Buffer | undefined {
  if (user === undefined || password === undefined) return undefined;
  return digest(`Basic ${Buffer.from(`${user}:${password.reveal()}`).toString('base64')}`);
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
