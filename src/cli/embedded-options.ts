/** What the embedded store needs of the settings `store.*`. */
import { readFileSync } from 'node:fs';
import type { Secret } from '../kernel/options.ts';
import type { EmbeddedOptions } from '../store/embedded/embedded-store.ts';
import type { S3Settings } from '../store/s3/s3-target.ts';
import type { ProcessSettings } from './configuration.ts';
import { retentionRules } from './retention-setting.ts';
import { snapshotOptions } from './snapshot-settings.ts';

export function embeddedOptions(
  settings: ProcessSettings,
  folder: string,
  runsSnapshots = false,
): Omit<EmbeddedOptions, 'searcher'> {
  return present({
    folder,
    memoryLimit: settings.get<number | undefined>('store.memory_limit'),
    s3: s3Settings(settings),
    archive: settings.get<string | undefined>('store.archive.path'),
    retention: retentionRules(settings.get<string | undefined>('store.retention')),
    snapshots: snapshotOptions(settings, runsSnapshots),
  });
}

function s3Settings(settings: ProcessSettings): S3Settings {
  const text = (name: Parameters<ProcessSettings['get']>[0]): string | undefined =>
    settings.get<string | undefined>(name);
  const secret = (name: Parameters<ProcessSettings['get']>[0]): string | undefined =>
    settings.get<Secret | undefined>(name)?.reveal();
  const ca = text('store.s3.ssl.certificate_authorities');
  return present({
    accessKey: secret('store.s3.access_key'),
    secretKey: secret('store.s3.secret_key'),
    sessionToken: secret('store.s3.session_token'),
    endpoint: text('store.s3.endpoint'),
    region: text('store.s3.region'),
    pathStyle: settings.get<boolean | undefined>('store.s3.path_style_access'),
    ca: ca === undefined ? undefined : readFileSync(ca, 'utf8'),
  });
}

/** Without what is not set. */
function present<T extends object>(
  values: T,
): { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
} {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never;
}
