import { promisify } from 'node:util';
import zlib from 'node:zlib';
import { compileTemplate, type Template } from '../../event/sprintf.ts';
import type { Event } from '../../kernel/event-types.ts';
import type { OptionValues } from '../../kernel/options.ts';
import { defineOutput, type Output, type OutputContext, type WriteFailure } from '../../kernel/plugin.ts';
import { type HttpResponse, type HttpTarget, parseTarget } from '../../lib/http/client.ts';
import { describeStatus, excerpt, HttpFailure, retryAfter } from '../../lib/http/errors.ts';
import {
  compileForm,
  compileMapping,
  type EncodeText,
  textTemplate,
  wholeEvent,
} from '../../lib/http/event-mapping.ts';
import { JsonArrayEncoder } from '../../lib/http/json-array.ts';
import { checkHttpClient, httpClientOptions, httpSessionSettings } from '../../lib/http/options.ts';
import { HttpSession, type HttpSessionSettings } from '../../lib/http/session.ts';

const options = {
  url: {
    type: 'string',
    required: true,
    description: 'Where to send to. Fields may be used (`%{field}`), except with format json_batch.',
  },
  http_method: {
    type: 'string',
    oneOf: ['put', 'post', 'patch', 'delete', 'get', 'head'],
    required: true,
    description: 'Method of the requests.',
  },
  format: {
    type: 'string',
    oneOf: ['json', 'json_batch', 'form', 'message'],
    default: 'json',
    description:
      'One request an event with the event as JSON (json), as a form (form) or as `message` says (message); or one request a batch with a JSON array of events (json_batch).',
  },
  headers: {
    type: 'hash',
    default: {},
    description: 'Headers of the requests. Fields may be used, except with format json_batch.',
  },
  content_type: {
    type: 'string',
    description:
      'Header Content-Type. If not given: `application/json`, `application/x-www-form-urlencoded` or `text/plain`, by format.',
  },
  mapping: {
    type: 'hash',
    description: 'What to send instead of the whole event: names and templates, which may be nested.',
  },
  message: { type: 'string', description: 'Template of the body with format message.' },
  http_compression: { type: 'boolean', default: false, description: 'Compress bodies with gzip.' },
  retry_failed: {
    type: 'boolean',
    default: true,
    description: 'Try again what failed, for as long as it takes; otherwise it is rejected.',
  },
  retryable_codes: {
    type: 'number',
    list: true,
    default: [429, 500, 502, 503, 504],
    description: 'Answers that are worth another try.',
  },
  ignorable_codes: {
    type: 'number',
    list: true,
    default: [],
    description: 'Answers that count as success beside 200 to 299.',
  },
  ...httpClientOptions,
} as const;

type HttpOptions = OptionValues<typeof options>;

