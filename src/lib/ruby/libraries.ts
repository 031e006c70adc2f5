/** What scripts take from Ruby's standard library: Base64, Digest, SecureRandom, URI, CGI, Math, Process. */
import { createHash, createHmac, randomBytes, randomUUID } from 'node:crypto';
import { classes, define, RClass, rubyError, Unsupported } from './class.ts';
import { indexArgument, kindName, stringArgument } from './dispatch.ts';
import { toS } from './text.ts';
import { double, float, isNumeric, RHash, type Value } from './values.ts';

/** Bytes as text, if they are UTF-8 in both worlds. */
function binary(bytes: Buffer): string {
  for (const byte of bytes) if (byte > 127) throw new Unsupported('binary text');
  return bytes.toString('latin1');
}

const base64 = classes.base64.statics;
const encoded = (text: Value): string => Buffer.from(stringArgument(text)).toString('base64');
define(base64, 'strict_encode64', 1, 1, (_self, _, text) => encoded(text));
define(base64, 'encode64', 1, 1, (_self, _, text) => encoded(text).replace(/.{1,60}/g, '$&\n'));
define(base64, 'urlsafe_encode64', 1, 2, (_self, _, text, options) => {
  const made = encoded(text).replaceAll('+', '-').replaceAll('/', '_');
  return options instanceof RHash &&
    options.pairs().some(([key, value]) => toS(key) === 'padding' && value === false)
    ? made.replace(/=+$/, '')
    : made;
});
define(base64, 'decode64', 1, 1, (_self, _, text) => {
  if (!/^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(stringArgument(text))) throw new Unsupported('odd base64');
  return binary(Buffer.from(text, 'base64'));
});
define(base64, 'strict_decode64', 1, 1, (_self, _, text) => strictBase64(stringArgument(text)));
define(base64, 'urlsafe_decode64', 1, 1, (_self, _, text) => {
  const plain = stringArgument(text).replaceAll('-', '+').replaceAll('_', '/').replace(/=+$/, '');
  return strictBase64(plain.padEnd(Math.ceil(plain.length / 4) * 4, '='));
});
function strictBase64(text: string): string {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text))
    throw rubyError('ArgumentError', 'invalid base64');
  const bytes = Buffer.from(text, 'base64');
  if (bytes.toString('base64') !== text) throw rubyError('ArgumentError', 'invalid base64');
  return binary(bytes);
}

/** Digests by the names of their classes. */
export const digests: Readonly<Record<string, RClass>> = Object.fromEntries(
  ['MD5', 'SHA1', 'SHA256', 'SHA384', 'SHA512'].map((name) => {
    const rclass = new RClass(`Digest::${name}`, classes.object);
    const hash = (text: Value) => createHash(name.toLowerCase()).update(stringArgument(text));
    define(rclass.statics, 'hexdigest', 1, 1, (_self, _, text) => hash(text).digest('hex'));
    define(rclass.statics, 'base64digest', 1, 1, (_self, _, text) => hash(text).digest('base64'));
    return [name, rclass];
  }),
);

export const hmac = new RClass('OpenSSL::HMAC', classes.object);
define(hmac.statics, 'hexdigest', 3, 3, (_self, _, digest, key, data) => {
  if (typeof digest !== 'string' || !/^(md5|sha1|sha256|sha384|sha512)$/i.test(digest))
    throw new Unsupported('this digest');
  return createHmac(digest.toLowerCase(), stringArgument(key)).update(stringArgument(data)).digest('hex');
});

const random = classes.secureRandom.statics;
define(random, 'uuid', 0, 0, () => randomUUID());
define(random, 'hex', 0, 1, (_self, _, count = 16) => randomBytes(indexArgument(count)).toString('hex'));
define(random, 'random_number rand', 0, 1, (_self, _, limit = 0) => randomNumber(limit));

/** `rand`: a Float below 1, or an Integer below the limit. */
export function randomNumber(limit: Value): Value {
  if (limit === null || limit === 0) return float(Math.random());
  if (!isNumeric(limit)) throw new Unsupported('this form of rand');
  const bound = Math.trunc(Math.abs(double(limit)));
  return bound === 0 ? float(Math.random()) : Math.floor(Math.random() * bound);
}

const uri = classes.uri.statics;
const formEscape = (text: Value): string =>
  encodeURIComponent(toS(text))
    .replace(/[!'()~]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+');
define(uri, 'encode_www_form_component', 1, 1, (_self, _, text) => formEscape(text));
define(uri, 'decode_www_form_component', 1, 1, (_self, _, text) => {
  if (/%(?![0-9a-f]{2})/i.test(stringArgument(text)))
    throw rubyError('ArgumentError', `invalid %-encoding (${text})`);
  return percentDecoded(text.replaceAll('+', ' '));
});
function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new Unsupported('percent-encoding that is no UTF-8');
  }
}

export const cgi = new RClass('CGI', classes.object);
define(cgi.statics, 'escape', 1, 1, (_self, _, text) =>
  formEscape(stringArgument(text)).replaceAll('%7E', '~'),
);
define(cgi.statics, 'unescape', 1, 1, (_self, _, text) => {
  if (/%(?![0-9a-f]{2})/i.test(stringArgument(text))) throw new Unsupported('odd percent-encoding');
  return percentDecoded(text.replaceAll('+', ' '));
});

const math = classes.math.statics;
classes.math.constants.set('PI', Math.PI).set('E', Math.E);
function real(value: Value): number {
  if (!isNumeric(value)) throw rubyError('TypeError', `can't convert ${kindName(value)} into Float`);
  return double(value);
}
function domain(value: number, valid: boolean, name: string): number {
  if (!valid) throw new Unsupported(`${name} outside of its domain`);
  return value;
}
for (const name of ['sin', 'cos', 'tan', 'atan', 'exp', 'sinh', 'cosh', 'tanh', 'cbrt', 'asinh'] as const)
  define(math, name, 1, 1, (_self, _, value) => float(Math[name](real(value))));
for (const name of ['asin', 'acos'] as const)
  define(math, name, 1, 1, (_self, _, value) =>
    float(Math[name](domain(real(value), Math.abs(real(value)) <= 1, name))),
  );
define(math, 'sqrt', 1, 1, (_self, _, value) =>
  float(Math.sqrt(domain(real(value), real(value) >= 0, 'sqrt'))),
);
define(math, 'log2', 1, 1, (_self, _, value) =>
  float(Math.log2(domain(real(value), real(value) >= 0, 'log2'))),
);
define(math, 'log10', 1, 1, (_self, _, value) =>
  float(Math.log10(domain(real(value), real(value) >= 0, 'log10'))),
);
define(math, 'log', 1, 2, (_self, _, value, base) => {
  const natural = Math.log(domain(real(value), real(value) >= 0, 'log'));
  return float(base === undefined ? natural : natural / Math.log(real(base)));
});
define(math, 'atan2', 2, 2, (_self, _, y, x) => float(Math.atan2(real(y), real(x))));
define(math, 'hypot', 2, 2, (_self, _, a, b) => float(Math.hypot(real(a), real(b))));
define(math, 'pow', 2, 2, (_self, _, a, b) => float(real(a) ** real(b)));

classes.process.constants.set('CLOCK_MONOTONIC', 1).set('CLOCK_REALTIME', 0);
define(classes.process.statics, 'clock_gettime', 1, 1, (_self, _, clock) =>
  float((clock === 0 ? Date.now() : performance.now()) / 1000),
);
define(classes.process.statics, 'pid', 0, 0, () => process.pid);
