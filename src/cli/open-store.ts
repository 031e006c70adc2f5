/** The event store for commands: that of the Millrace that runs, or the folder itself when nothing has it. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { MillraceError } from '../kernel/errors.ts';
import { lockOwner } from '../kernel/folder-lock.ts';
import { silentLogger } from '../kernel/logger.ts';
import { Secret } from '../kernel/options.ts';
import { QueryError } from '../query/query-error.ts';
import { StoreError } from '../store/errors.ts';
import type { ClusterOptions } from '../store/opensearch/options.ts';
import type { Store } from '../store/store.ts';
import { type ProcessSettings, processSettings } from './configuration.ts';
import { embeddedOptions } from './embedded-options.ts';
import { ask, readStdin } from './prompt.ts';
import type { SettingValues } from './settings.ts';
import type { ConnectionArguments } from './store-arguments.ts';
import { storeCluster } from './store-cluster.ts';

export interface OpenOptions {
  /** Seconds that one request may take. */
  readonly timeout?: number;
}

export interface OpenedStore {
  readonly store: Store;
  /** Another process has it, and may bring new events. */
  readonly isRemote: boolean;
  /** Its folder or address, for people. */
  readonly place: string;
}

/** @throws MillraceError with a sentence */
export async function openStore(
  given: ConnectionArguments,
  values: SettingValues,
  options: OpenOptions = {},
): Promise<OpenedStore> {
  const settings = await processSettings(values);
  const remote = async (url: string): Promise<OpenedStore> => ({
    store: await connect(url, given, settings, options),
    isRemote: true,
    place: url,
  });
  const url = given.url ?? process.env['MILLRACE_URL'];
  if (url !== undefined) return remote(url);
  if (settings.get<string>('store.driver') === 'opensearch')
    return {
      store: await connectCluster(settings, options),
      isRemote: true,
      place: settings.get<string>('store.hosts'),
    };
  const data = resolve(settings.get<string>('path.data'));
  const folder = resolve(settings.get<string | undefined>('store.path') ?? join(data, 'store'));
  const owner = existsSync(folder) ? lockOwner(folder) : undefined;
  if (owner === undefined && existsSync(folder))
    return { store: await direct(settings, folder), isRemote: false, place: folder };
  try {
    return await remote(ownAddress(settings));
  } catch (error) {
    if (!/refuses connections/.test((error as Error).message)) throw error;
    throw new MillraceError(
      'ERR_IO',
      owner === undefined
        ? `there is no event store in ${folder}, and none answers at ${ownAddress(settings)}: name its folder with --path.data DIR, or its address with --url`
        : `the event store in ${folder} is in use by process ${owner}, and that does not answer at ${ownAddress(settings)}: name its address with --url, or stop it`,
    );
  }
}

async function direct(settings: ProcessSettings, folder: string): Promise<Store> {
  const { StoreClient } = await import('../store/embedded/store-client.ts');
  try {
    return await StoreClient.start(embeddedOptions(settings, folder));
  } catch (error) {
    throw new MillraceError('ERR_IO', (error as Error).message);
  }
}

function ownAddress(settings: ProcessSettings): string {
  const host = settings.get<string>('store.http.host');
  const name = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  const isSecure = settings.get<boolean | undefined>('store.http.ssl.enabled') ?? !isLoopback(host);
  const shown = name.includes(':') ? `[${name}]` : name;
  return `${isSecure ? 'https' : 'http'}://${shown}:${settings.get<number>('store.http.port')}`;
}

const isLoopback = (host: string): boolean => /^(localhost|127\.[\d.]+|\[?::1\]?)$/.test(host);

/** The cluster of the settings. */
async function connectCluster(settings: ProcessSettings, { timeout }: OpenOptions): Promise<Store> {
  const { connection, secrets, ...own } = storeCluster(settings).cluster;
  const revealed = Object.entries(secrets).map(([name, text]) => [name, new Secret(text)]);
  return connected({
    ...own,
    connection: {
      ...connection,
      ...Object.fromEntries(revealed),
      ...(timeout !== undefined && { timeout }),
    },
    logger: silentLogger,
  });
}

async function connect(
  url: string,
  given: ConnectionArguments,
  settings: ProcessSettings,
  { timeout }: OpenOptions,
): Promise<Store> {
  let parsed: URL;
  try {
    parsed = new URL(url.includes('://') ? url : `http://${url}`);
  } catch {
    throw new MillraceError('ERR_USAGE', `"${url}" is no address: it looks like http://127.0.0.1:9200`);
  }
  const credentials = await credentialsOf(given);
  if (Object.keys(credentials).length > 0 && parsed.protocol !== 'https:' && !isLoopback(parsed.hostname))
    throw new MillraceError(
      'ERR_USAGE',
      `${parsed.origin}: a password or key is not sent without TLS to another machine; use https`,
    );
  const ownCa = join(resolve(settings.get<string>('path.data')), 'certs', 'ca.crt');
  const ca = given.ca ?? (isLoopback(parsed.hostname) && existsSync(ownCa) ? ownCa : undefined);
  return connected({
    connection: {
      hosts: [parsed.href.replace(/\/$/, '')],
      ...credentials,
      ...(ca !== undefined && parsed.protocol === 'https:' && { ssl_certificate_authorities: [ca] }),
      ...(timeout !== undefined && { timeout }),
    },
    logger: silentLogger,
  });
}

async function connected(options: ClusterOptions): Promise<Store> {
  const { OpenSearchStore } = await import('../store/opensearch/opensearch-store.ts');
  try {
    return await OpenSearchStore.connect(options);
  } catch (error) {
    const { message } = error as Error;
    throw new MillraceError('ERR_IO', /\(40[13]\)/.test(message) ? withHint(message) : message);
  }
}

/** A way in, if one is given. Nothing is asked for that nobody spoke of. */
async function credentialsOf(
  given: ConnectionArguments,
): Promise<{ user?: string; password?: Secret; api_key?: Secret }> {
  const { env } = process;
  const user = given.user ?? env['MILLRACE_USER'];
  if (given.apiKeyFromStdin) return { api_key: new Secret((await readStdin()).trim()) };
  if (given.user === undefined && env['MILLRACE_API_KEY'] !== undefined)
    return { api_key: new Secret(env['MILLRACE_API_KEY']) };
  if (user === undefined) {
    if (given.passwordFromStdin) throw new MillraceError('ERR_USAGE', '--password-stdin needs --user NAME');
    return {};
  }
  const password = given.passwordFromStdin
    ? (await readStdin()).replace(/\r?\n$/, '')
    : (env['MILLRACE_PASSWORD'] ?? (await ask(`Password of ${user}: `, true)));
  return { user, password: new Secret(password) };
}

const withHint = (message: string): string =>
  `${message}. Give --user NAME, or an API key with --api-key-stdin`;

/** What the store says as an error of the command. */
export function asCommandError(error: unknown): unknown {
  if (error instanceof QueryError) return new MillraceError('ERR_USAGE', error.message);
  if (!(error instanceof StoreError)) return error;
  const { status, type, message } = error;
  return new MillraceError(
    status < 500 ? 'ERR_USAGE' : 'ERR_IO',
    type === 'security_exception' ? withHint(message) : message,
  );
}
