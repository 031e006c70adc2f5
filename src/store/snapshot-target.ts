/** Where a store that runs may write snapshots for those who ask over HTTP. */
import { isAbsolute, relative, resolve } from 'node:path';
import { StoreError } from './errors.ts';
import type { Store } from './store.ts';

/** A folder never outside of the one that is for snapshots; S3, and what the store will refuse, as it is. @throws StoreError */
function snapshotTarget(folder: string, text: string): string {
  if (text.includes('://')) return text;
  const root = resolve(folder);
  const path = resolve(root, text);
  const inside = relative(root, path);
  if (text.includes('\0') || inside.startsWith('..') || isAbsolute(inside))
    throw new StoreError(
      400,
      'repository_exception',
      `snapshots of a store that runs lie below ${root} (store.snapshot.path) or in S3, and not in ${text}`,
    );
  return path;
}

/** The same for any driver: of a cluster the name of a repository, or `repository/snapshot`. @throws StoreError */
export async function snapshotPlace(store: Store, folder: string, text: string): Promise<string> {
  const { driver } = await store.status();
  if (driver === 'embedded') return snapshotTarget(folder, text);
  if (/^[\w.-]*(\/[\w.-]+)?$/.test(text)) return text;
  throw new StoreError(
    400,
    'repository_exception',
    `[${text}] is no snapshot repository of the cluster: it looks like repository, or repository/snapshot`,
  );
}
