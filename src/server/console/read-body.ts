/** The JSON body of a request to the console, bounded. */
import type { IncomingMessage } from 'node:http';
import { ConsoleError } from './call.ts';

const MAX_BYTES = 8 * 1024 * 1024;

/** @throws ConsoleError for what is too large or no JSON */
export async function readBody(request: IncomingMessage): Promise<unknown> {
  const type = request.headers['content-type'] ?? '';
  if (!/^application\/json\b/i.test(type))
    throw new ConsoleError(415, 'invalid', 'the body must be application/json');
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BYTES)
      throw new ConsoleError(413, 'too_large', `the body is larger than ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8') || '{}');
  } catch {
    throw new ConsoleError(400, 'invalid', 'the body is no JSON');
  }
}
