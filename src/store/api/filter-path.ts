/** `filter_path` of any answer: `hits.hits._id`, `items.*.error`, `**._index`, `-took`. */

interface Step {
  readonly test: (name: string) => boolean;
  /** `**`: any number of names. */
  readonly any: boolean;
}
type Path = readonly Step[];

/** What of a value the filter keeps; undefined: nothing. */
export function filterPath(value: unknown, filter: string): unknown {
  const paths = filter
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');
  const included = paths.filter((one) => !one.startsWith('-')).map(parsePath);
  const excluded = paths.filter((one) => one.startsWith('-')).map((one) => parsePath(one.slice(1)));
  const kept = included.length === 0 ? value : include(value, included);
  return excluded.length === 0 || kept === undefined ? kept : exclude(kept, excluded);
}

function parsePath(text: string): Path {
  return text.split(/(?<!\\)\./).map((part): Step => {
    const name = part.replaceAll('\\.', '.');
    if (name === '**') return { test: () => true, any: true };
    if (!name.includes('*')) return { test: (given) => given === name, any: false };
    const expression = new RegExp(`^${name.split(/\*+/).map(RegExp.escape).join('.*')}$`, 's');
    return { test: (given) => expression.test(given), any: false };
  });
}

/** The paths that go on behind a name; each once, whatever `**` may stand for. */
function follow(paths: readonly Path[], name: string): readonly Path[] {
  const next = new Set<Path>();
  const step = (path: Path): void => {
    const [first] = path;
    if (first === undefined) next.add(path);
    else if (first.any) {
      next.add(path);
      // `**` may stand for no name at all.
      step(rest(path));
    } else if (first.test(name)) next.add(rest(path));
  };
  for (const path of paths) step(path);
  return [...next];
}

const rests = new WeakMap<Path, Path>();
/** Without its first step; the same one every time. */
function rest(path: Path): Path {
  let known = rests.get(path);
  if (!known) rests.set(path, (known = path.slice(1)));
  return known;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !JSON.isRawJSON(value);

function include(value: unknown, paths: readonly Path[]): unknown {
  // `a.**` keeps everything below `a`.
  if (paths.some((path) => path.length === 0 || (path.length === 1 && path[0]!.any))) return value;
  if (paths.length === 0 || !isObject(value)) return undefined;
  if (Array.isArray(value)) {
    const kept = value.map((one: unknown) => include(one, paths)).filter((one) => one !== undefined);
    return kept.length > 0 ? kept : undefined;
  }
  const kept: Record<string, unknown> = {};
  let any = false;
  for (const [name, inner] of Object.entries(value)) {
    const one = include(inner, follow(paths, name));
    if (one === undefined) continue;
    define(kept, name, one);
    any = true;
  }
  return any ? kept : undefined;
}

function exclude(value: unknown, paths: readonly Path[]): unknown {
  if (paths.some((path) => path.length === 0 || (path.length === 1 && path[0]!.any))) return undefined;
  if (paths.length === 0 || !isObject(value)) return value;
  if (Array.isArray(value))
    return value.map((one: unknown) => exclude(one, paths)).filter((one) => one !== undefined);
  const kept: Record<string, unknown> = {};
  for (const [name, inner] of Object.entries(value)) {
    const one = exclude(inner, follow(paths, name));
    if (one !== undefined) define(kept, name, one);
  }
  return kept;
}

/** A field may be called `__proto__`. */
function define(target: Record<string, unknown>, name: string, value: unknown): void {
  if (name === '__proto__')
    Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true });
  else target[name] = value;
}
