/** String: everything that makes new text or looks at text; what changes text in place is the compiler's business. */
import { rubyCapitalize, rubyStrip } from '../text/ruby-text.ts';
import { classes, define, rubyError, Unsupported } from './class.ts';
import { compareText } from './compare.ts';
import { parseFloatLenient, parseIntegerLenient } from './conversions.ts';
import { indexArgument, kindName, stringArgument, yield1 } from './dispatch.ts';
import { format } from './format.ts';
import { span } from './ranges.ts';
import { charCount, charIndex, charOffset, last, patternOf, RRegexp, regexp } from './regexp.ts';
import { gsub, scan, split, sub } from './string-patterns.ts';
import { charSetOf, translate } from './string-sets.ts';
import { successor } from './successor.ts';
import { inspect } from './text.ts';
import { isNumeric, REnumerator, RHash, RRange, symbol, type Value } from './values.ts';

const strings = classes.string.methods;
const text = stringArgument;
const SURROGATE = /[\ud800-\udfff]/;
/** Beyond this many characters a result is left to CRuby (and its memory). */
const MAX_LENGTH = 100_000_000;

const simple = (names: string, fn: (self: string) => Value): void => define(strings, names, 0, 0, fn);

define(strings, '+', 1, 1, (self: string, _, other) => self + text(other));
define(strings, '*', 1, 1, (self: string, _, count) => {
  const times = indexArgument(count);
  if (times < 0) throw rubyError('ArgumentError', 'argument must be non-negative');
  if (self.length * times > MAX_LENGTH) throw new Unsupported('huge text');
  return self.repeat(times);
});
define(strings, '%', 1, 1, (self: string, _, args) => format(self, Array.isArray(args) ? args : [args]));
define(strings, '== === eql?', 1, 1, (self, _, other) => self === other);
define(strings, '<=>', 1, 1, (self: string, _, other) =>
  typeof other === 'string' ? compareText(self, other) : null,
);
define(strings, '=~', 1, 1, (self: string, _, pattern) => {
  if (!(pattern instanceof RRegexp)) {
    if (typeof pattern === 'string')
      throw rubyError('TypeError', 'wrong argument type String (expected Regexp)');
    return null;
  }
  last.match = pattern.exec(self);
  return last.match === null ? null : charIndex(self, last.match.start);
});
define(strings, 'match', 1, 2, (self: string, block, pattern, from = 0) => {
  if (block) throw new Unsupported('match with a block');
  const at = charOffset(self, indexArgument(from));
  last.match = at === undefined ? null : matcher(pattern).exec(self, at);
  return last.match;
});
define(strings, 'match?', 1, 1, (self: string, _, pattern) => matcher(pattern).test(self));

const matcher = (pattern: Value): RRegexp => (pattern instanceof RRegexp ? pattern : regexp(text(pattern)));

simple('length size', charCount);
simple('bytesize', (self) => Buffer.byteLength(self));
simple('empty?', (self) => self === '');
simple('upcase', (self) => caseSafe(self).toUpperCase());
simple('downcase', (self) => caseSafe(self).toLowerCase());
simple('swapcase', (self) =>
  caseSafe(self).replace(/\p{L}/gu, (char) =>
    char === char.toUpperCase() ? char.toLowerCase() : char.toUpperCase(),
  ),
);
simple('capitalize', (self) => {
  // Some letters have a title case of their own.
  if (/^[ßŉǄ-ǌǱ-ǳ]/.test(self)) throw new Unsupported('capitalize of this letter');
  return rubyCapitalize(caseSafe(self));
});
simple('strip', rubyStrip);
simple('lstrip', (self) => self.slice(/^[\0\t-\r ]*/.exec(self)![0].length));
simple('rstrip', (self) => {
  let end = self.length;
  while (end > 0 && /[\0\t-\r ]/.test(self[end - 1]!)) end--;
  return self.slice(0, end);
});
simple('chop', (self) => (self.endsWith('\r\n') ? self.slice(0, -2) : [...self].slice(0, -1).join('')));
simple('chars', (self) => characters(self));
simple('bytes', (self) => [...Buffer.from(self)]);
simple('codepoints', (self) => [...self].map((char) => char.codePointAt(0)!));
simple('reverse', (self) => characters(self).reverse().join(''));
simple('to_s to_str scrub b itself dup clone +@ -@ freeze', (self) => self);
simple('to_sym intern', (self) => symbol(self));
simple('to_f', parseFloatLenient);
simple('inspect dump', inspect);
simple('ord', (self) => {
  if (self === '') throw rubyError('ArgumentError', 'empty string');
  return self.codePointAt(0)!;
});
simple('hex', (self) => parseIntegerLenient(self, 16));
simple('oct', (self) => {
  const sign = /^\s*[-+]?/.exec(self)![0];
  return parseIntegerLenient(self, /^0[xbd]/i.test(self.slice(sign.length)) ? 0 : 8);
});
simple('succ next', successor);
simple('valid_encoding?', () => true);
simple('ascii_only?', (self) => isAscii(self));
simple('frozen?', () => {
  throw new Unsupported('frozen?');
});

