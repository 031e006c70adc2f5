/** What somebody likes on this machine, and filters that stay from search to search. */
import { useCallback, useState } from 'react';
import type { FilterPill } from '../../../../src/server/contract.ts';

function read<T>(storage: Storage, key: string, otherwise: T, fits: (value: unknown) => boolean): T {
  try {
    const value: unknown = JSON.parse(storage.getItem(key) ?? 'null');
    return fits(value) ? (value as T) : otherwise;
  } catch {
    return otherwise;
  }
}

function write(storage: Storage, key: string, value: unknown): void {
  try {
    storage.setItem(key, JSON.stringify(value));
  } catch {
    // Without storage it holds as long as the page.
  }
}

/** State that is there again next time. */
export function usePreference<T>(
  name: string,
  otherwise: T,
  fits: (value: unknown) => boolean,
): [T, (value: T) => void] {
  const key = `millrace.discover.${name}`;
  const [value, setValue] = useState<T>(() => read(localStorage, key, otherwise, fits));
  const set = useCallback(
    (next: T) => {
      setValue(next);
      write(localStorage, key, next);
    },
    [key],
  );
  return [value, set];
}

const PINNED = 'millrace.discover.pinned';

const readPinned = (): FilterPill[] =>
  read<FilterPill[]>(sessionStorage, PINNED, [], Array.isArray).filter(
    (pill) => typeof pill?.field === 'string',
  );

export const keepPinned = (pills: readonly FilterPill[]): void =>
  write(
    sessionStorage,
    PINNED,
    pills.filter(({ pinned }) => pinned),
  );

/** Filters of another search, with those that are pinned. */
export function withPinned(pills: readonly FilterPill[]): FilterPill[] {
  const text = (pill: FilterPill): string => JSON.stringify([pill.field, pill.operator, pill.value]);
  const known = new Set(pills.map(text));
  return [...readPinned().filter((pill) => !known.has(text(pill))), ...pills];
}
