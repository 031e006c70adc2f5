/** Ranges: their elements, what they cover, and what part of a sequence they denote. */

import { numeric } from './arithmetic.ts';
import { classes, define, rubyError, Unsupported } from './class.ts';
import { compare } from './compare.ts';
import { indexArgument, kindName, yield1 } from './dispatch.ts';
import { successor } from './successor.ts';
import { inspect, toS } from './text.ts';
import { double, isInteger, isNumeric, REnumerator, type RRange, type Value } from './values.ts';

/** More elements than this are not made into an array. */
const MAX_ITEMS = 10_000_000;

/** The elements of a range of Integers or text. */
export function rangeItems(from: Value, to: Value, exclusive: boolean): Value[] {
  if (isInteger(from) && (isNumeric(to) || to === null)) {
    if (to === null) throw new Unsupported('an endless range');
    const end = Math.floor(double(to));
    const count = end - double(from) + (exclusive && end === double(to) ? 0 : 1);
    if (count > MAX_ITEMS) throw new Unsupported('a huge range');
    const items: Value[] = [];
    for (let index = 0; index < count; index++)
      items.push(typeof from === 'bigint' ? numeric('+', from, index) : from + index);
    return items;
  }
  if (typeof from === 'string' && typeof to === 'string') {
    const items: Value[] = [];
    if (from.length > to.length || (from.length === to.length && from > to)) return items;
    for (let at = from; at.length <= to.length; at = successor(at)) {
      if (at === to) {
        if (!exclusive) items.push(at);
        break;
      }
      items.push(at);
      if (items.length > 100_000) throw new Unsupported('a huge range');
    }
    return items;
  }
  throw rubyError(
    'TypeError',
    `can't iterate from ${kindName(from === null ? null : from) === 'nil' ? 'NilClass' : kindName(from)}`,
  );
}

/** Does the range cover the value (`===`)? */
function covers(range: RRange, value: Value): boolean {
  if (range.from !== null) {
    const low = compare(range.from, value);
    if (low === undefined || low > 0) return false;
  }
  if (range.to === null) return true;
  const high = compare(value, range.to);
  return high !== undefined && (range.exclusive ? high < 0 : high <= 0);
}

/** Start and length that a range denotes in a sequence of this length; undefined: outside of it. */
export function span(range: RRange, length: number): { start: number; count: number } | undefined {
  let start = range.from === null ? 0 : indexArgument(range.from);
  let end = range.to === null ? -1 : indexArgument(range.to);
  if (start < 0) start += length;
  if (start < 0 || start > length) return undefined;
  if (end < 0) end += length;
  if (!range.exclusive || range.to === null) end++;
  return { start, count: Math.max(0, Math.min(end, length) - start) };
}

const ranges = classes.range.methods;
define(ranges, 'first begin min', 0, 1, (self: RRange, block, count) => {
  if (block) throw new Unsupported('min with a block');
  if (count !== undefined)
    return rangeItems(self.from, self.to, self.exclusive).slice(0, indexArgument(count));
  return self.from;
});
define(ranges, 'end', 0, 0, (self: RRange) => self.to);
define(ranges, 'last', 0, 1, (self: RRange, _, count) => {
  if (count === undefined) return self.to;
  const items = rangeItems(self.from, self.to, self.exclusive);
  return items.slice(Math.max(0, items.length - indexArgument(count)));
});
define(ranges, 'exclude_end?', 0, 0, (self: RRange) => self.exclusive);
define(ranges, 'size count', 0, 1, (self: RRange, block, value) => {
  if (block || value !== undefined || !isInteger(self.from) || !isInteger(self.to))
    throw new Unsupported('this form of count');
  return Math.max(0, double(self.to) - double(self.from) + (self.exclusive ? 0 : 1));
});
define(ranges, '=== cover? include? member?', 1, 1, (self: RRange, _, value) => {
  if (typeof self.from === 'string' && typeof value !== 'string') return false;
  return covers(self, value);
});
define(ranges, 'include? member?', 1, 1, (self: RRange, _, value) => {
  if (typeof self.from === 'string' || typeof self.to === 'string')
    throw new Unsupported('include? of a range of text');
  return covers(self, value);
});
define(ranges, 'to_s', 0, 0, (self) => toS(self));
define(ranges, 'inspect', 0, 0, (self) => inspect(self));
define(ranges, 'each', 0, 0, (self: RRange, block) => {
  if (!block) return new REnumerator(rangeItems(self.from, self.to, self.exclusive), 'each', self);
  if (isInteger(self.from) && self.to === null)
    for (let at = self.from; ; at = numeric('+', at, 1)) yield1(block, at);
  for (const item of rangeItems(self.from, self.to, self.exclusive)) yield1(block, item);
  return self;
});
define(ranges, 'step %', 1, 1, (self: RRange, block, by) => {
  if (!isInteger(self.from) || !isInteger(by) || by <= 0) throw new Unsupported('this form of step');
  const items = rangeItems(self.from, self.to, self.exclusive).filter((_, index) => index % double(by) === 0);
  if (!block) return new REnumerator(items, 'each', self);
  for (const item of items) yield1(block, item);
  return self;
});
