/** Array: what Enumerable does not give it, and its quicker forms. */
import { Buffer } from 'node:buffer';
import { classes, define, type MethodFunction, rubyError, Unsupported } from './class.ts';
import { compare, equal } from './compare.ts';
import { arrayArgument, dig, indexArgument, send, stringArgument, test1, yield1 } from './dispatch.ts';
import { sorted, unique } from './enumerable.ts';
import { span } from './ranges.ts';
import { inspect, toS } from './text.ts';
import { isNumeric, REnumerator, RHash, type RProc, RRange, type Value } from './values.ts';

type List = Value[];
const arrays = classes.array.methods;

/** An array longer than this is left to CRuby. */
const MAX_LENGTH = 10_000_000;

define(arrays, '+', 1, 1, (self: List, _, other) => [...self, ...arrayArgument(other)]);
define(arrays, '- difference', 1, 1, (self: List, _, other) => {
  const out = setOf(arrayArgument(other));
  return self.filter((item) => !out.has(item));
});
define(arrays, '& intersection', 1, 1, (self: List, _, other) => {
  const both = setOf(arrayArgument(other));
  return unique(
    self.filter((item) => both.has(item)),
    null,
  );
});
define(arrays, '| union', 1, 1, (self: List, _, other) => unique([...self, ...arrayArgument(other)], null));
define(arrays, 'intersect?', 1, 1, (self: List, _, other) => {
  const both = setOf(arrayArgument(other));
  return self.some((item) => both.has(item));
});
define(arrays, '*', 1, 1, (self: List, _, times) => {
  if (typeof times === 'string') return join(self, times);
  const count = indexArgument(times);
  if (count < 0) throw rubyError('ArgumentError', 'argument must be non-negative');
  if (self.length * count > MAX_LENGTH) throw new Unsupported('a huge array');
  return Array.from({ length: count }, () => self).flat(1);
});
define(arrays, '<=>', 1, 1, (self, _, other) => compare(self, other) ?? null);

function setOf(items: List): RHash {
  const hash = new RHash();
  for (const item of items) hash.set(item, true);
  return hash;
}

// ---- elements ----

const at = (self: List, index: number): Value => self[index < 0 ? index + self.length : index] ?? null;

define(arrays, '[] slice', 1, 2, (self: List, _, index, count) => {
  if (count !== undefined) {
    let start = indexArgument(index);
    const length = indexArgument(count);
    if (start < 0) start += self.length;
    return start < 0 || start > self.length || length < 0 ? null : self.slice(start, start + length);
  }
  if (typeof index === 'number') return at(self, Math.trunc(index));
  if (index instanceof RRange) {
    const found = span(index, self.length);
    return found === undefined ? null : self.slice(found.start, found.start + found.count);
  }
  return at(self, indexArgument(index));
});
define(arrays, '[]=', 2, 2, (self: List, _, index, value) => {
  if (!isNumeric(index)) throw new Unsupported('this form of []=');
  let position = indexArgument(index);
  if (position < 0) position += self.length;
  if (position < 0)
    throw rubyError(
      'IndexError',
      `index ${position - self.length} too small for array; minimum: -${self.length}`,
    );
  if (position > self.length + MAX_LENGTH) throw new Unsupported('a huge array');
  while (self.length < position) self.push(null);
  self[position] = value;
  return value;
});
define(arrays, 'at', 1, 1, (self: List, _, index) => at(self, indexArgument(index)));
define(arrays, 'dig', 1, 99, (self: List, _, index, ...rest) => {
  const value = at(self, indexArgument(index));
  return rest.length === 0 || value === null ? value : dig(value, rest);
});
define(arrays, 'fetch', 1, 2, (self: List, block, index, otherwise) => {
  const position = indexArgument(index);
  const actual = position < 0 ? position + self.length : position;
  if (actual >= 0 && actual < self.length) return self[actual];
  if (block) return yield1(block, index);
  if (otherwise !== undefined) return otherwise;
  throw rubyError(
    'IndexError',
    `index ${position} outside of array bounds: ${-self.length}...${self.length}`,
  );
});
define(arrays, 'values_at', 0, 99, (self: List, _, ...indexes) =>
  indexes.map((index) => at(self, indexArgument(index))),
);
define(arrays, 'last', 0, 1, (self: List, _, count) =>
  count === undefined ? (self.at(-1) ?? null) : self.slice(Math.max(0, self.length - indexArgument(count))),
);
define(arrays, 'first', 0, 1, (self: List, _, count) => {
  if (count === undefined) return self[0] ?? null;
  if (indexArgument(count) < 0) throw rubyError('ArgumentError', 'negative array size');
  return self.slice(0, indexArgument(count));
});
define(arrays, 'length size', 0, 0, (self: List) => self.length);
define(arrays, 'empty?', 0, 0, (self: List) => self.length === 0);
define(arrays, 'to_a to_ary entries', 0, 0, (self) => self);
define(arrays, 'to_s inspect', 0, 0, (self) => inspect(self));
define(arrays, 'index find_index', 0, 1, (self: List, block, value) => {
  if (!block && value === undefined) throw new Unsupported('index without a block');
  const found = self.findIndex((item) => (value === undefined ? test1(block!, item) : equal(item, value)));
  return found < 0 ? null : found;
});
define(arrays, 'rindex', 0, 1, (self: List, block, value) => {
  const found = self.findLastIndex((item) =>
    value === undefined ? test1(block!, item) : equal(item, value),
  );
  return found < 0 ? null : found;
});
define(arrays, 'include? member?', 1, 1, (self: List, _, value) => {
  for (let index = 0; index < self.length; index++) if (equal(self[index], value)) return true;
  return false;
});
define(
  arrays,
  'assoc',
  1,
  1,
  (self: List, _, key) => self.find((item) => Array.isArray(item) && equal(item[0], key)) ?? null,
);

