/** Where the cluster is and who we are there: the settings `store.*`, as the client of all plugins wants them. */
import type { Logger } from '../../kernel/logger.ts';
import type { Option } from '../../kernel/options.ts';
import { type ElasticsearchApiValues, elasticsearchApiOptions } from '../../lib/elasticsearch/options.ts';
import type { SchedulerOptions } from '../snapshot-scheduler.ts';
import type { RetentionRule } from '../store.ts';

export interface ClusterOptions {
  /** Names and meanings of the elasticsearch output's options: hosts, user, password, api_key, ssl_…, timeout. */
  readonly connection: Partial<ElasticsearchApiValues>;
  /**
   * Names of indices that get Millrace's template (exact keywords) unless a template of the cluster fits them; empty:
   * none is installed.
   */
  readonly templatePatterns?: readonly string[];
  /** Rules that come before all others and can not be changed. */
  readonly retention?: readonly RetentionRule[];
  /** Milliseconds between two looks at what is too old or too much; 0: never. */
  readonly retentionEvery?: number;
  readonly snapshots?: SchedulerOptions;
  readonly logger: Logger;
}

/** What shippers and Millrace name their indices: on a cluster that others use too, theirs are left alone. */
export const DEFAULT_PATTERNS: readonly string[] = [
  'logstash-*',
  'ecs-logstash-*',
  'logs-*',
  'metrics-*',
  'filebeat-*',
  'winlogbeat-*',
  'auditbeat-*',
  'packetbeat-*',
  'metricbeat-*',
  'heartbeat-*',
  'journalbeat-*',
  'millrace-*',
];

/** Searches over much take their time. */
const TIMEOUT_SECONDS = 300;

export function clusterValues({ connection }: ClusterOptions): ElasticsearchApiValues {
  const defaults = Object.entries(elasticsearchApiOptions as Readonly<Record<string, Option>>)
    .filter(([, option]) => option.default !== undefined)
    .map(([name, option]) => [name, option.default]);
  const given = Object.entries(connection).filter(([, value]) => value !== undefined);
  return {
    ...Object.fromEntries(defaults),
    timeout: TIMEOUT_SECONDS,
    ...Object.fromEntries(given),
  } as ElasticsearchApiValues;
}
