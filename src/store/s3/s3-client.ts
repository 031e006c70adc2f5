/** The few requests to S3 that snapshots need: signed, repeated with back-off, files streamed with flat memory. */
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, type Dispatcher, EnvHttpProxyAgent, request } from 'undici';
import { crc32c } from '../../queue/crc32c.ts';
import { SUM_BYTES } from '../embedded/segment-writer.ts';
import { StoreError } from '../errors.ts';
import type { S3Target } from './s3-target.ts';
import { encodeKey, encodeQuery, signV4 } from './sign.ts';

/** Of a file larger than this each part is a request, and held in memory meanwhile. Divides `SUM_BYTES`. */
const PART_BYTES = 16 << 20;
const TRIES = 6;
const FIRST_WAIT = 200;
const LONGEST_WAIT = 20_000;

interface Sending {
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

/** Each 64 MiB have a checksum. */
export interface SummedFile {
  readonly bytes: number;
  readonly sums: readonly number[];
}

export class S3Client {
  readonly #target: S3Target;
  readonly #agent: Dispatcher;

  constructor(target: S3Target) {
    this.#target = target;
    const options = {
      connections: 8,
      connectTimeout: 10_000,
      headersTimeout: 120_000,
      bodyTimeout: 120_000,
      connect: { ...(target.ca !== undefined && { ca: target.ca }) },
    };
    this.#agent = target.base.protocol === 'https:' ? new EnvHttpProxyAgent(options) : new Agent(options);
  }

  /** @throws StoreError with what S3 said */
  async put(key: string, body: Uint8Array): Promise<void> {
    await this.#text('PUT', key, { body });
  }

  /** Undefined: there is none. @throws StoreError */
  async get(key: string): Promise<Buffer | undefined> {
    const answer = await this.#send('GET', key, {}, [200, 404]);
    const body = Buffer.from(await answer.body.arrayBuffer());
    return answer.statusCode === 404 ? undefined : body;
  }

  /** What is not there is no error. @throws StoreError */
  async remove(key: string): Promise<void> {
    await this.#text('DELETE', key, {}, [200, 204, 404]);
  }

  async exists(key: string): Promise<boolean> {
    const { statusCode, body } = await this.#send('HEAD', key, {}, [200, 404]);
    await body.dump();
    return statusCode === 200;
  }

