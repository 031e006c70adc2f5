/** Answers on the wire: media type, `filter_path`, `pretty`, gzip. */
import '../../event/bigint-json.ts';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { parseJson } from '../../event/json.ts';
import { type Answer, isOn, type Parameters } from './call.ts';
import { filterPath } from './filter-path.ts';

const zip = promisify(gzip);
/** Smaller ones are not worth it. */
const MIN_ZIPPED = 1024;
/** Fastest: the answers go over loopback or a local network. */
const ZIP_LEVEL = 1;

/** Headers of everything: clients look for the first one. */
const always = {
  'X-elastic-product': 'Elasticsearch',
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
} as const;

/** `application/vnd.elasticsearch+json; compatible-with=8` is answered in kind. */
function answerType(accept: string | undefined): string {
  const [, version] =
    /application\/vnd\.elasticsearch\+json\s*;\s*compatible-with\s*=\s*"?(\d)/i.exec(accept ?? '') ?? [];
  return version === undefined
    ? 'application/json'
    : `application/vnd.elasticsearch+json;compatible-with=${version}`;
}

/** Never rejects because the client is gone. */
export async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  answer: Answer,
  query: Parameters,
): Promise<void> {
  const { status = 200, headers = {} } = answer;
  const isText = answer.plain !== undefined;
  const text = isText ? answer.plain! : jsonText(answer, query);
  let bytes: Uint8Array = typeof text === 'string' ? Buffer.from(text) : text;
  const zipped = bytes.length >= MIN_ZIPPED && acceptsGzip(request.headers['accept-encoding']);
  if (zipped) bytes = await zip(bytes, { level: ZIP_LEVEL });
  if (response.destroyed || response.headersSent) return;
  response.writeHead(status, {
    ...always,
    ...headers,
    'content-type': isText ? 'text/plain; charset=UTF-8' : answerType(request.headers.accept),
    ...(zipped && { 'content-encoding': 'gzip', vary: 'accept-encoding' }),
    'content-length': bytes.length,
  });
  response.end(request.method === 'HEAD' ? undefined : bytes);
}

function jsonText(answer: Answer, query: Parameters): string | Uint8Array {
  const { body, text, filtered } = answer;
  const filter = filtered === true ? undefined : query['filter_path'];
  const pretty = isOn(query['pretty']);
  if (!pretty && !filter) return text ?? JSON.stringify(body);
  let value = body;
  if (text !== undefined)
    value = parseJson(typeof text === 'string' ? text : Buffer.from(text).toString('utf8'));
  if (filter) value = filterPath(value, filter) ?? {};
  return pretty ? `${JSON.stringify(value, undefined, 2)}\n` : JSON.stringify(value);
}

function acceptsGzip(header: string | string[] | undefined): boolean {
  return /(?:^|,)\s*(?:gzip|\*)\s*(?:;\s*q=(?!0(?:\.0*)?\s*(?:,|$))[\d.]+\s*)?(?:,|$)/i.test(
    String(header ?? ''),
  );
}
