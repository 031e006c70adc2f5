/** Where a store that runs may write snapshots for those who ask over HTTP. */
import { isAbsolute, relative, resolve } from 'node:path';
import { StoreError } from './errors.ts';

/** A folder never outside of the one that is for snapshots; S3, and what the store will refuse, as it is. @throws StoreError */
export function snapshotTarget(folder: string, text: string): string {
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