export const http = defineOutput({
  kind: 'output',
  name: 'http',
  summary: 'Sends events to a web server: one by one or in batches, as JSON, as a form or as text.',
  options,
  examples: [
    {
      title: 'Batches of JSON to a collector, with a client certificate',
      config: `http {
  url => "https://siem.example:8899/ingest"
  http_method => "post"
  format => "json_batch"
  ssl_certificate_authorities => "ca.crt"
  ssl_certificate => "client.crt"
  ssl_key => "client.key"
}`,
    },
    {
      title: 'A chat message for every alert',
      config: `http {
  url => "https://chat.example/hooks/alerts"
  http_method => "post"
  mapping => { "text" => "%{[rule][name]} on %{[host][name]}" }
}`,
    },
  ],
  differences: [
    'Events that no retry can help are rejected (dead letter queue); Logstash logs and drops them.',
    'Requests of one batch run side by side, up to `pool_max`; with `pipeline.workers` set to 1 (or `pipeline.ordered`) one after the other.',
    'A header Retry-After is obeyed, up to an hour.',
    'Redirects of 301, 302, 307 and 308 repeat method and body, and never lead from TLS to plain HTTP.',
    '`content-type` among `headers` counts unless `content_type` is given.',
    'Format form: hashes and lists are written as JSON, not as Ruby prints them.',
    'A batch of more than 64 million characters is sent in several requests.',
    'Format json_batch: a request that is too large for the receiver (413) is halved until it fits; one event that does not fit alone is rejected. Logstash drops the whole batch.',
  ],
  // The whole event, whatever the format: a rejected one goes to the dead letter queue as it is.
  reads: () => 'all',
  usesCodec: false,
  validate(values, report) {
    const codec = (values as { codec?: { plugin: string } }).codec?.plugin;
    if (codec !== undefined && codec !== 'plain')
      report(
        'lint',
        'codec',
        'has no effect, as in Logstash',
        'use `format` (json, json_batch, form, message)',
      );
    checkUrl(values, report);
    if (values.format === 'message' && values.message === undefined)
      report('error', 'format', '`format => message` needs `message`');
    if (values.format !== 'message' && values.message !== undefined)
      report('warning', 'message', 'has no effect without `format => message`');
    if (values.format === 'message' && values.mapping !== undefined)
      report('warning', 'mapping', 'has no effect with `format => message`');
    for (const [name, value] of Object.entries(values.headers as Record<string, string | number | object>)) {
      if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name))
        report('error', 'headers', `\`${name}\` can not be the name of a header`);
      else if (OWN_HEADERS.has(name.toLowerCase()))
        report('warning', 'headers', `\`${name}\` is set by the client itself and left out`);
      if (typeof value === 'object' || /[\r\n\0]/.test(String(value)))
        report('error', 'headers', `the value of \`${name}\` must be one line of text`);
      else if (values.format === 'json_batch' && String(value).includes('%{'))
        report('lint', 'headers', `\`${name}\`: fields are not filled in with \`format => json_batch\``);
    }
    checkHttpClient(values, report);
  },
  create: (values, context) => new HttpOutput(values, context),
});

/** What the client decides, and undici refuses to take. */
const OWN_HEADERS = new Set([
  'connection',
  'content-length',
  'expect',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
]);

type Report = NonNullable<Parameters<NonNullable<typeof http.validate>>[1]>;

