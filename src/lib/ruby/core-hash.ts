/** Hash and Set. */
import { classes, define, type MethodFunction, rubyError, Unsupported } from './class.ts';
import { equal } from './compare.ts';
import { dig, hashArgument, send, yieldPair } from './dispatch.ts';
import { itemsOf } from './enumerable.ts';
import { inspect } from './text.ts';
import { REnumerator, RHash, type RProc, RSet, type Value } from './values.ts';

const hashes = classes.hash.methods;

/** `hash[key]`, with the default. */
export function lookUp(self: RHash, key: Value): Value {
  const found = self.find(key);
  if (found !== undefined) return found;
  if (self.defaultProc) return self.defaultProc.fn(self, key);
  return self.default;
}

define(hashes, '[]', 1, 1, (self: RHash, _, key) => lookUp(self, key));
define(hashes, '[]= store', 2, 2, (self: RHash, _, key, value) => {
  self.set(key, value);
  return value;
});
define(hashes, 'fetch', 1, 2, (self: RHash, block, key, otherwise) => {
  const found = self.find(key);
  if (found !== undefined) return found;
  if (block) return block.fn(key);
  if (otherwise !== undefined) return otherwise;
  throw rubyError('KeyError', `key not found: ${inspect(key)}`);
});
define(hashes, 'dig', 1, 99, (self: RHash, _, key, ...rest) => {
  const value = lookUp(self, key);
  return rest.length === 0 || value === null ? value : dig(value, rest);
});
define(hashes, 'key? has_key? include? member?', 1, 1, (self: RHash, _, key) => self.has(key));
define(hashes, 'value? has_value?', 1, 1, (self: RHash, _, value) =>
  self.values().some((each) => equal(each, value)),
);
define(
  hashes,
  'key',
  1,
  1,
  (self: RHash, _, value) => self.pairs().find(([, each]) => equal(each, value))?.[0] ?? null,
);
define(hashes, 'keys', 0, 0, (self: RHash) => self.keys());
define(hashes, 'values', 0, 0, (self: RHash) => self.values());
define(hashes, 'values_at', 0, 99, (self: RHash, _, ...keys) => keys.map((key) => lookUp(self, key)));
define(hashes, 'fetch_values', 0, 99, (self: RHash, _, ...keys) =>
  keys.map((key) => hashes['fetch']!.fn(self, null, key)),
);
define(hashes, 'length size', 0, 0, (self: RHash) => self.size);
define(hashes, 'count', 0, 1, (self: RHash, block, value) => {
  if (value !== undefined) throw new Unsupported('this form of count');
  return block ? matching(self, block, true).length : self.size;
});
define(hashes, 'empty?', 0, 0, (self: RHash) => self.size === 0);
define(hashes, 'to_hash', 0, 0, (self) => self);
define(hashes, 'to_h', 0, 0, (self: RHash, block) =>
  block ? RHash.of(self.pairs().map(([k, v]) => pairOf(yieldPair(block, k, v)))) : self,
);
define(hashes, 'to_s inspect', 0, 0, (self) => inspect(self));
define(hashes, 'default', 0, 1, (self: RHash) => self.default);
define(hashes, 'default=', 1, 1, (self: RHash, _, value) => {
  self.default = value;
  return value;
});
define(hashes, 'compare_by_identity', 0, 0, () => {
  throw new Unsupported('compare_by_identity');
});

function pairOf(value: Value): [Value, Value] {
  if (!Array.isArray(value)) throw rubyError('TypeError', 'wrong element type (expected array)');
  if (value.length !== 2)
    throw rubyError('ArgumentError', `element has wrong array length (expected 2, was ${value.length})`);
  return value as [Value, Value];
}

/** Are all pairs of `part` in `whole`? */
const isPart = (part: RHash, whole: RHash): boolean =>
  part.pairs().every(([key, value]) => {
    const found = whole.find(key);
    return found !== undefined && equal(found, value);
  });
define(hashes, '<=', 1, 1, (self: RHash, _, other) => isPart(self, hashArgument(other)));
define(hashes, '>=', 1, 1, (self: RHash, _, other) => isPart(hashArgument(other), self));
define(
  hashes,
  '<',
  1,
  1,
  (self: RHash, _, other) => isPart(self, hashArgument(other)) && self.size < other.size,
);
define(
  hashes,
  '>',
  1,
  1,
  (self: RHash, _, other) => isPart(hashArgument(other), self) && self.size > other.size,
);

// ---- iteration over a snapshot of the pairs ----

