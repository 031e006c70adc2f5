/** Bodies of requests: read within limits, unpacked within limits. */
import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { gunzip, inflate, zstdDecompress } from 'node:zlib';
import { StoreError } from '../errors.ts';

/** Bytes that all requests together may hold in memory. */
export class BodyBudget {
  readonly #limit: number;
  #used = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** @throws StoreError 429 */
  take(bytes: number): void {
    if (this.#used > 0 && this.#used + bytes > this.#limit)
      throw new StoreError(
        429,
        'circuit_breaking_exception',
        `[in_flight_requests] Data too large: requests hold ${this.#used} bytes and ${bytes} more are over the limit of ${this.#limit}`,
        { bytes_wanted: bytes, bytes_limit: this.#limit, durability: 'TRANSIENT' },
      );
    this.#used += bytes;
  }

  give(bytes: number): void {
    this.#used -= bytes;
  }
}

const tooLarge = (limit: number): StoreError =>
  new StoreError(
    413,
    'content_too_long_exception',
    `entity content is too long for the configured limit of [${limit}] bytes (store.http.max_content_length)`,
  );

const unpackers = {
  gzip: promisify(gunzip),
  deflate: promisify(inflate),
  zstd: promisify(zstdDecompress),
} as const;

/** Much of what is sent packed is ten times as large. */
const EXPECTED_RATIO = 10;
const MAX_CHUNK = 1 << 20;

/**
 * The body, unpacked, in a buffer of its own that may be moved to another thread. What it takes from the budget is given
 * back by `release`. @throws StoreError 400, 413, 415, 429
 */
export async function readBody(
  request: IncomingMessage,
  limit: number,
  budget: BodyBudget,
): Promise<{ body: Uint8Array; release: () => void }> {
  const encoding = (request.headers['content-encoding'] ?? 'identity').toLowerCase().trim();
  if (encoding !== 'identity' && !Object.hasOwn(unpackers, encoding === 'x-gzip' ? 'gzip' : encoding))
    throw new StoreError(
      415,
      'illegal_argument_exception',
      `Content-Encoding [${encoding}] is not supported; gzip, deflate and zstd are`,
    );
  if (Number(request.headers['content-length'] ?? 0) > limit) throw tooLarge(limit);
  let taken = 0;
  const take = (bytes: number): void => {
    budget.take(bytes);
    taken += bytes;
  };
  const release = (): void => {
    budget.give(taken);
    taken = 0;
  };
  try {
    const raw = await collect(request, limit, take);
    if (encoding === 'identity' || raw.length === 0) return { body: raw, release };
    const body = await unpack(
      raw,
      encoding === 'x-gzip' ? 'gzip' : (encoding as keyof typeof unpackers),
      limit,
    );
    take(body.length);
    return { body, release };
  } catch (error) {
    release();
    throw error;
  }
}

function collect(
  request: IncomingMessage,
  limit: number,
  take: (bytes: number) => void,
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      try {
        if (size > limit) throw tooLarge(limit);
        take(chunk.length);
      } catch (error) {
        request.pause().removeAllListeners('data');
        reject(error as Error);
        return;
      }
      chunks.push(chunk);
    });
    request.on('end', () => resolve(joined(chunks, size)));
    const broken = (): void =>
      reject(new StoreError(400, 'illegal_argument_exception', 'the body of the request is not complete'));
    request.on('error', broken).on('close', broken);
  });
}

function joined(chunks: readonly Uint8Array[], size: number): Uint8Array {
  const body = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    body.set(chunk, at);
    at += chunk.length;
  }
  return body;
}

async function unpack(raw: Uint8Array, encoding: keyof typeof unpackers, limit: number): Promise<Uint8Array> {
  const chunkSize = Math.min(MAX_CHUNK, limit, Math.max(16_384, raw.length * EXPECTED_RATIO));
  try {
    const unpacked: Buffer = await unpackers[encoding](raw, { chunkSize, maxOutputLength: limit });
    return joined([unpacked], unpacked.length);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(limit);
    throw new StoreError(
      400,
      'parse_exception',
      `the body is not valid ${encoding}: ${(error as Error).message}`,
    );
  }
}