const ASCII = /^[\0-\x7f]*$/;
const isAscii = (self: string): boolean => ASCII.test(self);
const characters = (self: string): string[] => (SURROGATE.test(self) ? [...self] : self.split(''));

/** Letters whose case mapping differs between Ruby and JavaScript are left to CRuby. */
function caseSafe(self: string): string {
  if (!isAscii(self) && /[Σςİıŉǰΐΰև\u1e96-\u1e9e\u1f00-\u1fff\ufb00-\ufb17]|\u0345/.test(self))
    throw new Unsupported('case of these letters');
  return self;
}

define(strings, 'to_i', 0, 1, (self: string, _, base = 10) => {
  const radix = indexArgument(base);
  if (radix < 0 || radix === 1 || radix > 36) throw rubyError('ArgumentError', `invalid radix ${radix}`);
  return parseIntegerLenient(self, radix);
});
define(strings, 'to_c to_r crypt sum hash byteslice', 0, 9, () => {
  throw new Unsupported('this method of String');
});
define(strings, 'encode', 0, 9, (self: string, _, ...args) => {
  // Text is UTF-8 already, and it is valid.
  const names = args.filter((each) => !(each instanceof RHash));
  if (
    names.every((each) => typeof each === 'string' && /^utf-?8$/i.test(each)) &&
    args.every(
      (each) =>
        !(each instanceof RHash) || (!each.has(symbol('universal_newline')) && !each.has(symbol('xml'))),
    )
  )
    return self;
  throw new Unsupported('encode');
});
define(strings, 'force_encoding', 1, 1, (self: string, _, name) => {
  if (typeof name === 'string' && (/^utf-?8$/i.test(name) || (isAscii(self) && !/^utf-?(16|32)/i.test(name))))
    return self;
  throw new Unsupported('force_encoding');
});
define(strings, 'unpack', 1, 1, (self: string, _, template) => {
  if (template === 'C*') return [...Buffer.from(self)];
  if (template === 'U*') return [...self].map((char) => char.codePointAt(0)!);
  if (template === 'H*') return [Buffer.from(self).toString('hex')];
  throw new Unsupported('this form of unpack');
});
define(
  strings,
  'unpack1',
  1,
  1,
  (self: string, _, template) => strings['unpack']!.fn(self, null, template)[0] ?? null,
);
define(strings, 'scrub', 0, 1, (self) => self);
define(strings, 'unicode_normalize', 0, 1, (self: string, _, form = symbol('nfc')) =>
  self.normalize(form.name.toUpperCase()),
);
define(
  strings,
  'getbyte',
  1,
  1,
  (self: string, _, index) => Buffer.from(self).at(indexArgument(index)) ?? null,
);
define(strings, 'to_json', 0, 1, (self: string) => JSON.stringify(self).replace(/\u007f/g, '\x7f'));

define(classes.string.statics, 'new', 0, 2, (_self, _, value = '', options) => {
  if (options !== undefined && !(options instanceof RHash)) throw new Unsupported('this form of String.new');
  return value instanceof RHash ? '' : text(value);
});

// ---- parts ----

define(strings, '[] slice', 1, 2, (self: string, _, what, more) => part(self, what, more));

