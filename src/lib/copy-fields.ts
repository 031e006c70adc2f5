/** Copies the members of a map onto another, fast for maps that come again and again with the same names. */
import { access, isUnsafeName } from '../event/field-reference.ts';
import type { Fields } from '../kernel/event-types.ts';

interface Copier {
  readonly names: readonly string[];
  readonly copy: (to: Fields, from: Fields) => void;
}

/** A list of names is compiled when it has come this often in a row or nearly so. */
const WORTH_IT = 16;
const MAX_NAMES = 200;
/** Copiers kept at once, and made in all: a hostile sender must not make us compile for ever. */
const KEPT = 8;
const MAX_MADE = 256;

/**
 * Makes a copier. `copyOne` handles names that are not copied as they stand: those for which `isSpecial` holds, and
 * those on Object.prototype. They come after the others.
 */
export function createFieldCopier(
  isSpecial: (name: string) => boolean,
  copyOne: (to: Fields, name: string, from: Fields) => void,
): (to: Fields, from: Fields) => void {
  const special = (name: string): boolean => isUnsafeName(name) || isSpecial(name);
  const copiers: Copier[] = [];
  let made = 0;
  let candidate: readonly string[] = [];
  let seen = 0;

  const learn = (names: readonly string[]): void => {
    if (!sameNames(names, candidate)) {
      // Two lists taking turns still get there: a stranger only sets the count back.
      if (seen > 0) seen--;
      else candidate = names;
      return;
    }
    if (++seen < WORTH_IT) return;
    copiers.unshift({ names, copy: compileCopy(names, special, copyOne) });
    copiers.length = Math.min(copiers.length, KEPT);
    made++;
    candidate = [];
    seen = 0;
  };

  return (to, from) => {
    const names = Object.keys(from);
    for (let at = 0; at < copiers.length; at++) {
      const copier = copiers[at]!;
      if (sameNames(copier.names, names)) {
        copier.copy(to, from);
        return;
      }
    }
    let any = false;
    for (let at = 0; at < names.length; at++) {
      const name = names[at]!;
      if (special(name)) any = true;
      else to[name] = from[name];
    }
    if (any) for (const name of names) if (special(name)) copyOne(to, name, from);
    if (made < MAX_MADE && names.length <= MAX_NAMES) learn(names);
  };
}

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false;
  return true;
}

function compileCopy(
  names: readonly string[],
  special: (name: string) => boolean,
  copyOne: (to: Fields, name: string, from: Fields) => void,
): Copier['copy'] {
  const plain = names
    .filter((name) => !special(name))
    .map((name) => `to${access(name)} = from${access(name)};`);
  const others = names.filter(special).map((name) => `copyOne(to, ${JSON.stringify(name)}, from);`);
  const code = `return function copy(to, from) {\n${[...plain, ...others].join('\n')}\n}`;
  return new Function('copyOne', code)(copyOne) as Copier['copy'];
}
