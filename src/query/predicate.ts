/**
 * A query as a function over live events, compiled once. Fields may be nested objects or dotted keys.
 *
 * With `types` values are compared as the store would compare them. Without, a value's own type decides, as dynamic
 * mapping would: strings are keywords, those that are times or addresses are also compared as such.
 */
import { anywherePredicate, anywhereWords } from './anywhere.ts';
import { type Clause, clauseCondition } from './condition.ts';
import { type ValueTest, valueTest } from './condition-test.ts';
import { type FieldPath, fieldPath, someAt, someField, someLeaf, someValue } from './document.ts';
import { dynamicTest } from './dynamic-test.ts';
import { takeEqualities } from './equalities.ts';
import type { FieldType } from './field-types.ts';
import { storedValue } from './field-value.ts';
import { tooDeep } from './query-error.ts';
import type { Query } from './tree.ts';
import { parseWildcard, wildcardTest } from './wildcard.ts';

export type Predicate = (document: object) => boolean;

export interface PredicateOptions {
  /** The type that a field is mapped with; undefined: not known. */
  readonly types?: ((field: string) => FieldType | undefined) | undefined;
  /** Clock, in epoch milliseconds; it goes on while the predicate lives. */
  readonly now?: () => number;
  /** What `ids`, `_id` and `_index` look at. */
  readonly id?: (document: object) => string | undefined;
  readonly index?: (document: object) => string | undefined;
}

/** @throws QueryError for date math or patterns that mean nothing */
export function toPredicate(query: Query, options: PredicateOptions = {}): Predicate {
  return compile(query, { options, base: '', depth: 0 });
}

interface Context {
  readonly options: PredicateOptions;
  /** The path of the nested objects that the predicate is given, with a dot behind it. */
  readonly base: string;
  readonly depth: number;
}

const MAX_TREE_DEPTH = 200;
const never: Predicate = () => false;
const always: Predicate = () => true;

function compile(query: Query, outer: Context): Predicate {
  if (outer.depth > MAX_TREE_DEPTH) throw tooDeep();
  const context = { ...outer, depth: outer.depth + 1 };
  switch (query.type) {
    case 'all':
      return always;
    case 'none':
      return never;
    case 'and':
      return every(query.of.map((each) => compile(each, context)));
    case 'or': {
      const minimum = query.minimum ?? 1;
      const { rest, merged } = minimum === 1 ? takeEqualities(query.of) : { rest: query.of, merged: [] };
      const parts = rest.map((each) => compile(each, context));
      for (const { field, clauses, values } of merged) {
        const isText = context.options.types?.(field) === 'text';
        const all: readonly Clause[] = isText ? clauses : [{ type: 'terms', values }];
        for (const clause of all) parts.push(fieldPredicate(field, clause, context, true));
      }
      return atLeast(parts, minimum);
    }
    case 'not': {
      const inner = compile(query.of, context);
      return (document) => !inner(document);
    }
    case 'ids': {
      const values = new Set<string | undefined>(query.values);
      const { id } = context.options;
      return id === undefined || context.base !== ''
        ? never
        : (document) => values.has(id(document) ?? undefined);
    }
    case 'nested':
      return nested(query.path, query.of, context);
    case 'fields':
      return atLeast(
        [...new Set(query.fields)].map((field) => patternPredicate(field, query.clause, context)),
        1,
      );
    case 'anywhere':
      return anywherePredicate(anywhereWords(query.text, query.pattern));
    default:
      return fieldPredicate(query.field, query, context, query.type === 'match' || query.type === 'phrase');
  }
}

function every(parts: readonly Predicate[]): Predicate {
  const [first, second, third] = parts;
  if (first === undefined) return always;
  if (second === undefined) return first;
  if (third === undefined) return (document) => first(document) && second(document);
  return (document) => {
    for (let at = 0; at < parts.length; at++) if (!parts[at]!(document)) return false;
    return true;
  };
}

function atLeast(parts: readonly Predicate[], minimum: number): Predicate {
  if (minimum <= 0) return always;
  if (minimum > parts.length) return never;
  if (minimum > 1) {
    return (document) => {
      let met = 0;
      for (let at = 0; at < parts.length; at++) if (parts[at]!(document) && ++met >= minimum) return true;
      return false;
    };
  }
  const [first, second] = parts;
  if (parts.length === 1) return first!;
  if (parts.length === 2) return (document) => first!(document) || second!(document);
  return (document) => {
    for (let at = 0; at < parts.length; at++) if (parts[at]!(document)) return true;
    return false;
  };
}

function nested(path: string, of: Query, context: Context): Predicate {
  if (!path.startsWith(context.base)) return never;
  const at = fieldPath(path.slice(context.base.length));
  const inner = compile(of, { ...context, base: `${path}.` });
  return (document) =>
    someAt(document, at, (value) => typeof value === 'object' && value !== null && inner(value));
}

