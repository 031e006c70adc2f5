/** JSON of compiled Ruby: Floats stay Floats, keys keep their order, big Integers are exact. */
import { classes, define, RClass, rubyError, Unsupported } from './class.ts';
import { classOf, kindName, send, stringArgument } from './dispatch.ts';
import { REvent } from './event-object.ts';
import { toS } from './text.ts';
import {
  double,
  float,
  floatText,
  integer,
  isFloat,
  isInteger,
  RFloat,
  RHash,
  RSymbol,
  RTimestamp,
  symbol,
  type Value,
} from './values.ts';

/** Nesting that JSON of Ruby takes unless told otherwise. */
const MAX_NESTING = 100;

/** `JSON.generate`. @throws RubyError JSON::GeneratorError, JSON::NestingError */
export function generate(value: Value, indent = '', depth = 0): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (value === null || typeof value === 'boolean') return String(value);
  if (isInteger(value)) return String(value);
  if (isFloat(value)) {
    if (value instanceof RFloat && value.raw) return value.raw.rawJSON;
    const number = double(value);
    if (!Number.isFinite(number))
      throw rubyError('JSON::GeneratorError', `${floatText(number)} not allowed in JSON`);
    return floatText(number);
  }
  if (depth >= MAX_NESTING && (Array.isArray(value) || value instanceof RHash))
    throw new Unsupported('deep JSON');
  const pad = indent && `\n${indent.repeat(depth + 1)}`;
  const end = indent && `\n${indent.repeat(depth)}`;
  if (Array.isArray(value)) {
    if (value.length === 0) return '[]';
    return `[${value.map((item) => pad + generate(item, indent, depth + 1)).join(',')}${end}]`;
  }
  if (value instanceof RHash) {
    if (value.size === 0) return '{}';
    const colon = indent ? ': ' : ':';
    const parts = value
      .pairs()
      .map(([key, inner]) => pad + JSON.stringify(toS(key)) + colon + generate(inner, indent, depth + 1));
    return `{${parts.join(',')}${end}}`;
  }
  if (value instanceof RSymbol) return JSON.stringify(value.name);
  if (value instanceof RTimestamp || value instanceof REvent) return send(value, 'to_json', null, []);
  if (classOf(value) === classes.time || value instanceof RClass) return JSON.stringify(toS(value));
  throw new Unsupported(`JSON of ${kindName(value)}`);
}

class Reader {
  readonly #text: string;
  readonly #symbols: boolean;
  readonly #limit: number;
  #at = 0;
  /** Where the outermost object up to the next array begins: errors in objects are told from there. */
  #objectStart = -1;
  constructor(text: string, symbols: boolean, limit: number) {
    this.#text = text;
    this.#symbols = symbols;
    this.#limit = limit;
  }

