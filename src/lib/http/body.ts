/** Takes the body of a request in, within bounds, and undoes its compression; bombs end at the same bound. */
import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import zlib from 'node:zlib';
import type { MemoryBudget } from '../net/memory-budget.ts';

/** Why there is no body; `status` is the answer. */
export class BodyError extends Error {
  readonly status: 400 | 413 | 429;
  constructor(status: 400 | 413 | 429, message: string) {
    super(message);
    this.status = status;
  }
}

/** The client went away. */
export class BodyAborted extends Error {}

export interface BodyLimits {
  readonly maxBytes: number;
  /** For bodies as they come. */
  readonly received: MemoryBudget;
  /** For bodies after their compression is undone. */
  readonly inflated: MemoryBudget;
}

export interface Body {
  readonly bytes: Buffer;
  /** Gives the memory back to the budgets. Call once. */
  release(): void;
}

/** @throws BodyError, BodyAborted */
export async function readBody(request: IncomingMessage, limits: BodyLimits): Promise<Body> {
  const raw = await receive(request, limits);
  const encoding = (request.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  const inflate = inflaters[encoding];
  const { received, inflated } = limits;
  if (inflate === undefined) return { bytes: raw, release: () => received.give(raw.length) };
  let taken = 0;
  try {
    taken = await inflated.take(Math.min(limits.maxBytes, raw.length * inflate.maxRatio + 64));
    const bytes = await inflate.run(raw, { maxOutputLength: limits.maxBytes });
    inflated.give(taken - bytes.length);
    taken = bytes.length;
    return { bytes, release: () => inflated.give(bytes.length) };
  } catch (error) {
    inflated.give(taken);
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE')
      throw new BodyError(413, `the body is larger than ${limits.maxBytes} bytes when uncompressed`);
    throw new BodyError(400, `the body is not valid ${encoding}`);
  } finally {
    received.give(raw.length);
  }
}

/** True when the body is compressed in a way that `readBody` undoes. */
export function isCompressed(request: IncomingMessage): boolean {
  return inflaters[(request.headers['content-encoding'] ?? 'identity').trim().toLowerCase()] !== undefined;
}

interface Inflater {
  readonly run: (bytes: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>;
  /** How much a byte may become. */
  readonly maxRatio: number;
}

/** Deflate can not do better than this. */
const DEFLATE_RATIO = 1032;
const gunzip: Inflater = {
  run: promisify<Buffer, zlib.ZlibOptions, Buffer>(zlib.gunzip),
  maxRatio: DEFLATE_RATIO,
};
const inflateZlib = promisify<Buffer, zlib.ZlibOptions, Buffer>(zlib.inflate);
const inflateRaw = promisify<Buffer, zlib.ZlibOptions, Buffer>(zlib.inflateRaw);
const inflaters: Readonly<Record<string, Inflater | undefined>> = Object.assign(Object.create(null), {
  gzip: gunzip,
  'x-gzip': gunzip,
  // Some senders mean raw deflate, others zlib.
  deflate: {
    run: (bytes, options) => (hasZlibHeader(bytes) ? inflateZlib : inflateRaw)(bytes, options),
    maxRatio: DEFLATE_RATIO,
  },
  br: { run: promisify<Buffer, zlib.BrotliOptions, Buffer>(zlib.brotliDecompress), maxRatio: Infinity },
  zstd: { run: promisify<Buffer, zlib.ZstdOptions, Buffer>(zlib.zstdDecompress), maxRatio: Infinity },
} satisfies Record<string, Inflater>);

function hasZlibHeader(bytes: Buffer): boolean {
  return bytes.length >= 2 && (bytes[0]! & 15) === 8 && bytes.readUInt16BE(0) % 31 === 0;
}

/** The bytes as they come; they stay taken from `received`. */
function receive(request: IncomingMessage, { maxBytes, received }: BodyLimits): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const fail = (error: Error): void => {
      received.give(length);
      length = 0;
      request.removeAllListeners('data');
      request.removeAllListeners('end');
      request.resume(); // What still comes is thrown away; the server's time limit ends it.
      reject(error);
    };
    if (Number(request.headers['content-length'] ?? 0) > maxBytes) {
      fail(new BodyError(413, `the body is larger than ${maxBytes} bytes`));
      return;
    }
    request.on('data', (chunk: Buffer) => {
      if (length + chunk.length > maxBytes)
        fail(new BodyError(413, `the body is larger than ${maxBytes} bytes`));
      else if (!received.tryTake(chunk.length)) fail(new BodyError(429, 'too many bytes wait for an answer'));
      else {
        length += chunk.length;
        chunks.push(chunk);
      }
    });
    request.on('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, length)));
    request.on('error', () => fail(new BodyAborted()));
    request.on('close', () => {
      if (!request.complete) fail(new BodyAborted());
    });
  });
}