function fieldPredicate(field: string, clause: Clause, context: Context, lenient: boolean): Predicate {
  if (field === '_id' || field === '_index') return metaPredicate(field, clause, context);
  if (!field.startsWith(context.base)) return never;
  // Where strings are keywords, the name that a keyword has beside a text finds the same values.
  if (field.endsWith(KEYWORD)) {
    const plain = fieldPredicate(field.slice(0, -KEYWORD.length), clause, context, lenient);
    const own = ownPredicate(field, clause, context, lenient);
    return (document) => own(document) || plain(document);
  }
  return ownPredicate(field, clause, context, lenient);
}

const KEYWORD = '.keyword';

function ownPredicate(field: string, clause: Clause, context: Context, lenient: boolean): Predicate {
  const { options, base } = context;
  const path = fieldPath(field.slice(base.length));
  if (clause.type === 'exists') return existsPredicate(field, path, context);
  const type = options.types?.(field);
  const tests = clockedTests(clause, type, lenient, options.now ?? Date.now);
  if (type === 'flattened') {
    return every(tests.map((test) => (document) => someAt(document, path, (value) => someLeaf(value, test))));
  }
  return every(tests.map((test) => (document) => someValue(document, path, test)));
}

/** An object is there when one of its fields has a value that fits it. */
function existsPredicate(field: string, path: FieldPath, { options, base }: Context): Predicate {
  const { types } = options;
  const present = (name: string, value: unknown): boolean => {
    const type = types?.(name);
    return type === undefined || storedValue(type, value) !== undefined;
  };
  const own = (document: object): boolean =>
    someAt(document, path, (value) => someField(value, present, field));
  if (types?.(field) !== undefined) return own;
  const below = `${field}.`.slice(base.length);
  const inside = (name: string, value: unknown): boolean =>
    name.startsWith(below) && present(base + name, value);
  return (document) => own(document) || (hasDottedKey(document) && someField(document, inside));
}

function hasDottedKey(document: object): boolean {
  for (const key in document) {
    if (key.includes('.')) return true;
    const value = (document as Readonly<Record<string, unknown>>)[key];
    if (typeof value === 'object' && value !== null && !Array.isArray(value) && hasDottedKey(value))
      return true;
  }
  return false;
}

function metaPredicate(field: '_id' | '_index', clause: Clause, context: Context): Predicate {
  const read = field === '_id' ? context.options.id : context.options.index;
  if (read === undefined || context.base !== '') return never;
  if (clause.type === 'exists') return always;
  const tests = testsOf(clause, 'keyword', true, 0);
  return (document) => {
    const value = read(document);
    return value !== undefined && tests.every((test) => test(value));
  };
}

function testsOf(
  clause: Clause,
  type: FieldType | undefined,
  lenient: boolean,
  now: number,
): readonly ValueTest[] {
  if (type === undefined) return [dynamicTest(clause, { now, lenient })];
  return clauseCondition(clause, type, { now, lenient }).every.map((condition) => valueTest(condition, type));
}

const NAMES_NOW = /^now/;

/** Bounds that say `now` are worked out again when the clock has moved on by a second. */
function clockedTests(
  clause: Clause,
  type: FieldType | undefined,
  lenient: boolean,
  clock: () => number,
): readonly ValueTest[] {
  let made = clock();
  let tests = testsOf(clause, type, lenient, made);
  const moving = Object.values(clause).some((value) => typeof value === 'string' && NAMES_NOW.test(value));
  if (!moving || (type !== 'date' && type !== undefined)) return tests;
  return tests.map((_, at) => (value: unknown) => {
    const now = clock();
    if (Math.abs(now - made) >= 1000) {
      made = now;
      tests = testsOf(clause, type, lenient, now);
    }
    return tests[at]!(value);
  });
}

/** Names that are remembered for one pattern; beyond it they are worked out each time. */
const MAX_REMEMBERED = 10_000;

function patternPredicate(pattern: string, clause: Clause, context: Context): Predicate {
  if (!pattern.includes('*')) return fieldPredicate(pattern, clause, context, true);
  const fits = wildcardTest(parseWildcard(pattern.replaceAll('?', '\\?')));
  const known = new Map<string, Predicate>();
  const of = (name: string): Predicate => {
    let predicate = known.get(name);
    if (predicate === undefined) {
      const full = context.base + name;
      predicate = fits(full) ? fieldPredicate(full, clause, context, true) : never;
      if (known.size < MAX_REMEMBERED) known.set(name, predicate);
    }
    return predicate;
  };
  // What is wrong with the clause is found now, not with the first event.
  fieldPredicate(context.base + pattern, clause, context, true);
  return (document) => someField(document, (name) => of(name)(document));
}