function checkUrl({ url, format }: HttpOptions, report: Report): void {
  const dynamic = url.includes('%{');
  if (!dynamic) {
    if (!/^https?:\/\//i.test(url) || !URL.canParse(url))
      report('error', 'url', `\`${url}\` is no address`, 'an address begins with http:// or https://');
  } else if (format === 'json_batch') {
    report('lint', 'url', 'fields are not filled in with `format => json_batch`');
  }
}

/** Strings of V8 end at half a billion characters; receivers mostly far earlier. */
const MAX_BATCH_CHARS = 64_000_000;
/** Smaller bodies are compressed at once, larger ones in a thread of the pool. */
const SYNC_GZIP_BYTES = 16_384;
const gzip = promisify<Buffer, Buffer>(zlib.gzip);

const PAYLOAD_TOO_LARGE = 413;

type Verdict =
  | { kind: 'retry' | 'reject'; reason: string; retryAfter?: number; tooLarge?: boolean }
  | undefined;

class HttpOutput implements Output {
  readonly timeLimit = 'own';
  readonly writesSingly: boolean;
  readonly #settings: HttpSessionSettings;
  readonly #method: string;
  readonly #batched: boolean;
  readonly #ordered: boolean;
  readonly #encode: EncodeText;
  readonly #array: ArrayEncoder;
  readonly #url: Template;
  /** Undefined: the address depends on the event. */
  readonly #target: HttpTarget | undefined;
  readonly #headers: (event: Event) => Readonly<Record<string, string>>;
  readonly #compress: boolean;
  readonly #retryFailed: boolean;
  readonly #retryable: ReadonlySet<number>;
  readonly #ignorable: ReadonlySet<number>;
  /** In a request with a batch: what the receiver took after it had refused larger ones. */
  #mostEvents = Number.POSITIVE_INFINITY;
  #session: HttpSession | undefined;

  constructor(values: HttpOptions, context: OutputContext) {
    this.#settings = httpSessionSettings(values, { url: values.url, workers: context.workers }, (message) =>
      context.logger.warn({}, message),
    );
    this.#method = values.http_method.toUpperCase();
    this.#batched = values.format === 'json_batch';
    this.writesSingly = !this.#batched;
    this.#ordered = isOrdered(context);
    this.#encode = encoder(values, context.toJson);
    this.#array =
      values.mapping === undefined ? new JsonArrayEncoder(context.toJson) : mappedArray(this.#encode);
    this.#url = compileTemplate(values.url);
    this.#target = this.#batched || !this.#url.dynamic ? parseTarget(values.url) : undefined;
    this.#headers = compileHeaders(values, this.#batched);
    this.#compress = values.http_compression;
    this.#retryFailed = values.retry_failed;
    this.#retryable = new Set(values.retryable_codes);
    this.#ignorable = new Set(values.ignorable_codes);
  }

  async open(): Promise<void> {
    this.#session ??= await HttpSession.open(this.#settings);
  }

  write(events: readonly Event[], signal: AbortSignal): Promise<WriteFailure[]> {
    if (this.#batched) return this.#writeBatch(events, signal);
    return this.#ordered ? this.#writeInOrder(events, signal) : this.#writeSideBySide(events, signal);
  }

  async close(): Promise<void> {
    await this.#session?.close();
  }

  /**
   * A request that is too large for the receiver is halved until it fits. How many events fitted is remembered, so that
   * the next batches are not refused first, and tried larger again by and by.
   */
  async #writeBatch(events: readonly Event[], signal: AbortSignal): Promise<WriteFailure[]> {
    const failures: WriteFailure[] = [];
    const before = this.#mostEvents;
    for (let from = 0; from < events.length; ) {
      const most = this.#mostEvents;
      const now = from + most < events.length ? events.slice(0, from + most) : events;
      const { text, end } = this.#array.encode(now, from, MAX_BATCH_CHARS);
      const verdict = await this.#send(events[from]!, text, signal);
      if (verdict?.tooLarge === true) {
        // One that is too large by itself says nothing of the others.
        this.#mostEvents = end - from > 1 ? (end - from) >> 1 : before;
        if (end - from > 1) continue;
      } else if (verdict === undefined && end - from === most) this.#mostEvents += Math.ceil(most / 16);
      if (verdict !== undefined) {
        const { tooLarge: _, ...failure } = verdict;
        for (let index = from; index < end; index++) failures.push({ index, ...failure });
      }
      from = end;
    }
    return failures;
  }

  /** What comes after an event that must be tried again waits with it. */
  async #writeInOrder(events: readonly Event[], signal: AbortSignal): Promise<WriteFailure[]> {
    const failures: WriteFailure[] = [];
    for (let index = 0; index < events.length; index++) {
      const verdict = await this.#send(events[index]!, this.#encode(events[index]!), signal);
      if (verdict === undefined) continue;
      failures.push({ index, ...verdict });
      if (verdict.kind === 'reject') continue;
      for (let rest = index + 1; rest < events.length; rest++) failures.push({ ...verdict, index: rest });
      break;
    }
    return failures;
  }

  async #writeSideBySide(events: readonly Event[], signal: AbortSignal): Promise<WriteFailure[]> {
    const failures: WriteFailure[] = [];
    let next = 0;
    const run = async (): Promise<void> => {
      while (next < events.length) {
        const index = next++;
        const event = events[index]!;
        const verdict = await this.#send(event, this.#encode(event), signal);
        if (verdict !== undefined) failures.push({ index, ...verdict });
      }
    };
    const runs = Math.min(events.length, this.#settings.maxRequests);
    await Promise.all(Array.from({ length: runs }, run));
    return failures;
  }

  async #send(event: Event, text: string, signal: AbortSignal): Promise<Verdict> {
    let target = this.#target;
    if (target === undefined) {
      const url = this.#url.format(event);
      try {
        target = parseTarget(url);
      } catch {
        return { kind: 'reject', reason: `\`${url.slice(0, 200)}\` is no address` };
      }
    }
    let body: Buffer = Buffer.from(text);
    let headers = this.#headers(event);
    if (this.#compress) {
      body = body.length > SYNC_GZIP_BYTES ? await gzip(body) : zlib.gzipSync(body);
      headers = { ...headers, 'content-encoding': 'gzip' };
    }
    try {
      const request = { method: this.#method, target, headers, body };
      return this.#judge(await this.#session!.request(request, signal), target.origin);
    } catch (error) {
      if (!(error instanceof HttpFailure)) throw error;
      const kind = error.permanent || !this.#retryFailed ? 'reject' : 'retry';
      return { kind, reason: error.message };
    }
  }

  #judge({ status, headers, body }: HttpResponse, origin: string): Verdict {
    if ((status >= 200 && status <= 299) || this.#ignorable.has(status)) return undefined;
    const reason = `${origin} answered ${describeStatus(status)}`;
    if (this.#retryable.has(status) && this.#retryFailed) {
      const header = headers['retry-after'];
      const wait = retryAfter(Array.isArray(header) ? header[0] : header);
      return wait === undefined ? { kind: 'retry', reason } : { kind: 'retry', reason, retryAfter: wait };
    }
    const said = excerpt(body);
    const tooLarge = status === PAYLOAD_TOO_LARGE;
    return { kind: 'reject', reason: said === '' ? reason : `${reason}: ${said}`, tooLarge };
  }
}