  /** Keys that begin so, and their sizes. */
  async list(prefix: string): Promise<Map<string, number>> {
    const found = new Map<string, number>();
    for (let token: string | undefined; ; ) {
      const text = await this.#text('GET', '', {
        query: { 'list-type': '2', prefix, ...(token !== undefined && { 'continuation-token': token }) },
      });
      for (const [, entry = ''] of text.matchAll(/<Contents>([\s\S]*?)<\/Contents>/g))
        found.set(element(entry, 'Key') ?? '', Number(element(entry, 'Size')));
      token = element(text, 'IsTruncated') === 'true' ? element(text, 'NextContinuationToken') : undefined;
      if (token === undefined) return found;
    }
  }

  /** @throws Error when the file is not what its checksums say: nothing is left under the key then */
  async upload(file: string, key: string, summed: SummedFile, sent: (bytes: number) => void): Promise<void> {
    const handle = await open(file, 'r');
    try {
      const parts = readParts(file, handle, summed);
      if (summed.bytes > PART_BYTES) await this.#multipart(key, parts, sent);
      else
        for await (const part of parts) {
          await this.put(key, part);
          sent(part.length);
        }
    } finally {
      await handle.close();
    }
  }

  async #multipart(
    key: string,
    parts: AsyncIterable<Uint8Array>,
    sent: (bytes: number) => void,
  ): Promise<void> {
    const uploadId = element(await this.#text('POST', key, { query: { uploads: '' } }), 'UploadId');
    if (uploadId === undefined) throw this.#error(502, 'it gave no id for an upload in parts');
    try {
      let list = '';
      let number = 0;
      for await (const body of parts) {
        number++;
        const answer = await this.#send('PUT', key, {
          query: { partNumber: String(number), uploadId },
          body,
        });
        await answer.body.dump();
        const tag = String(answer.headers['etag']).replaceAll('"', '&quot;');
        list += `<Part><PartNumber>${number}</PartNumber><ETag>${tag}</ETag></Part>`;
        sent(body.length);
      }
      const answer = await this.#text('POST', key, {
        query: { uploadId },
        headers: { 'content-type': 'application/xml' },
        body: Buffer.from(`<CompleteMultipartUpload>${list}</CompleteMultipartUpload>`),
      });
      // It may go wrong after the status was sent.
      if (answer.includes('<Error>')) throw this.#error(502, reasonOf(answer, 500));
    } catch (error) {
      await this.#text('DELETE', key, { query: { uploadId } }, [200, 204, 404]).catch(() => {});
      throw error;
    }
  }

  /** Writes what is under a key to a new file, and checks it. Goes on where a connection broke. @throws StoreError */
  async download(key: string, file: string, { bytes, sums }: SummedFile): Promise<void> {
    const handle = await open(file, 'w', 0o600);
    try {
      const found: number[] = [];
      let sum = 0;
      let at = 0;
      for (let tries = 0; at < bytes; tries++) {
        const before = at;
        const { statusCode, body } = await this.#send(
          'GET',
          key,
          at > 0 ? { headers: { range: `bytes=${at}-` } } : {},
          [200, 206, 404],
        );
        if (statusCode === 404) {
          await body.dump();
          throw this.#error(404, `there is no ${key}`);
        }
        if (at > 0 && statusCode !== 206) {
          await body.dump();
          throw this.#error(502, `it does not send parts of ${key}`);
        }
        try {
          for await (const chunk of body as AsyncIterable<Buffer>) {
            if (at + chunk.length > bytes) throw this.#error(502, `${key} has more than ${bytes} bytes`);
            await handle.write(chunk, 0, chunk.length, at);
            for (let from = 0; from < chunk.length; ) {
              const part = chunk.subarray(from, from + SUM_BYTES - (at % SUM_BYTES));
              sum = crc32c(part, sum);
              at += part.length;
              from += part.length;
              if (at % SUM_BYTES === 0 || at === bytes) {
                found.push(sum);
                sum = 0;
              }
            }
          }
          if (at < bytes && at === before) throw new Error(`it ends at byte ${at} of ${bytes}`);
        } catch (error) {
          if (error instanceof StoreError) throw error;
          if (tries >= TRIES) throw this.#error(502, `${key}: ${(error as Error).message}`);
          await backOff(tries);
        }
      }
      const bad = sums.findIndex((one, part) => found[part] !== one);
      if (bad >= 0 || found.length !== sums.length)
        throw this.#error(500, `${key} is damaged: its checksum is wrong behind byte ${bad * SUM_BYTES}`);
    } finally {
      await handle.close();
    }
  }

  close(): Promise<void> {
    return this.#agent.close();
  }

  async #text(
    method: Dispatcher.HttpMethod,
    key: string,
    sending: Sending,
    good?: readonly number[],
  ): Promise<string> {
    return (await this.#send(method, key, sending, good)).body.text();
  }

  /** Repeats what failed by the network or because S3 is busy. @throws StoreError */
  async #send(
    method: Dispatcher.HttpMethod,
    key: string,
    { query = {}, headers = {}, body }: Sending,
    good: readonly number[] = [200, 204],
  ): Promise<Dispatcher.ResponseData> {
    const { base, credentials, region } = this.#target;
    const url = new URL(base);
    url.pathname =
      key === '' && url.pathname.length > 1 ? url.pathname.replace(/\/$/, '') : url.pathname + encodeKey(key);
    url.search = encodeQuery(query);
    const own = {
      ...headers,
      ...(body && { 'content-md5': createHash('md5').update(body).digest('base64') }),
    };
    for (let tries = 1; ; tries++) {
      let problem: string;
      try {
        const signed = signV4({ method, url, headers: own, body }, credentials, region, new Date());
        const answer = await request(url, {
          method,
          headers: signed,
          body: body ?? null,
          dispatcher: this.#agent,
        });
        if (good.includes(answer.statusCode)) return answer;
        const text = await answer.body.text();
        const status = answer.statusCode;
        const other = answer.headers['x-amz-bucket-region'];
        if (typeof other === 'string' && other !== region && status < 500)
          throw this.#error(400, `the bucket is in the region ${other}, and not in ${region}`);
        problem = reasonOf(text, status);
        if (status < 500 && ![408, 409, 429].includes(status) && !/RequestTimeout|SlowDown/.test(text))
          throw this.#error(status, problem);
      } catch (error) {
        if (error instanceof StoreError) throw error;
        problem = (error as Error).message || String((error as NodeJS.ErrnoException).code);
      }
      if (tries === TRIES) throw this.#error(502, `${problem} (tried ${TRIES} times)`);
      await backOff(tries);
    }
  }

  #error(status: number, reason: string): StoreError {
    const { bucket, base } = this.#target;
    return new StoreError(
      status,
      status === 404 ? 'snapshot_missing_exception' : 'repository_exception',
      `s3://${bucket} at ${base.host}: ${reason}`,
    );
  }
}

const backOff = (tries: number): Promise<void> =>
  sleep(Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** tries) * (0.5 + Math.random() / 2));

async function* readParts(
  file: string,
  handle: Awaited<ReturnType<typeof open>>,
  { bytes, sums }: SummedFile,
): AsyncGenerator<Uint8Array> {
  let sum = 0;
  for (let at = 0; at < bytes; ) {
    const part = Buffer.allocUnsafe(Math.min(PART_BYTES, bytes - at));
    for (let filled = 0; filled < part.length; ) {
      const { bytesRead } = await handle.read(part, filled, part.length - filled, at + filled);
      if (bytesRead === 0) throw new Error(`${file} ends at byte ${at + filled} of ${bytes}`);
      filled += bytesRead;
    }
    sum = crc32c(part, sum);
    at += part.length;
    if (at % SUM_BYTES === 0 || at === bytes) {
      if (sums[Math.ceil(at / SUM_BYTES) - 1] !== sum)
        throw new Error(`${file} is damaged: its checksum is wrong before byte ${at}`);
      sum = 0;
    }
    yield part;
  }
}

function reasonOf(text: string, status: number): string {
  const code = element(text, 'Code');
  return code === undefined ? `it answered ${status}` : `${code}: ${element(text, 'Message') ?? status}`;
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function element(xml: string, name: string): string | undefined {
  const text = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1];
  return text?.replace(/&(?:#(\d+)|#x([\da-f]+)|(\w+));/gi, (whole, decimal, hex, named) =>
    named !== undefined
      ? (ENTITIES[named] ?? whole)
      : String.fromCodePoint(Math.min(0x10ffff, decimal ? Number(decimal) : Number.parseInt(hex, 16))),
  );
}
