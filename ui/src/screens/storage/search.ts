/** What the URL of the storage screen says. */

const tabs = ['indices', 'retention', 'snapshots'] as const;
export type StorageTab = (typeof tabs)[number];
const sorts = ['name', 'documents', 'bytes', 'earliest', 'latest', 'deletesAt'] as const;
export type IndexSort = (typeof sorts)[number];

export interface StorageSearch {
  readonly tab?: StorageTab | undefined;
  /** Text in the names of indices. */
  readonly text?: string | undefined;
  readonly sort?: IndexSort | undefined;
  readonly order?: 'asc' | 'desc' | undefined;
  /** S3 prefix that snapshots are looked for below. */
  readonly place?: string | undefined;
}

export function storageSearch(search: Record<string, unknown>): StorageSearch {
  const oneOf = <const T extends string>(name: string, all: readonly T[]): Record<string, T> => {
    const value = all.find((each) => each === search[name]);
    return value === undefined ? {} : { [name]: value };
  };
  const text = (name: string): Record<string, string> =>
    typeof search[name] === 'string' && search[name] !== '' ? { [name]: search[name] } : {};
  return {
    ...oneOf('tab', tabs),
    ...text('text'),
    ...oneOf('sort', sorts),
    ...oneOf('order', ['asc', 'desc']),
    ...text('place'),
  };
}
