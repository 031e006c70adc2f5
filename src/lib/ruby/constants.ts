/** Constants of Ruby and Logstash that compiled code may name. */
import { classes, errorClasses, type RClass } from './class.ts';
import { cgi, digests, hmac } from './libraries.ts';
import { EXTENDED, IGNORE_CASE, MULTI_LINE } from './regexp.ts';
import { float, RHash, type Value } from './values.ts';

const named: Record<string, RClass> = {
  Object: classes.object,
  NilClass: classes.nil,
  TrueClass: classes.true,
  FalseClass: classes.false,
  Numeric: classes.numeric,
  Integer: classes.integer,
  Float: classes.float,
  String: classes.string,
  Symbol: classes.symbol,
  Array: classes.array,
  Hash: classes.hash,
  Set: classes.set,
  Range: classes.range,
  Regexp: classes.regexp,
  MatchData: classes.match,
  Time: classes.time,
  Proc: classes.proc,
  Comparable: classes.comparable,
  Enumerable: classes.enumerable,
  Kernel: classes.kernel,
  Math: classes.math,
  JSON: classes.json,
  Base64: classes.base64,
  SecureRandom: classes.secureRandom,
  URI: classes.uri,
  CGI: cgi,
  Process: classes.process,
  'OpenSSL::HMAC': hmac,
  'LogStash::Event': classes.event,
  'LogStash::Timestamp': classes.timestamp,
  'LogStash::Json': classes.logstashJson,
  ...errorClasses,
};
for (const [name, rclass] of Object.entries(digests)) named[`Digest::${name}`] = rclass;

const values: Readonly<Record<string, Value>> = {
  'Float::INFINITY': Number.POSITIVE_INFINITY,
  'Float::NAN': Number.NaN,
  'Float::MAX': float(Number.MAX_VALUE),
  'Float::MIN': 2.2250738585072014e-308,
  'Float::EPSILON': Number.EPSILON,
  'Regexp::IGNORECASE': IGNORE_CASE,
  'Regexp::EXTENDED': EXTENDED,
  'Regexp::MULTILINE': MULTI_LINE,
};

/** The value of a constant by its full name, or undefined. */
export function constantOf(name: string): Value | undefined {
  if (Object.hasOwn(named, name)) return named[name];
  if (Object.hasOwn(values, name)) return values[name];
  if (name === 'ENV') return RHash.of(Object.entries(process.env));
  const at = name.lastIndexOf('::');
  return at < 0 ? undefined : named[name.slice(0, at)]?.constants.get(name.slice(at + 2));
}