/** With one worker by the user's wish, or when the pipeline is told to keep order. */
function isOrdered({ workers, settings }: OutputContext): boolean {
  const ordered = String((settings['pipeline.ordered'] as string | boolean | undefined) ?? 'auto');
  if (ordered !== 'auto') return ordered === 'true';
  return workers === 1 && Number(settings['pipeline.workers']) === 1;
}

function encoder({ format, mapping, message }: HttpOptions, toJson: OutputContext['toJson']): EncodeText {
  if (format === 'message') return textTemplate(message ?? '');
  if (format === 'form') return compileForm(mapping);
  return mapping === undefined ? wholeEvent(toJson) : compileMapping(mapping);
}

type ArrayEncoder = Pick<JsonArrayEncoder, 'encode'>;

function mappedArray(encode: EncodeText): ArrayEncoder {
  return {
    encode(events, from, maxChars) {
      let text = '[';
      let end = from;
      while (end < events.length && text.length < maxChars)
        text += (end === from ? '' : ',') + encode(events[end++]!);
      return { text: `${text}]`, end };
    },
  };
}

const contentTypes = {
  json: 'application/json',
  json_batch: 'application/json',
  form: 'application/x-www-form-urlencoded',
  message: 'text/plain',
} as const;

function compileHeaders(
  { headers, content_type, format }: HttpOptions,
  fixed: boolean,
): (event: Event) => Readonly<Record<string, string>> {
  const values: Record<string, string> = { 'user-agent': 'Millrace', 'content-type': contentTypes[format] };
  for (const [name, value] of Object.entries(headers as Record<string, string>)) {
    if (!OWN_HEADERS.has(name.toLowerCase())) values[name.toLowerCase()] = `${value}`;
  }
  if (content_type !== undefined) values['content-type'] = content_type;
  const entries = Object.entries(values).map(([name, value]) => [name, compileTemplate(value)] as const);
  if (fixed || !entries.some(([, template]) => template.dynamic)) {
    const constant = Object.fromEntries(
      Object.entries(values).map(([name, value]) => [name, headerText(value)]),
    );
    return () => constant;
  }
  return (event) => {
    const made: Record<string, string> = {};
    for (const [name, template] of entries) made[name] = headerText(template.format(event));
    return made;
  };
}

/** Text beyond Latin-1 goes out as UTF-8. */
function headerText(value: string): string {
  return /[^\0-\xff]/.test(value) ? Buffer.from(value).toString('latin1') : value;
}
