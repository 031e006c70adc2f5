/** Regexp and MatchData methods. */
import { classes, define, Unsupported } from './class.ts';
import { equal } from './compare.ts';
import { indexArgument, stringArgument } from './dispatch.ts';
import { charIndex, charOffset, escapeRegexp, last, type RMatch, RRegexp, regexp } from './regexp.ts';
import { inspect, toS } from './text.ts';
import { isNumeric, RHash, RSymbol, type Value } from './values.ts';

const regexps = classes.regexp.methods;
const textOf = (value: Value): string => (value instanceof RSymbol ? value.name : stringArgument(value));

define(regexps, '=~', 1, 1, (self: RRegexp, _, text) => {
  last.match = text === null ? null : self.exec(textOf(text));
  return last.match === null ? null : charIndex(last.match.input, last.match.start);
});
define(regexps, '===', 1, 1, (self: RRegexp, _, text) => {
  last.match = typeof text === 'string' || text instanceof RSymbol ? self.exec(textOf(text)) : null;
  return last.match !== null;
});
define(regexps, 'match', 1, 2, (self: RRegexp, block, text, from = 0) => {
  if (block) throw new Unsupported('match with a block');
  const at = text === null ? undefined : charOffset(textOf(text), indexArgument(from));
  last.match = at === undefined ? null : self.exec(textOf(text), at);
  return last.match;
});
define(regexps, 'match?', 1, 1, (self: RRegexp, _, text) => text !== null && self.test(textOf(text)));
define(regexps, '== eql?', 1, 1, (self, _, other) => equal(self, other));
define(regexps, 'source', 0, 0, (self: RRegexp) => self.source);
define(regexps, 'options', 0, 0, (self: RRegexp) => self.options);
define(regexps, 'names', 0, 0, (self: RRegexp) => [...self.names.keys()]);
define(regexps, 'to_s', 0, 0, (self) => toS(self));
define(regexps, 'inspect', 0, 0, (self) => inspect(self));

const statics = classes.regexp.statics;
define(statics, 'escape quote', 1, 1, (_self, _, text) => escapeRegexp(textOf(text)));
define(statics, 'new compile', 1, 2, (_self, _, source, options = 0) => {
  if (source instanceof RRegexp) return source;
  const flags = options === null || options === false ? 0 : options === true ? 1 : options;
  if (!isNumeric(flags)) throw new Unsupported('these options of an expression');
  return regexp(stringArgument(source), indexArgument(flags) & 7);
});
define(statics, 'union', 0, 99, (_self, _, ...args) => {
  const list = args.length === 1 && Array.isArray(args[0]) ? args[0] : args;
  if (list.length === 1 && list[0] instanceof RRegexp) return list[0];
  return regexp(
    list.map((each) => (each instanceof RRegexp ? toS(each) : escapeRegexp(textOf(each)))).join('|'),
  );
});
define(statics, 'last_match', 0, 1, (_self, _, group) => {
  if (group === undefined || last.match === null) return last.match;
  return groupOf(last.match, group);
});

const matches = classes.match.methods;

function groupOf(self: RMatch, which: Value): Value {
  if (typeof which === 'string') return self.named(which);
  if (which instanceof RSymbol) return self.named(which.name);
  const index = indexArgument(which);
  return self.group(index < 0 ? index + self.size : index);
}

define(matches, '[]', 1, 2, (self: RMatch, _, which, count) => {
  if (count !== undefined || (typeof which === 'object' && !(which instanceof RSymbol)))
    throw new Unsupported('this form of []');
  return groupOf(self, which);
});
define(matches, 'to_a', 0, 0, (self: RMatch) => [self.whole, ...self.captures()]);
define(matches, 'captures', 0, 0, (self: RMatch) => self.captures());
define(matches, 'names', 0, 0, (self: RMatch) => [...self.regexp.names.keys()]);
define(matches, 'named_captures', 0, 1, (self: RMatch, _, options) => {
  if (options !== undefined) throw new Unsupported('options of named_captures');
  return RHash.of([...self.regexp.names.keys()].map((name) => [name, self.named(name)]));
});
define(matches, 'pre_match', 0, 0, (self: RMatch) => self.input.slice(0, self.start));
define(matches, 'post_match', 0, 0, (self: RMatch) => self.input.slice(self.end));
define(matches, 'to_s', 0, 0, (self: RMatch) => self.whole);
define(matches, 'string', 0, 0, (self: RMatch) => self.input);
define(matches, 'size length', 0, 0, (self: RMatch) => self.size);
define(matches, 'inspect', 0, 0, (self: RMatch) => self.inspect());
define(matches, 'values_at', 0, 99, (self: RMatch, _, ...list) => list.map((each) => groupOf(self, each)));
define(matches, 'begin end offset', 1, 1, (self: RMatch, _, which) => {
  if (which !== 0) throw new Unsupported('offsets of groups');
  return charIndex(self.input, self.start);
});
define(matches, 'end', 1, 1, (self: RMatch, _, which) => {
  if (which !== 0) throw new Unsupported('offsets of groups');
  return charIndex(self.input, self.end);
});
define(matches, 'offset', 1, 1, (self: RMatch, _, which) => {
  if (which !== 0) throw new Unsupported('offsets of groups');
  return [charIndex(self.input, self.start), charIndex(self.input, self.end)];
});
