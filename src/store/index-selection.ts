/** Names of indices: which are valid, and which ones a selection means. */
import { compileDateFormat } from '../event/date-format.ts';
import { indexNotFound, StoreError } from './errors.ts';
import { globMatch } from './glob-match.ts';
import type { IndexSelection } from './store.ts';

/** What there is to select from. */
export interface IndexNames {
  readonly indices: Iterable<string>;
  readonly aliases: ReadonlyMap<string, readonly AliasTarget[]>;
  /** Backing indices, the newest last. */
  readonly dataStreams: ReadonlyMap<string, readonly string[]>;
}

export interface AliasTarget {
  readonly index: string;
  readonly isWriteIndex?: boolean;
}

/**
 * The indices that a selection means, in order of names. Patterns leave out names that begin with a dot unless they do so
 * themselves, as those are hidden.
 * @throws StoreError index_not_found_exception
 */
export function resolveIndices(
  selection: IndexSelection,
  names: IndexNames,
  now: number = Date.now(),
): string[] {
  const all = new Set(names.indices);
  const found = new Set<string>();
  const parts = selection.names.flatMap((name) => splitNames(name));
  let sawPattern = false;
  const everything = parts.length === 0 || (parts.length === 1 && (parts[0] === '_all' || parts[0] === '*'));
  if (everything) {
    for (const name of all) if (!name.startsWith('.')) found.add(name);
    for (const backing of names.dataStreams.values()) for (const name of backing) found.add(name);
  }
  for (const part of everything ? [] : parts) {
    const isExclusion = sawPattern && part.startsWith('-');
    const name = resolveDateMath(isExclusion ? part.slice(1) : part, now);
    const isPattern = name.includes('*') || name === '_all';
    sawPattern ||= isPattern;
    const matched = isPattern ? matching(name === '_all' ? '*' : name, all, names) : named(name, all, names);
    if (isExclusion) for (const index of matched) found.delete(index);
    else if (matched.length > 0) for (const index of matched) found.add(index);
    else if (!isPattern && selection.ignoreUnavailable !== true) throw notFound(name);
    else if (isPattern && selection.allowNoIndices === false) throw indexNotFound(part);
  }
  if (found.size === 0 && selection.allowNoIndices === false) throw indexNotFound(parts.join(',') || '_all');
  return [...found].filter((name) => all.has(name)).sort();
}

function notFound(name: string): StoreError {
  if (/^[_+-]/.test(name)) return invalidName(name, "must not start with '_', '-', or '+'");
  return indexNotFound(name);
}

/** Commas inside `<…{…}>` divide nothing. */
function splitNames(text: string): string[] {
  return (text.match(/<[^>]*>|[^,]+/g) ?? []).map((name) => name.trim()).filter((name) => name !== '');
}

function named(name: string, all: ReadonlySet<string>, names: IndexNames): readonly string[] {
  if (all.has(name)) return [name];
  return names.aliases.get(name)?.map((target) => target.index) ?? names.dataStreams.get(name) ?? [];
}

function matching(pattern: string, all: ReadonlySet<string>, names: IndexNames): string[] {
  const matches = globMatch(pattern);
  const isHidden = (name: string): boolean => name.startsWith('.') && !pattern.startsWith('.');
  const found: string[] = [];
  for (const name of all) if (matches(name) && !isHidden(name)) found.push(name);
  for (const [alias, targets] of names.aliases) {
    if (matches(alias) && !isHidden(alias)) for (const { index } of targets) found.push(index);
  }
  for (const [stream, backing] of names.dataStreams)
    if (matches(stream) && !isHidden(stream)) found.push(...backing);
  return found;
}

/**
 * The index that a write to a name goes to: the name itself unless it is an alias or a data stream.
 * @throws StoreError illegal_argument_exception: an alias of several indices without one to write to
 */
export function writeIndexOf(name: string, names: IndexNames): string {
  const backing = names.dataStreams.get(name);
  if (backing !== undefined && backing.length > 0) return backing[backing.length - 1]!;
  const targets = names.aliases.get(name);
  if (targets === undefined || targets.length === 0) return name;
  const target =
    targets.find(({ isWriteIndex }) => isWriteIndex === true) ??
    (targets.length === 1 && targets[0]!.isWriteIndex !== false ? targets[0] : undefined);
  if (target !== undefined) return target.index;
  throw new StoreError(
    400,
    'illegal_argument_exception',
    `no write index is defined for alias [${name}]. The write index may be explicitly disabled using is_write_index=false or the alias points to multiple indices without one being designated as a write index`,
  );
}