function each(names: string, fn: (self: RHash, block: RProc) => Value): void {
  const [first] = names.split(' ') as [string];
  define(hashes, names, 0, 0, (self: RHash, block) =>
    block ? fn(self, block) : new REnumerator(self.pairs(), first === 'each_pair' ? 'each' : first, self),
  );
}

each('each each_pair', (self, block) => {
  const before = self.size;
  self.forEach((key, value) => {
    yieldPair(block, key, value);
    if (self.size > before) throw rubyError('RuntimeError', "can't add a new key into hash during iteration");
  });
  return self;
});
each('each_key', (self, block) => {
  for (const key of self.keys()) block.fn(key);
  return self;
});
each('each_value', (self, block) => {
  for (const value of self.values()) block.fn(value);
  return self;
});
each('map collect', (self, block) => {
  const made: Value[] = [];
  for (const [key, value] of self.pairs()) made.push(yieldPair(block, key, value));
  return made;
});
each('flat_map', (self, block) =>
  self.pairs().flatMap(([key, value]) => {
    const made = yieldPair(block, key, value);
    return Array.isArray(made) ? made : [made];
  }),
);

/** The pairs for which the block's truth is `wanted`. */
function matching(self: RHash, block: RProc, wanted: boolean): [Value, Value][] {
  return self.pairs().filter(([key, value]) => {
    const answer = yieldPair(block, key, value);
    return (answer !== null && answer !== false) === wanted;
  });
}

each('select filter', (self, block) => RHash.of(matching(self, block, true)));
each('reject', (self, block) => RHash.of(matching(self, block, false)));
each('partition', (self, block) => {
  const yes: Value[] = [];
  const no: Value[] = [];
  for (const [key, value] of self.pairs()) {
    const answer = yieldPair(block, key, value);
    (answer !== null && answer !== false ? yes : no).push([key, value]);
  }
  return [yes, no];
});
define(hashes, 'any?', 0, 1, (self: RHash, block, pattern) => {
  if (pattern !== undefined) throw new Unsupported('this form of any?');
  return block ? self.pairs().some(([key, value]) => isTrue(yieldPair(block, key, value))) : self.size > 0;
});
define(hashes, 'all?', 0, 1, (self: RHash, block, pattern) => {
  if (pattern !== undefined) throw new Unsupported('this form of all?');
  return block ? self.pairs().every(([key, value]) => isTrue(yieldPair(block, key, value))) : true;
});
const isTrue = (value: Value): boolean => value !== null && value !== false;

define(hashes, 'transform_values', 0, 0, (self: RHash, block) =>
  RHash.of(self.pairs().map(([key, value]) => [key, needed(block).fn(value)])),
);
define(hashes, 'transform_keys', 0, 1, (self: RHash, block, names) =>
  RHash.of(
    self.pairs().map(([key, value]) => {
      const named = names instanceof RHash ? names.find(key) : undefined;
      return [
        named !== undefined ? named : block ? block.fn(key) : names instanceof RHash ? key : needed(block),
        value,
      ];
    }),
  ),
);
define(hashes, 'invert', 0, 0, (self: RHash) => RHash.of(self.pairs().map(([key, value]) => [value, key])));
define(hashes, 'compact', 0, 0, (self: RHash) =>
  RHash.of(self.pairs().filter(([, value]) => value !== null)),
);
define(hashes, 'slice', 0, 99, (self: RHash, _, ...keys) =>
  RHash.of(keys.filter((key) => self.has(key)).map((key) => [key, self.find(key)])),
);
define(hashes, 'except', 0, 99, (self: RHash, _, ...keys) => {
  const copy = self.copy();
  for (const key of keys) copy.remove(key);
  return copy;
});
define(hashes, 'filter_map', 0, 0, (self: RHash, block) =>
  self
    .pairs()
    .map(([key, value]) => yieldPair(needed(block), key, value))
    .filter(isTrue),
);
define(hashes, 'sum', 0, 1, (self: RHash, block, start = 0) =>
  send(
    self.pairs().map(([key, value]) => yieldPair(needed(block), key, value)),
    'sum',
    null,
    [start],
  ),
);
define(
  hashes,
  'find detect',
  0,
  0,
  (self: RHash, block) =>
    self.pairs().find(([key, value]) => isTrue(yieldPair(needed(block), key, value))) ?? null,
);
define(hashes, 'merge update merge!', 0, 99, (self: RHash, block, ...others) =>
  merge(self.copy(), block, others),
);
define(hashes, 'update merge!', 0, 99, (self: RHash, block, ...others) => merge(self, block, others));