  document(): Value {
    this.#space();
    const value = this.#value(1);
    this.#space();
    if (this.#at < this.#text.length) this.#fail();
    return value;
  }

  #fail(): never {
    if (/^\/[/*]/.test(this.#text.slice(this.#at, this.#at + 2))) throw new Unsupported('JSON with comments');
    const from = this.#objectStart >= 0 ? this.#objectStart : this.#at;
    throw rubyError('JSON::ParserError', `unexpected token at '${this.#text.slice(from)}'`);
  }

  #space(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== 32 && code !== 10 && code !== 13 && code !== 9) return;
      this.#at++;
    }
  }

  #value(depth: number): Value {
    const char = this.#text[this.#at];
    switch (char) {
      case '"':
        return this.#string();
      case '{':
        return this.#object(depth);
      case '[':
        return this.#array(depth);
      case 't':
        return this.#word('true', true);
      case 'f':
        return this.#word('false', false);
      case 'n':
        return this.#word('null', null);
      default:
        return this.#number();
    }
  }

  #word(word: string, value: Value): Value {
    if (!this.#text.startsWith(word, this.#at)) this.#fail();
    this.#at += word.length;
    return value;
  }

  #number(): Value {
    const pattern = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?/y;
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found === null) this.#fail();
    this.#at += found[0].length;
    if (/[\d.]/.test(this.#text[this.#at] ?? '')) this.#fail();
    if (found[1] !== undefined || found[2] !== undefined) return float(Number(found[0]));
    return integer(found[0].length < 16 ? Number(found[0]) : BigInt(found[0]));
  }

  #string(): string {
    const start = this.#at;
    let at = start + 1;
    for (;;) {
      const code = this.#text.charCodeAt(at);
      if (code === 34) break;
      if (Number.isNaN(code) || code < 32) this.#fail();
      at += code === 92 ? 2 : 1;
    }
    const source = this.#text.slice(start, at + 1);
    this.#at = at + 1;
    if (!source.includes('\\')) return source.slice(1, -1);
    try {
      return JSON.parse(source).toWellFormed();
    } catch {
      throw new Unsupported('an odd escape in JSON');
    }
  }

  #deeper(depth: number): void {
    if (depth > this.#limit) throw rubyError('JSON::ParserError', `nesting of ${depth} is too deep`);
    if (depth > 5000) throw new Unsupported('deep JSON');
  }

  #array(depth: number): Value[] {
    this.#deeper(depth);
    const list: Value[] = [];
    const outer = this.#objectStart;
    this.#objectStart = -1;
    this.#at++;
    this.#space();
    if (this.#text[this.#at] === ']') {
      this.#objectStart = outer;
      this.#at++;
      return list;
    }
    for (;;) {
      this.#space();
      list.push(this.#value(depth + 1));
      this.#space();
      const char = this.#text[this.#at++];
      if (char === ']') {
        this.#objectStart = outer;
        return list;
      }
      if (char !== ',') {
        this.#at--;
        this.#fail();
      }
    }
  }

  #object(depth: number): RHash {
    this.#deeper(depth);
    const hash = new RHash();
    const outer = this.#objectStart;
    if (outer < 0) this.#objectStart = this.#at;
    this.#at++;
    this.#space();
    if (this.#text[this.#at] === '}') {
      this.#objectStart = outer;
      this.#at++;
      return hash;
    }
    for (;;) {
      this.#space();
      if (this.#text[this.#at] !== '"') this.#fail();
      const name = this.#string();
      this.#space();
      if (this.#text[this.#at] !== ':') this.#fail();
      this.#at++;
      this.#space();
      hash.set(this.#symbols ? symbol(name) : name, this.#value(depth + 1));
      this.#space();
      const char = this.#text[this.#at++];
      if (char === '}') {
        this.#objectStart = outer;
        return hash;
      }
      if (char !== ',') {
        this.#at--;
        this.#fail();
      }
    }
  }
}

/** `JSON.parse`. @throws RubyError JSON::ParserError */
export function parseJsonText(text: string, symbols: boolean, limit: number): Value {
  return new Reader(text, symbols, limit).document();
}

function parse(text: Value, options: Value): Value {
  if (text === null) throw rubyError('TypeError', 'no implicit conversion of nil into String');
  let symbols = false;
  let limit = MAX_NESTING;
  if (options instanceof RHash) {
    for (const [key, value] of options.pairs()) {
      const name = toS(key);
      if (name === 'symbolize_names') symbols = value === true;
      else if (name === 'max_nesting')
        limit = value === false || value === 0 ? Number.POSITIVE_INFINITY : double(value);
      else throw new Unsupported(`option ${name} of JSON.parse`);
    }
  }
  return parseJsonText(stringArgument(text), symbols, limit);
}

const json = classes.json.statics;
define(json, 'parse', 1, 2, (_self, _, text, options = null) => parse(text, options));
define(json, 'generate', 1, 2, (_self, _, value, options) => {
  if (options !== undefined) throw new Unsupported('options of JSON.generate');
  return generate(value);
});
define(json, 'dump', 1, 1, (_self, _, value) => generate(value));
define(json, 'pretty_generate', 1, 1, (_self, _, value) => generate(value, '  '));
define(classes.logstashJson.statics, 'load jruby_load', 1, 2, (_self, _, text) => parse(text, null));
define(classes.logstashJson.statics, 'dump jruby_dump', 1, 2, (_self, _, value) => generate(value));
for (const rclass of [
  classes.nil,
  classes.true,
  classes.false,
  classes.array,
  classes.hash,
  classes.symbol,
]) {
  define(rclass.methods, 'to_json', 0, 1, (self, _, state) => {
    if (state !== undefined) throw new Unsupported('to_json with a state');
    return generate(self);
  });
}
