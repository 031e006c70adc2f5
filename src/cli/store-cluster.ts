/** The cluster that the event store is, from the settings `store.*`. */
import { MillraceError } from '../kernel/errors.ts';
import { silentLogger } from '../kernel/logger.ts';
import type { Secret } from '../kernel/options.ts';
import { checkElasticsearchApi } from '../lib/elasticsearch/options.ts';
import type { ClusterThreadOptions } from '../store/embedded/store-protocol.ts';
import { clusterValues } from '../store/opensearch/options.ts';
import type { ProcessSettings } from './configuration.ts';
import { retentionRules } from './retention-setting.ts';
import { snapshotOptions } from './snapshot-settings.ts';

type Connection = ClusterThreadOptions['cluster']['connection'];

/** @throws MillraceError ERR_SETTING naming the setting */
export function storeCluster(settings: ProcessSettings, runsSnapshots = false): ClusterThreadOptions {
  const text = (name: Parameters<ProcessSettings['get']>[0]): string | undefined =>
    settings.get<string | undefined>(name);
  const list = (value: string | undefined): string[] =>
    (value ?? '')
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== '');
  const given: Record<string, unknown> = {
    hosts: list(text('store.hosts')),
    user: text('store.user'),
    ssl_certificate_authorities: list(text('store.ssl.certificate_authorities')),
    ssl_certificate: text('store.ssl.certificate'),
    ssl_key: text('store.ssl.key'),
    ssl_verification_mode: text('store.ssl.verification_mode'),
    ca_trusted_fingerprint: list(text('store.ssl.ca_trusted_fingerprint')),
  };
  const connection = Object.fromEntries(
    Object.entries(given).filter(([, value]) => value !== undefined),
  ) as Connection;
  const secrets = {
    password: settings.get<Secret | undefined>('store.password'),
    api_key: settings.get<Secret | undefined>('store.api_key'),
  };
  const known = Object.entries(secrets).filter((entry): entry is [string, Secret] => entry[1] !== undefined);
  const all = { ...connection, ...Object.fromEntries(known) };
  checkElasticsearchApi(
    clusterValues({ connection: all, logger: silentLogger }),
    (severity, option, message) => {
      if (severity !== 'error') return;
      throw new MillraceError('ERR_SETTING', `store.${String(option).replace(/^ssl_/, 'ssl.')}: ${message}`);
    },
  );
  const patterns = text('store.template_patterns');
  const retention = retentionRules(text('store.retention'));
  return {
    cluster: {
      connection,
      secrets: Object.fromEntries(known.map(([name, secret]) => [name, secret.reveal()])),
      ...(patterns !== undefined && { templatePatterns: list(patterns) }),
      ...(retention !== undefined && { retention }),
      snapshots: snapshotOptions(settings, runsSnapshots),
    },
  };
}