// ---- iteration; the length may change meanwhile ----

define(arrays, 'each', 0, 0, (self: List, block) => {
  if (!block) return new REnumerator(self, 'each', self);
  for (let index = 0; index < self.length; index++) yield1(block, self[index]);
  return self;
});
define(arrays, 'each_index', 0, 0, (self: List, block) => {
  for (let index = 0; index < self.length; index++) block!.fn(index);
  return self;
});
define(arrays, 'cycle', 0, 1, (self: List, block, times = null) => {
  if (!block) throw new Unsupported('cycle without a block');
  const rounds = times === null ? Number.POSITIVE_INFINITY : indexArgument(times);
  for (let round = 0; round < rounds && self.length > 0; round++)
    for (const item of self) yield1(block, item);
  return null;
});

// ---- new arrays ----

define(arrays, 'reverse', 0, 0, (self: List) => [...self].reverse());
define(arrays, 'rotate', 0, 1, (self: List, _, by = 1) => {
  if (self.length === 0) return [];
  const shift = ((indexArgument(by) % self.length) + self.length) % self.length;
  return [...self.slice(shift), ...self.slice(0, shift)];
});
define(arrays, 'compact', 0, 0, (self: List) => self.filter((item) => item !== null));
define(arrays, 'flatten', 0, 1, (self: List, _, depth = null) =>
  flatten(self, depth === null ? -1 : indexArgument(depth)),
);

function flatten(items: List, depth: number, seen: List[] = []): List {
  if (seen.includes(items)) throw rubyError('ArgumentError', 'tried to flatten recursive array');
  return items.flatMap((item) =>
    Array.isArray(item) && depth !== 0 ? flatten(item, depth - 1, [...seen, items]) : [item],
  );
}

define(arrays, 'join', 0, 1, (self: List, _, separator = null) =>
  join(self, separator === null ? '' : stringArgument(separator)),
);

function join(items: List, separator: string, seen: List[] = []): string {
  if (seen.includes(items)) throw rubyError('ArgumentError', 'recursive array join');
  let made = '';
  for (let index = 0; index < items.length; index++) {
    const item = items[index];
    if (index > 0) made += separator;
    made += Array.isArray(item) ? join(item, separator, [...seen, items]) : toS(item);
  }
  return made;
}

define(arrays, 'transpose', 0, 0, (self: List) => {
  const width = self.length === 0 ? 0 : arrayArgument(self[0]).length;
  for (const row of self)
    if (arrayArgument(row).length !== width)
      throw rubyError('IndexError', `element size differs (${row.length} should be ${width})`);
  return Array.from({ length: width }, (_, column) => self.map((row) => row[column]));
});
define(arrays, 'product', 0, 99, (self: List, _, ...others) => {
  let made: List[] = self.map((item) => [item]);
  for (const other of others) {
    if (made.length * arrayArgument(other).length > MAX_LENGTH) throw new Unsupported('a huge array');
    made = made.flatMap((start) => other.map((item: Value) => [...start, item]));
  }
  return made;
});
define(arrays, 'combination permutation repeated_combination', 0, 1, () => {
  throw new Unsupported('combinations');
});
define(arrays, 'sample shuffle shuffle!', 0, 2, (self: List, _, ...args) => {
  if (args.length > 0) throw new Unsupported('this form of sample');
  return self.length === 0 ? null : self[Math.floor(Math.random() * self.length)];
});
define(arrays, 'shuffle shuffle!', 0, 2, () => {
  throw new Unsupported('shuffle');
});
define(arrays, 'pack', 1, 2, (self: List, _, template) => {
  const codes = self.every((item) => typeof item === 'number' && Number.isInteger(item) && item >= 0);
  if (template === 'U*' && codes) return String.fromCodePoint(...self);
  if ((template === 'c*' || template === 'C*') && codes && self.every((item) => item < 128))
    return Buffer.from(self).toString('latin1');
  throw new Unsupported('pack');
});