function part(self: string, what: Value, more: Value | undefined): Value {
  if (isNumeric(what)) {
    const count = more === undefined ? 1 : indexArgument(more);
    const size = charCount(self);
    let start = indexArgument(what);
    if (start < 0) start += size;
    if (start < 0 || start > size || count < 0 || (more === undefined && start === size)) return null;
    return piece(self, start, Math.min(count, size - start));
  }
  if (what instanceof RRange) {
    const found = span(what, charCount(self));
    return found === undefined ? null : piece(self, found.start, found.count);
  }
  if (typeof what === 'string') return self.includes(what) ? what : null;
  if (what instanceof RRegexp) {
    last.match = what.exec(self);
    if (last.match === null) return null;
    if (more === undefined) return last.match.whole;
    return typeof more === 'number'
      ? last.match.group(more)
      : last.match.named(typeof more === 'string' ? more : more.name);
  }
  throw rubyError('TypeError', `no implicit conversion of ${kindName(what)} into Integer`);
}

function piece(self: string, start: number, count: number): string {
  if (!SURROGATE.test(self)) return self.slice(start, start + count);
  const from = charOffset(self, start)!;
  return self.slice(from, charOffset(self, start + count));
}

define(strings, 'chomp', 0, 1, (self: string, _, suffix) => {
  if (suffix === undefined) return self.replace(/(?:\r\n|\n|\r)$/, '');
  if (suffix === null) return self;
  if (suffix === '') return self.replace(/(?:\r?\n)+$/, '');
  if (suffix === '\n') return self.replace(/(?:\r\n|\n|\r)$/, '');
  return self.endsWith(text(suffix)) ? self.slice(0, self.length - suffix.length) : self;
});
define(strings, 'delete_prefix', 1, 1, (self: string, _, prefix) =>
  self.startsWith(text(prefix)) ? self.slice(prefix.length) : self,
);
define(strings, 'delete_suffix', 1, 1, (self: string, _, suffix) =>
  self.endsWith(text(suffix)) ? self.slice(0, self.length - suffix.length) : self,
);
define(strings, 'partition', 1, 1, (self: string, _, separator) => {
  const found = patternOf(separator).exec(self);
  if (separator instanceof RRegexp) last.match = found;
  return found === null ? [self, '', ''] : [self.slice(0, found.start), found.whole, self.slice(found.end)];
});
define(strings, 'rpartition', 1, 1, (self: string, _, separator) => {
  if (separator instanceof RRegexp) throw new Unsupported('rpartition by an expression');
  const at = self.lastIndexOf(text(separator));
  return at < 0 ? ['', '', self] : [self.slice(0, at), separator, self.slice(at + separator.length)];
});
define(strings, 'lines each_line', 0, 2, (self: string, block, ...args) => {
  if (args.length > 1 || (args[0] instanceof RHash && !args[0].has(symbol('chomp'))))
    throw new Unsupported('this form of lines');
  const separator = typeof args[0] === 'string' ? args[0] : '\n';
  if (separator === '') throw new Unsupported('paragraphs');
  const lines: string[] = [];
  for (let from = 0; from < self.length; ) {
    const at = self.indexOf(separator, from);
    const end = at < 0 ? self.length : at + separator.length;
    lines.push(self.slice(from, end));
    from = end;
  }
  const chomp = args[0] instanceof RHash && args[0].find(symbol('chomp')) === true;
  return spread(self, chomp ? lines.map((line) => line.replace(/\r?\n$/, '')) : lines, block);
});

/** Yields every item and answers self, or answers the items. */
function spread(self: string, items: Value[], block: Value): Value {
  if (!block) return items;
  for (const item of items) yield1(block, item);
  return self;
}

define(strings, 'each_char', 0, 0, (self: string, block) =>
  block ? spread(self, characters(self), block) : new REnumerator(characters(self), 'each', self),
);
define(strings, 'each_byte', 0, 0, (self: string, block) =>
  block ? spread(self, [...Buffer.from(self)], block) : new REnumerator([...Buffer.from(self)], 'each', self),
);
define(strings, 'each_line', 0, 0, (self: string, block) => {
  const lines = strings['lines']!.fn(self, null);
  return block ? spread(self, lines, block) : new REnumerator(lines, 'each', self);
});
define(strings, 'upto', 1, 2, () => {
  throw new Unsupported('upto of text');
});

// ---- search ----

