/** Enumerable, over the elements as an array; for Array, Hash (its pairs), Range, Set and enumerators. */
import { add } from './arithmetic.ts';
import { classes, define, type MethodTable, rubyError, Unsupported } from './class.ts';
import { caseEqual, equal, notComparable, order } from './compare.ts';
import { indexArgument, send, test1, yield1 } from './dispatch.ts';
import { rangeItems } from './ranges.ts';
import {
  double,
  float,
  isInteger,
  isNumeric,
  REnumerator,
  RHash,
  RProc,
  RRange,
  RSet,
  RSymbol,
  type Value,
} from './values.ts';

/** The elements of anything enumerable. */
export function itemsOf(value: Value): Value[] {
  if (Array.isArray(value)) return value;
  if (value instanceof RHash) return value.pairs();
  if (value instanceof RRange) return rangeItems(value.from, value.to, value.exclusive);
  if (value instanceof RSet) return value.hash.keys();
  if (value instanceof REnumerator) return value.items;
  throw new Unsupported('enumerating this');
}

type Enumerate = (items: Value[], block: RProc | null, ...args: Value[]) => Value;
const table: MethodTable = Object.create(null) as MethodTable;

function method(names: string, min: number, max: number, fn: Enumerate): void {
  define(table, names, min, max, (self, block, ...args) => fn(itemsOf(self), block, ...args));
}

/** A method that needs a block, and without one answers an enumerator. */
function blockMethod(names: string, fn: (items: Value[], block: RProc, self: Value) => Value): void {
  const [first] = names.split(' ') as [string];
  define(table, names, 0, 0, (self, block) =>
    block ? fn(itemsOf(self), block, self) : new REnumerator(itemsOf(self), first, self),
  );
}

/** The condition of `all?`, `count` and their kin: a pattern, a block, or truth itself. */
function condition(block: RProc | null, pattern: Value | undefined): (item: Value) => boolean {
  if (pattern !== undefined) return (item) => caseEqual(pattern, item);
  if (block) return (item) => test1(block, item);
  return (item) => item !== null && item !== false;
}

