/** What `ElasticsearchClient.create` wants, from the options. */
import type { Logger } from '../../kernel/logger.ts';
import type { HttpClientSettings } from '../http/client.ts';
import { parseProxy } from '../http/options.ts';
import { authoritiesByFingerprint } from '../tls/fingerprint.ts';
import { clientTls } from '../tls/tls.ts';
import type { ElasticsearchClientSettings } from './client.ts';
import { type ClusterAddress, resolveHosts } from './hosts.ts';
import type { ElasticsearchApiValues } from './options.ts';

/** Answers to bulk requests with an error for each of many documents are long. */
const MAX_ANSWER_BYTES = 256 * 1024 * 1024;

export interface SettingsContext {
  /** Share the limits of connections and requests. */
  readonly workers: number;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/**
 * Reads certificates, and fetches those known by fingerprint.
 * @throws MillraceError ERR_CONFIG naming option and file; Error when a fingerprint can not be looked for now
 */
export async function elasticsearchClientSettings(
  values: ElasticsearchApiValues,
  { workers, logger, signal }: SettingsContext,
): Promise<ElasticsearchClientSettings> {
  const cluster = resolveHosts(values);
  const share = (total: number): number => Math.max(1, Math.ceil(total / Math.max(1, workers)));
  const timeoutMs = values.timeout * 1000;
  const http: HttpClientSettings = {
    tls: cluster.secure ? await tlsSettings(values, cluster, logger, signal) : undefined,
    proxy: parseProxy(values.proxy),
    maxRequests: share(values.pool_max),
    maxConnections: share(values.pool_max_per_route),
    connectTimeoutMs: Math.min(timeoutMs, 10_000),
    socketTimeoutMs: timeoutMs,
    requestTimeoutMs: timeoutMs,
    keepAlive: true,
    maxBodyBytes: MAX_ANSWER_BYTES,
    wholeBodies: true,
  };
  return {
    cluster,
    http,
    headers: Object.fromEntries(
      Object.entries(values.custom_headers).map(([name, value]) => [
        name.toLowerCase(),
        `${value as string}`,
      ]),
    ),
    parameters: queryOf(values.parameters ?? {}),
    healthcheckPath: values.healthcheck_path,
    resurrectDelayMs: values.resurrect_delay * 1000,
    sniffing: values.sniffing
      ? { path: values.sniffing_path, delayMs: values.sniffing_delay * 1000 }
      : undefined,
    logger,
  };
}

async function tlsSettings(
  values: ElasticsearchApiValues,
  { nodes }: ClusterAddress,
  logger: Logger,
  signal: AbortSignal,
): Promise<HttpClientSettings['tls']> {
  const warn = (message: string): void => logger.warn({}, message);
  const { ca_trusted_fingerprint: fingerprints } = values;
  if (fingerprints.length === 0) return clientTls(values, warn);
  let failure: unknown;
  for (const { origin } of nodes) {
    try {
      return clientTls(values, warn, await authoritiesByFingerprint(origin, fingerprints, signal));
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

function queryOf(parameters: Readonly<Record<string, unknown>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters))
    for (const each of Array.isArray(value) ? value : [value]) query.append(name, `${each as string}`);
  return query.toString();
}
