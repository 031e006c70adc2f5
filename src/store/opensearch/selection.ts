/** Selections of indices as the cluster's URLs have them. */
import type { IndexSelection } from '../store.ts';

export interface SelectionPath {
  readonly names: string;
  readonly parameters: Readonly<Record<string, boolean | undefined>>;
}

/**
 * Patterns leave out names that begin with a dot, as in the embedded store: on a cluster only those marked as hidden are
 * left out by themselves. The indices behind data streams count.
 */
export function selectionPath({ names, ignoreUnavailable, allowNoIndices }: IndexSelection): SelectionPath {
  const given = names.map((name) => name.trim()).filter((name) => name !== '');
  const everything = given.length === 0 || (given.length === 1 && (given[0] === '_all' || given[0] === '*'));
  return {
    names: everything ? '*,-.*,.ds-*' : given.join(','),
    parameters: {
      ignore_unavailable: ignoreUnavailable === true ? true : undefined,
      allow_no_indices: allowNoIndices === false ? false : undefined,
    },
  };
}