function merge(target: RHash, block: RProc | null, others: Value[]): RHash {
  for (const other of others) {
    for (const [key, value] of hashArgument(other).pairs()) {
      const old = block ? target.find(key) : undefined;
      target.set(key, block && old !== undefined ? block.fn(key, old, value) : value);
    }
  }
  return target;
}

function needed(block: RProc | null): RProc {
  if (!block) throw new Unsupported('this method without a block');
  return block;
}

// ---- changes ----

define(hashes, 'delete', 1, 1, (self: RHash, block, key) => {
  const found = self.remove(key);
  return found !== undefined ? found : block ? block.fn(key) : null;
});
define(hashes, 'clear', 0, 0, (self: RHash) => {
  self.clear();
  return self;
});
define(hashes, 'shift', 0, 0, (self: RHash) => {
  const first = self.pairs()[0];
  if (first === undefined) return null;
  self.remove(first[0]);
  return first;
});
define(hashes, 'replace', 1, 1, (self: RHash, _, other) => {
  const pairs = hashArgument(other).pairs();
  return keep(self, pairs);
});

function keep(self: RHash, pairs: [Value, Value][]): RHash {
  self.clear();
  for (const [key, value] of pairs) self.set(key, value);
  return self;
}
const change = (
  names: string,
  always: boolean,
  make: (self: RHash, block: RProc) => [Value, Value][],
): void => {
  const fn: MethodFunction = (self: RHash, block) => {
    const pairs = make(self, needed(block));
    const same = pairs.length === self.size;
    keep(self, pairs);
    return same && !always ? null : self;
  };
  define(hashes, names, 0, 0, fn);
};
change('select! filter!', false, (self, block) => matching(self, block, true));
change('keep_if', true, (self, block) => matching(self, block, true));
change('reject!', false, (self, block) => matching(self, block, false));
change('delete_if', true, (self, block) => matching(self, block, false));
change('transform_values!', true, (self, block) =>
  self.pairs().map(([key, value]) => [key, block.fn(value)]),
);
change('transform_keys!', true, (self, block) => self.pairs().map(([key, value]) => [block.fn(key), value]));
define(hashes, 'compact!', 0, 0, (self: RHash) => {
  const pairs = self.pairs().filter(([, value]) => value !== null);
  if (pairs.length === self.size) return null;
  return keep(self, pairs);
});

define(classes.hash.statics, 'new', 0, 1, (_self, block, value = null) => {
  const made = new RHash();
  made.default = value instanceof RHash ? unsupported() : value;
  made.defaultProc = block;
  return made;
});
define(classes.hash.statics, '[]', 0, 99, (_self, _, ...args) => {
  if (args.length === 1 && args[0] instanceof RHash) return args[0].copy();
  if (args.length === 1 && Array.isArray(args[0])) return RHash.of(args[0].map(pairOf));
  if (args.length % 2 === 1) throw rubyError('ArgumentError', 'odd number of arguments for Hash');
  const made = new RHash();
  for (let index = 0; index < args.length; index += 2) made.set(args[index], args[index + 1]);
  return made;
});
const unsupported = (): never => {
  throw new Unsupported('options of Hash.new');
};

// ---- Set ----

const sets = classes.set.methods;
define(classes.set.statics, 'new', 0, 1, (_self, block, items = []) => {
  if (block) throw new Unsupported('Set.new with a block');
  return new RSet(RHash.of((items === null ? [] : itemsOf(items)).map((item) => [item, true])));
});
define(
  classes.set.statics,
  '[]',
  0,
  99,
  (_self, _, ...items) => new RSet(RHash.of(items.map((item) => [item, true]))),
);
define(sets, 'include? member? === contain?', 1, 1, (self: RSet, _, value) => self.hash.has(value));
define(sets, 'add <<', 1, 1, (self: RSet, _, value) => {
  self.hash.set(value, true);
  return self;
});
define(sets, 'add?', 1, 1, (self: RSet, _, value) => {
  if (self.hash.has(value)) return null;
  self.hash.set(value, true);
  return self;
});
define(sets, 'delete', 1, 1, (self: RSet, _, value) => {
  self.hash.remove(value);
  return self;
});
define(sets, 'size length count', 0, 0, (self: RSet) => self.hash.size);
define(sets, 'empty?', 0, 0, (self: RSet) => self.hash.size === 0);
define(sets, 'clear', 0, 0, (self: RSet) => {
  self.hash.clear();
  return self;
});
define(sets, 'to_a', 0, 0, (self: RSet) => self.hash.keys());
define(sets, 'each', 0, 0, (self: RSet, block) => {
  for (const key of self.hash.keys()) needed(block).fn(key);
  return self;
});