method('to_a entries', 0, 0, (items) => [...items]);
method('include? member?', 1, 1, (items, _, value) => items.some((item) => equal(item, value)));
method('count', 0, 1, (items, block, value) => {
  if (value !== undefined) return items.filter((item) => equal(item, value)).length;
  return block ? items.filter((item) => test1(block, item)).length : items.length;
});
method('first', 0, 1, (items, _, count) =>
  count === undefined ? (items[0] ?? null) : items.slice(0, size(count)),
);
method('take', 1, 1, (items, _, count) => items.slice(0, size(count)));
method('drop', 1, 1, (items, _, count) => items.slice(size(count)));
method('all?', 0, 1, (items, block, pattern) => items.every(condition(block, pattern)));
method('any?', 0, 1, (items, block, pattern) => items.some(condition(block, pattern)));
method('none?', 0, 1, (items, block, pattern) => !items.some(condition(block, pattern)));
method('one?', 0, 1, (items, block, pattern) => items.filter(condition(block, pattern)).length === 1);
blockMethod('map collect', (items, block) => {
  const made: Value[] = [];
  for (let index = 0; index < items.length; index++) made.push(yield1(block, items[index]));
  return made;
});
blockMethod('flat_map collect_concat', (items, block) =>
  items.flatMap((item) => {
    const made = yield1(block, item);
    return Array.isArray(made) ? made : [made];
  }),
);
blockMethod('select filter find_all', (items, block) => items.filter((item) => test1(block, item)));
blockMethod('reject', (items, block) => items.filter((item) => !test1(block, item)));
blockMethod('filter_map', (items, block) =>
  items.map((item) => yield1(block, item)).filter((made) => made !== null && made !== false),
);
blockMethod('partition', (items, block) => {
  const yes: Value[] = [];
  const no: Value[] = [];
  for (const item of items) (test1(block, item) ? yes : no).push(item);
  return [yes, no];
});
blockMethod('find detect', (items, block) => items.find((item) => test1(block, item)) ?? null);
method('find_index', 0, 1, (items, block, value) => {
  const at = items.findIndex((item) => (value === undefined ? test1(block!, item) : equal(item, value)));
  return at < 0 ? null : at;
});
blockMethod('take_while', (items, block) => {
  const at = items.findIndex((item) => !test1(block, item));
  return at < 0 ? [...items] : items.slice(0, at);
});
blockMethod('drop_while', (items, block) => {
  const at = items.findIndex((item) => !test1(block, item));
  return at < 0 ? [] : items.slice(at);
});
blockMethod('group_by', (items, block) => {
  const groups = new RHash();
  for (const item of items) {
    const key = yield1(block, item);
    const group = groups.find(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
});
blockMethod('sort_by', (items, block) => {
  const keyed = items.map((item) => [yield1(block, item), item] as const);
  return keyed.sort(([a], [b]) => order(a, b)).map(([, item]) => item);
});
blockMethod('each_entry', (items, block, self) => {
  for (const item of items) yield1(block, item);
  return self;
});
blockMethod('reverse_each', (items, block, self) => {
  for (let index = items.length - 1; index >= 0; index--) yield1(block, items[index]);
  return self;
});
define(table, 'each_with_index', 0, 0, (self, block) => {
  const items = itemsOf(self);
  if (!block)
    return new REnumerator(
      items.map((item, index) => [item, index]),
      'each',
      self,
    );
  for (let index = 0; index < items.length; index++) block.fn(items[index], index);
  return self;
});
method('each_with_object', 1, 1, (items, block, memo) => {
  if (!block) throw new Unsupported('each_with_object without a block');
  for (const item of items) block.fn(item, memo);
  return memo;
});
method('inject reduce', 0, 2, (items, block, ...args) => {
  const operator = block ? undefined : args.pop();
  let at = 0;
  let memo = args.length > 0 ? args[0] : (items[at++] ?? null);
  const name = operator instanceof RSymbol ? operator.name : operator;
  for (; at < items.length; at++)
    memo = block ? block.fn(memo, items[at]) : send(memo, name, null, [items[at]]);
  return memo;
});
method('sum', 0, 1, (items, block, start = 0) =>
  sum(block ? items.map((item) => yield1(block, item)) : items, start),
);

/** Kahan-Babuska from the first Float on, as CRuby. */
function sum(items: Value[], start: Value): Value {
  let total = start;
  let index = 0;
  for (; index < items.length && isInteger(total) && isInteger(items[index]); index++)
    total = add(total, items[index]);
  if (!isNumeric(total) || index === items.length || !isNumeric(items[index])) {
    for (; index < items.length; index++) total = add(total, items[index]);
    return total;
  }
  let value = double(total);
  let lost = 0;
  for (; index < items.length; index++) {
    const item = items[index];
    if (!isNumeric(item)) {
      total = float(value + lost);
      for (; index < items.length; index++) total = add(total, items[index]);
      return total;
    }
    const next = double(item);
    if (!Number.isFinite(next) || !Number.isFinite(value)) {
      value += next;
      continue;
    }
    const better = value + next;
    lost += Math.abs(value) >= Math.abs(next) ? value - better + next : next - better + value;
    value = better;
  }
  return float(value + lost);
}

function extreme(sign: 1 | -1): Enumerate {
  return (items, block, count) => {
    const by = (a: Value, b: Value): number => {
      if (!block) return order(a, b) * sign;
      const result = block.fn(a, b);
      if (result === null) throw notComparable(a, b);
      return double(result) * sign;
    };
    if (count !== undefined) return [...items].sort(by).slice(0, size(count));
    let best = items[0] ?? null;
    for (let index = 1; index < items.length; index++) if (by(best, items[index]) > 0) best = items[index];
    return best;
  };
}
method('min', 0, 1, extreme(1));
method('max', 0, 1, extreme(-1));
method('minmax', 0, 0, (items, block) => [extreme(1)(items, block), extreme(-1)(items, block)]);
for (const [name, sign] of [
  ['min_by', 1],
  ['max_by', -1],
] as const) {
  blockMethod(name, (items, block) => {
    let best: Value = null;
    let bestKey: Value;
    for (const [index, item] of items.entries()) {
      const key = yield1(block, item);
      if (index === 0 || order(key, bestKey) * sign < 0) {
        best = item;
        bestKey = key;
      }
    }
    return best;
  });
}
method('sort', 0, 0, (items, block) => sorted(items, block));

export function sorted(items: Value[], block: RProc | null): Value[] {
  // V8 hands the later element in first; errors name the values in their order.
  if (!block) return [...items].sort((a, b) => -order(b, a));
  return [...items].sort((a, b) => {
    const result = block.fn(b, a);
    if (result === null) throw notComparable(b, a);
    return -double(result);
  });
}

method('uniq', 0, 0, (items, block) => unique(items, block));
export function unique(items: Value[], block: RProc | null): Value[] {
  const seen = new RHash();
  return items.filter((item) => {
    const key = block ? yield1(block, item) : item;
    if (seen.has(key)) return false;
    seen.set(key, true);
    return true;
  });
}

method('tally', 0, 0, (items) => {
  const counts = new RHash();
  for (const item of items) counts.set(item, (counts.find(item) ?? 0) + 1);
  return counts;
});
method('to_h', 0, 0, (items, block) => {
  const hash = new RHash();
  for (const item of items) {
    const pair = block ? yield1(block, item) : item;
    if (!Array.isArray(pair))
      throw rubyError(
        'TypeError',
        `wrong element type ${send(send(pair, 'class', null, []), 'name', null, [])} (expected array)`,
      );
    if (pair.length !== 2)
      throw rubyError('ArgumentError', `element has wrong array length (expected 2, was ${pair.length})`);
    hash.set(pair[0], pair[1]);
  }
  return hash;
});
method('to_set', 0, 0, (items) => new RSet(RHash.of(items.map((item) => [item, true]))));
method('zip', 0, 99, (items, block, ...others) => {
  if (block) throw new Unsupported('zip with a block');
  const lists = others.map((other) => (Array.isArray(other) ? other : itemsOf(other)));
  return items.map((item, index) => [item, ...lists.map((list) => list[index] ?? null)]);
});
function slices(items: Value[], count: Value, step: (size: number) => number, whole: boolean): Value[][] {
  const length = size(count);
  if (length === 0) throw rubyError('ArgumentError', 'invalid slice size');
  const made: Value[][] = [];
  for (let at = 0; at < items.length && (!whole || at + length <= items.length); at += step(length))
    made.push(items.slice(at, at + length));
  return made;
}
for (const [name, step, whole] of [
  ['each_slice', (length: number) => length, false],
  ['each_cons', () => 1, true],
] as const) {
  define(table, name, 1, 1, (self, block, count) => {
    const made = slices(itemsOf(self), count, step, whole);
    if (!block) return new REnumerator(made, 'each', self);
    for (const each of made) yield1(block, each);
    return self;
  });
}
method('chunk_while', 0, 0, (items, block) => new REnumerator(runs(items, block!, true), 'each', items));
method('slice_when', 0, 0, (items, block) => new REnumerator(runs(items, block!, false), 'each', items));
function runs(items: Value[], block: RProc, together: boolean): Value[][] {
  const made: Value[][] = [];
  for (const [index, item] of items.entries()) {
    const answer = index > 0 && block.fn(items[index - 1], item);
    if (index > 0 && (answer !== null && answer !== false) === together) made.at(-1)!.push(item);
    else made.push([item]);
  }
  return made;
}
method('lazy', 0, 0, () => {
  throw new Unsupported('lazy');
});

function size(count: Value): number {
  const number = indexArgument(count);
  if (number < 0) throw rubyError('ArgumentError', 'attempt to take negative size');
  return number;
}

for (const rclass of [classes.array, classes.hash, classes.range, classes.set, classes.enumerator]) {
  for (const name of Object.keys(table)) rclass.methods[name] ??= table[name];
}

// ---- enumerators ----

const enumerators = classes.enumerator.methods;
define(enumerators, 'each', 0, 0, (self: REnumerator, block) => {
  if (!block) return self;
  if (self.method !== 'each') return send(self.items, self.method, block, []);
  eachItem(self.items, block);
  return self.source;
});
define(enumerators, 'with_index each_with_index', 0, 1, (self: REnumerator, block, offset = 0) => {
  const start = offset === null ? 0 : indexArgument(offset);
  if (!block)
    return new REnumerator(
      self.items.map((item, index) => [item, index + start]),
      self.method,
      self.source,
    );
  let index = start;
  const counted = new RProc((...args: Value[]) => block.fn(args.length === 1 ? args[0] : args, index++), 1);
  if (self.method === 'each') {
    eachItem(self.items, counted);
    return self.source;
  }
  return send(self.source, self.method, counted, []);
});
define(enumerators, 'with_object', 1, 1, (self: REnumerator, block, memo) => {
  for (const item of self.items) block!.fn(item, memo);
  return memo;
});
define(enumerators, 'size', 0, 0, (self: REnumerator) => self.items.length);
define(enumerators, 'next peek rewind', 0, 0, () => {
  throw new Unsupported('an external enumerator');
});

function eachItem(items: Value[], block: RProc): void {
  for (const item of items) yield1(block, item);
}
