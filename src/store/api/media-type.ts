/** Which bodies are taken: JSON and lines of JSON, under the names of clients 7, 8 and 9. */
import type { IncomingMessage } from 'node:http';
import { StoreError } from '../errors.ts';

const known =
  /^application\/(?:vnd\.elasticsearch\+)?(?:json|x-ndjson)\s*(?:;\s*(?:compatible-with\s*=\s*"?\d"?|charset\s*=\s*"?[\w-]+"?)\s*)*$/i;
const otherCharset = /charset\s*=\s*"?(?!utf-?8|us-ascii)[\w-]/i;

/**
 * Nothing else: a page of another site can make a browser send forms and plain text anywhere, but no JSON.
 * @throws StoreError media_type_header_exception
 */
export function checkMediaType({ headers }: IncomingMessage, body: Uint8Array): void {
  if (body.length === 0) return;
  const type = headers['content-type'];
  if (type === undefined) throw refused('Content-Type header is missing');
  if (!known.test(type) || otherCharset.test(type))
    throw refused(`Content-Type header [${type.slice(0, 200)}] is not supported`);
}

const refused = (reason: string): StoreError => new StoreError(406, 'media_type_header_exception', reason);
