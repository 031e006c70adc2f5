/** What went wrong with an HTTP request, in words. */
import { describeTlsError } from '../tls/tls.ts';

/** A request that got no answer. The message names the server and the cause, in one line that does not vary. */
export class HttpFailure extends Error {
  override name = 'HttpFailure';
  readonly code: string;
  /** The request itself can not be sent (an illegal header, say): trying again is no use. */
  readonly permanent: boolean;
  /** Nothing came back although a connection was there, and no time-out: worth one more try at once. */
  readonly broken: boolean;

  constructor(message: string, code: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
    this.permanent = code === 'UND_ERR_INVALID_ARG';
    this.broken = BROKEN.has(code);
  }
}

/** With TLS 1.3 a server judges the client's certificate when the request is on its way; many just hang up. */
const MAYBE_CERTIFICATE = ' (over TLS that may mean: it wants another client certificate)';
const BROKEN = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']);

const sentences: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refuses connections: nothing listens there',
  ECONNRESET: 'broke the connection',
  EPIPE: 'broke the connection',
  UND_ERR_SOCKET: 'closed the connection without an answer',
  UND_ERR_CLOSED: 'was not asked: the client is closed',
  UND_ERR_DESTROYED: 'was not asked: the client is closed',
  UND_ERR_HEADERS_OVERFLOW: 'answered with more headers than allowed',
  UND_ERR_RES_EXCEEDED_MAX_SIZE: 'answered with more than allowed',
  ENOTFOUND: 'has a host name that DNS does not know',
  EAI_AGAIN: 'has a host name that can not be looked up now',
  EHOSTUNREACH: 'can not be reached: no route to the host',
  ENETUNREACH: 'can not be reached: no route to its network',
  ETIMEDOUT: 'did not answer the attempt to connect',
  UND_ERR_CONNECT_TIMEOUT: 'did not answer the attempt to connect in time',
  UND_ERR_HEADERS_TIMEOUT: 'sent no answer in time',
  UND_ERR_BODY_TIMEOUT: 'stopped in the middle of its answer',
};

/** An error of undici, of a socket or of TLS, as a failure of a request to `server` (`https://host:port`). */
export function httpFailure(error: unknown, server: string): HttpFailure {
  if (error instanceof HttpFailure) return error;
  // Several addresses were tried: the first error speaks for all.
  const inner = error instanceof AggregateError && error.errors.length > 0 ? error.errors[0] : error;
  const { code = 'UNKNOWN', message = String(inner) } = inner as { code?: string; message?: string };
  const guess = server.startsWith('https:') && BROKEN.has(code) ? MAYBE_CERTIFICATE : '';
  return new HttpFailure(`${server} ${describe(code, message, inner)}${guess}`, code, error);
}

function describe(code: string, message: string, error: unknown): string {
  const known = Object.hasOwn(sentences, code) ? sentences[code] : undefined;
  if (known !== undefined) return known;
  if (code.startsWith('HPE_') || (error as Error).name === 'HTTPParserError')
    return `answered with something that is not HTTP (${message})`;
  if (code === 'UND_ERR_INVALID_ARG') return `can not be asked like this: ${message}`;
  if (/^(?:ERR_SSL|ERR_TLS|CERT|UNABLE|SELF_SIGNED|DEPTH_ZERO|HOSTNAME|INVALID_)/.test(code))
    return `can not be reached over TLS: ${describeTlsError(error)}`;
  return `could not be asked: ${message}`;
}

const statusTexts: Readonly<Record<number, string>> = {
  301: 'Moved Permanently',
  302: 'Found',
  304: 'Not Modified',
  307: 'Temporary Redirect',
  308: 'Permanent Redirect',
  400: 'Bad Request',
  401: 'Unauthorized: credentials are missing or wrong',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  407: 'the proxy wants credentials',
  408: 'Request Timeout',
  409: 'Conflict',
  413: 'Payload Too Large',
  415: 'Unsupported Media Type',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
};

/** `503 (Service Unavailable)` */
export function describeStatus(status: number): string {
  const text = statusTexts[status];
  return text === undefined ? String(status) : `${status} (${text})`;
}

/** Nobody is let off for longer than that, whatever he asks for. */
const LONGEST_WAIT_MS = 3_600_000;

/** The header Retry-After (RFC 9110, 10.2.3: seconds or a date) in milliseconds from now; undefined if there is none. */
export function retryAfter(header: string | undefined): number | undefined {
  if (header === undefined) return undefined;
  const text = header.trim();
  const wait = /^\d{1,9}(?:\.\d+)?$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return Number.isNaN(wait) ? undefined : Math.min(LONGEST_WAIT_MS, Math.max(0, Math.ceil(wait)));
}

/** The beginning of an answer, in one line, for a message. */
export function excerpt(body: Buffer, length = 300): string {
  const text = body
    .toString('utf8', 0, length * 4)
    .replace(/\s+/g, ' ')
    .replace(/[\p{Cc}]/gu, '')
    .trim();
  return text.length > length ? `${text.slice(0, length)}…` : text;
}