/** @throws StoreError invalid_index_name_exception, in Elasticsearch's words */
export function validateIndexName(name: string): void {
  if (name === '') throw invalidName(name, 'must not be empty');
  if (/[ "*\\<|,>/?]/.test(name)) {
    throw invalidName(
      name,
      `must not contain the following characters [' ','"','*','\\','<','|',',','>','/','?']`,
    );
  }
  if (name.includes('#')) throw invalidName(name, "must not contain '#'");
  if (name.includes(':')) throw invalidName(name, "must not contain ':'");
  if (/^[_+-]/.test(name)) throw invalidName(name, "must not start with '_', '-', or '+'");
  if (/[\0-\x1f]/.test(name)) throw invalidName(name, 'must not contain control characters');
  const bytes = Buffer.byteLength(name);
  if (bytes > 255) throw invalidName(name, `index name is too long, (${bytes} > 255)`);
  if (name === '.' || name === '..') throw invalidName(name, "must not be '.' or '..'");
  if (name !== name.toLowerCase()) throw invalidName(name, 'must be lowercase');
}

const invalidName = (name: string, reason: string): StoreError =>
  new StoreError(400, 'invalid_index_name_exception', `Invalid index name [${name}], ${reason}`, {
    index: name,
  });

/**
 * `<logstash-{now/d-1d{yyyy.MM.dd|+01:00}}>` as the name it stands for; other names as they are.
 * @throws StoreError parse_exception
 */
export function resolveDateMath(name: string, now: number): string {
  if (!name.startsWith('<') || !name.endsWith('>')) return name;
  const invalid = (what: string): StoreError =>
    new StoreError(400, 'parse_exception', `invalid dynamic name expression [${name.slice(1, -1)}]. ${what}`);
  let text = '';
  const inner = name.slice(1, -1);
  for (let at = 0; at < inner.length; ) {
    const char = inner[at]!;
    if (char === '\\' && at + 1 < inner.length) {
      text += inner[at + 1];
      at += 2;
    } else if (char !== '{') {
      if (char === '}')
        throw invalid(`invalid character at position [${at}]. \`{\` and \`}\` are reserved characters`);
      text += char;
      at++;
    } else {
      const match = /^\{([^{}]+)(?:\{([^{}|]+)(?:\|([^{}]+))?\})?\}/.exec(inner.slice(at));
      if (match === null) throw invalid('date math placeholder is open ended');
      text += formatDateMath(match[1]!, match[2] ?? 'uuuu.MM.dd', match[3] ?? 'UTC', now, invalid);
      at += match[0].length;
    }
  }
  if (text === '') throw invalid('missing name');
  return text;
}

function formatDateMath(
  expression: string,
  format: string,
  zone: string,
  now: number,
  invalid: (what: string) => StoreError,
): string {
  const match = /^now((?:[+-]\d+[yMwdhHms]|\/[yMwdhHms])*)$/.exec(expression);
  const offset = /^([+-])(\d{2}):?(\d{2})$/.exec(zone);
  if (match === null || (offset === null && zone !== 'UTC' && zone !== 'Z')) {
    throw invalid(`failed to parse date field [${expression}]`);
  }
  const minutes =
    offset === null ? 0 : (Number(offset[2]) * 60 + Number(offset[3])) * (offset[1] === '-' ? -1 : 1);
  const date = new Date(now + minutes * 60_000);
  for (const [, sign, count, unit, rounded] of match[1]!.matchAll(
    /([+-])(\d+)([yMwdhHms])|\/([yMwdhHms])/g,
  )) {
    if (rounded !== undefined) roundDown(date, rounded);
    else move(date, unit!, Number(count) * (sign === '-' ? -1 : 1));
  }
  try {
    return compileDateFormat(format, 'java')(date.toISOString());
  } catch (error) {
    throw invalid((error as Error).message);
  }
}

function move(date: Date, unit: string, count: number): void {
  switch (unit) {
    case 'y':
      date.setUTCFullYear(date.getUTCFullYear() + count);
      return;
    case 'M':
      date.setUTCMonth(date.getUTCMonth() + count);
      return;
    case 'w':
      date.setUTCDate(date.getUTCDate() + 7 * count);
      return;
    case 'd':
      date.setUTCDate(date.getUTCDate() + count);
      return;
  }
  const seconds = unit === 's' ? 1 : unit === 'm' ? 60 : 3600;
  date.setTime(date.getTime() + count * seconds * 1000);
}

function roundDown(date: Date, unit: string): void {
  if (unit === 's') date.setUTCMilliseconds(0);
  else if (unit === 'm') date.setUTCSeconds(0, 0);
  else if (unit === 'h' || unit === 'H') date.setUTCMinutes(0, 0, 0);
  else date.setUTCHours(0, 0, 0, 0);
  if (unit === 'w') date.setUTCDate(date.getUTCDate() - ((date.getUTCDay() + 6) % 7));
  else if (unit === 'M') date.setUTCDate(1);
  else if (unit === 'y') date.setUTCMonth(0, 1);
}