// ---- changes ----

define(arrays, '<<', 1, 1, (self: List, _, item) => {
  self.push(item);
  return self;
});
define(arrays, 'push append', 0, 99, (self: List, _, ...items) => {
  self.push(...items);
  return self;
});
define(arrays, 'unshift prepend', 0, 99, (self: List, _, ...items) => {
  self.unshift(...items);
  return self;
});
define(arrays, 'insert', 1, 99, (self: List, _, index, ...items) => {
  let position = indexArgument(index);
  if (position < 0) position += self.length + 1;
  if (position < 0)
    throw rubyError(
      'IndexError',
      `index ${indexArgument(index)} too small for array; minimum: -${self.length + 1}`,
    );
  while (self.length < position) self.push(null);
  self.splice(position, 0, ...items);
  return self;
});
define(arrays, 'pop', 0, 1, (self: List, _, count) =>
  count === undefined ? (self.pop() ?? null) : self.splice(Math.max(0, self.length - indexArgument(count))),
);
define(arrays, 'shift', 0, 1, (self: List, _, count) =>
  count === undefined ? (self.shift() ?? null) : self.splice(0, indexArgument(count)),
);
define(arrays, 'concat', 0, 99, (self: List, _, ...lists) => {
  for (const list of lists.map((each) => [...arrayArgument(each)])) for (const item of list) self.push(item);
  return self;
});
define(arrays, 'replace', 1, 1, (self: List, _, other) => assign(self, [...arrayArgument(other)]));
define(arrays, 'clear', 0, 0, (self: List) => assign(self, []));
define(arrays, 'fill', 1, 1, (self: List, _, value) => self.fill(value));
define(arrays, 'delete', 1, 1, (self: List, _, value) => {
  const found = self.findLast((item) => equal(item, value));
  if (found === undefined) return null;
  assign(
    self,
    self.filter((item) => !equal(item, value)),
  );
  return found;
});
define(arrays, 'delete_at', 1, 1, (self: List, _, index) => {
  const position = indexArgument(index) < 0 ? indexArgument(index) + self.length : indexArgument(index);
  return position < 0 || position >= self.length ? null : self.splice(position, 1)[0];
});
define(arrays, 'slice!', 1, 2, (self: List, _, index, count) => {
  if (typeof index !== 'number' || typeof count !== 'number') throw new Unsupported('this form of slice!');
  const start = index < 0 ? index + self.length : index;
  return start < 0 || start > self.length ? null : self.splice(start, count);
});

function assign(self: List, items: List): List {
  self.length = 0;
  for (const item of items) self.push(item);
  return self;
}

/** The form with `!`: changes the array; answers nil when nothing changed, unless `always`. */
function inPlace(
  names: string,
  make: (self: List, block: RProc | null, ...args: Value[]) => List,
  always: boolean,
  max = 0,
): void {
  const change: MethodFunction = (self: List, block, ...args) => {
    const before = self.length;
    const made = make(self, block, ...args);
    const same = made.length === before;
    assign(self, made);
    return same && !always ? null : self;
  };
  define(arrays, names, 0, max, change);
}
const needed = (block: RProc | null): RProc => {
  if (!block) throw new Unsupported('this method without a block');
  return block;
};
inPlace('map! collect!', (self, block) => self.map((item) => yield1(needed(block), item)), true);
inPlace('select! filter!', (self, block) => self.filter((item) => test1(needed(block), item)), false);
inPlace('keep_if', (self, block) => self.filter((item) => test1(needed(block), item)), true);
inPlace('reject!', (self, block) => self.filter((item) => !test1(needed(block), item)), false);
inPlace('delete_if', (self, block) => self.filter((item) => !test1(needed(block), item)), true);
inPlace('compact!', (self) => self.filter((item) => item !== null), false);
inPlace('uniq!', (self, block) => unique(self, block), false);
inPlace('reverse!', (self) => [...self].reverse(), true);
inPlace('sort!', (self, block) => sorted(self, block), true);
inPlace('sort_by!', (self, block) => send(self, 'sort_by', needed(block), []), true);
define(arrays, 'flatten!', 0, 1, (self: List, _, depth = null) => {
  if (!self.some(Array.isArray)) return null;
  return assign(self, flatten([...self], depth === null ? -1 : indexArgument(depth)));
});

const statics = classes.array.statics;
define(statics, 'new', 0, 2, (_self, block, size = 0, value = null) => {
  if (Array.isArray(size)) return [...size];
  const count = indexArgument(size);
  if (count < 0) throw rubyError('ArgumentError', 'negative array size');
  if (count > MAX_LENGTH) throw new Unsupported('a huge array');
  return Array.from({ length: count }, (_, index) => (block ? block.fn(index) : value));
});