define(strings, 'include?', 1, 1, (self: string, _, other) => self.includes(text(other)));
define(strings, 'start_with?', 0, 99, (self: string, _, ...list) =>
  list.some((each) => {
    if (!(each instanceof RRegexp)) return self.startsWith(text(each));
    const found = each.exec(self);
    last.match = found?.start === 0 ? found : null;
    return last.match !== null;
  }),
);
define(strings, 'end_with?', 0, 99, (self: string, _, ...list) =>
  list.some((each) => self.endsWith(text(each))),
);
define(strings, 'index', 1, 2, (self: string, _, what, from = 0) => {
  let start = indexArgument(from);
  if (start < 0) start += charCount(self);
  const offset = start < 0 ? undefined : charOffset(self, start);
  if (offset === undefined) return null;
  if (what instanceof RRegexp) {
    last.match = what.exec(self, offset);
    return last.match === null ? null : charIndex(self, last.match.start);
  }
  const at = self.indexOf(text(what), offset);
  return at < 0 ? null : charIndex(self, at);
});
define(strings, 'rindex', 1, 2, (self: string, _, what, from) => {
  if (typeof what !== 'string' || SURROGATE.test(self)) throw new Unsupported('this form of rindex');
  let start = from === undefined ? self.length : indexArgument(from);
  if (start < 0) start += self.length;
  const at = start < 0 ? -1 : self.lastIndexOf(what, start);
  return at < 0 ? null : at;
});
define(strings, 'casecmp', 1, 1, (self: string, _, other) =>
  typeof other === 'string' ? compareText(asciiLower(self), asciiLower(other)) : failCase(other),
);
define(strings, 'casecmp?', 1, 1, (self: string, _, other) =>
  typeof other === 'string'
    ? caseSafe(self).toLowerCase() === caseSafe(other).toLowerCase()
    : failCase(other),
);
const asciiLower = (value: string): string => value.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
const failCase = (other: Value): null => {
  throw rubyError('TypeError', `no implicit conversion of ${kindName(other)} into String`);
};

// ---- padding ----

function padding(width: number, pad: string): string {
  if (pad === '') throw rubyError('ArgumentError', 'zero width padding');
  if (width > MAX_LENGTH) throw new Unsupported('huge text');
  if (width <= 0) return '';
  const chars = characters(pad);
  let made = '';
  for (let index = 0; index < width; index++) made += chars[index % chars.length];
  return made;
}
define(
  strings,
  'ljust',
  1,
  2,
  (self: string, _, width, pad = ' ') => self + padding(indexArgument(width) - charCount(self), text(pad)),
);
define(
  strings,
  'rjust',
  1,
  2,
  (self: string, _, width, pad = ' ') => padding(indexArgument(width) - charCount(self), text(pad)) + self,
);
define(strings, 'center', 1, 2, (self: string, _, width, pad = ' ') => {
  const fill = indexArgument(width) - charCount(self);
  if (fill <= 0) return self;
  return padding(Math.floor(fill / 2), text(pad)) + self + padding(Math.ceil(fill / 2), text(pad));
});

// ---- sets of characters ----

define(strings, 'count', 1, 9, (self: string, _, ...sets) => {
  const holds = charSetOf(sets.map(text));
  let count = 0;
  for (const char of self) if (holds(char)) count++;
  return count;
});
define(strings, 'delete', 1, 9, (self: string, _, ...sets) => {
  const holds = charSetOf(sets.map(text));
  return characters(self)
    .filter((char) => !holds(char))
    .join('');
});
define(strings, 'squeeze', 0, 9, (self: string, _, ...sets) => {
  const holds = sets.length === 0 ? () => true : charSetOf(sets.map(text));
  let made = '';
  let before = '';
  for (const char of self) {
    if (char !== before || !holds(char)) made += char;
    before = char;
  }
  return made;
});
define(strings, 'tr', 2, 2, (self: string, _, from, to) => translate(self, text(from), text(to), false));
define(strings, 'tr_s', 2, 2, (self: string, _, from, to) => translate(self, text(from), text(to), true));

// ---- expressions ----

define(strings, 'split', 0, 2, (self: string, block, separator = null, limit = 0) => {
  const parts = split(self, separator, indexArgument(limit));
  if (!block) return parts;
  for (const each of parts) yield1(block, each);
  return self;
});
define(strings, 'scan', 1, 1, scan);
define(strings, 'gsub', 1, 2, gsub);
define(strings, 'sub', 1, 2, sub);
