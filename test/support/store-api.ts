/** The store's HTTP API over a real store in a folder of its own. */
import { mkdtempSync, rmSync } from 'node:fs';
import { request as plainRequest } from 'node:http';
import { request as tlsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '../../src/kernel/logger.ts';
import { storeAuthenticator } from '../../src/server/store-authenticator.ts';
import { Users } from '../../src/server/users.ts';
import type { AuditEvent } from '../../src/store/api/api-state.ts';
import { createStoreApi } from '../../src/store/api/server.ts';
import { type EmbeddedOptions, EmbeddedStore } from '../../src/store/embedded/embedded-store.ts';
import { embeddedSearcher as searcher } from '../../src/store/embedded/search/searcher.ts';

export interface Reply {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly text: string;
  readonly json: any;
}

export interface AskOptions {
  readonly headers?: Record<string, string>;
  /** Sent as it is; objects as JSON. */
  readonly body?: unknown;
}

export interface TestApi {
  readonly url: string;
  readonly store: EmbeddedStore;
  readonly users: Users;
  readonly folder: string;
  readonly audited: AuditEvent[];
  readonly log: string[];
  ask(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Reply>;
  close(): Promise<void>;
}

export async function startStoreApi(
  settings: Readonly<Record<string, unknown>> = {},
  own: Partial<EmbeddedOptions> = {},
): Promise<TestApi> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-store-api-'));
  const store = await EmbeddedStore.open({
    folder: join(folder, 'store'),
    searcher,
    memoryLimit: 2 ** 29,
    reserve: 0,
    ...own,
  });
  const users = new Users(folder);
  const audited: AuditEvent[] = [];
  const log: string[] = [];
  const values: Record<string, unknown> = {
    'path.data': folder,
    'store.http.host': '127.0.0.1',
    'store.http.port': 0,
    'store.http.anonymous': 'write',
    'store.http.max_content_length': 100 << 20,
    'store.compat_version': '8.19.0',
    ...settings,
  };
  const api = createStoreApi({
    store,
    setting: (name) => values[name],
    logger: createLogger({ level: 'warn', format: 'plain', write: (line) => void log.push(line) }),
    authenticator: storeAuthenticator(users),
    audit: (event) => void audited.push(event),
  });
  const url = await api.listen().catch(async (error: unknown) => {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
    throw error;
  });
  return {
    url,
    store,
    users,
    folder,
    audited,
    log,
    ask: (method, path, body, headers) => ask(url, method, path, body, headers),
    close: async () => {
      await api.close();
      await store.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** One request on a connection of its own, with exactly these headers. */
export function ask(
  url: string,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Reply> {
  const bytes =
    body === undefined
      ? undefined
      : typeof body === 'string' || body instanceof Uint8Array
        ? body
        : JSON.stringify(body);
  const { protocol, hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const request = (protocol === 'https:' ? tlsRequest : plainRequest)(
      {
        hostname,
        port,
        method,
        path,
        agent: false,
        rejectUnauthorized: false,
        headers: {
          ...(bytes !== undefined && {
            'content-type': 'application/json',
            'content-length': String(Buffer.byteLength(bytes)),
          }),
          ...headers,
        },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString('latin1');
          const utf8 = Buffer.concat(chunks).toString('utf8');
          let json: unknown;
          try {
            json = JSON.parse(utf8);
          } catch {
            json = undefined;
          }
          resolve({
            status: response.statusCode!,
            headers: response.headers as Record<string, string>,
            text: response.headers['content-encoding'] === undefined ? utf8 : text,
            json,
          });
        });
      },
    );
    request.on('error', reject);
    request.end(bytes);
  });
}
