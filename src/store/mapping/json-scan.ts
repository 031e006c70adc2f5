/** Steps over the parts of a JSON text in UTF-8, and checks them (RFC 8259). Nothing is made of what is stepped over. */

/** What is wrong with a text, as the end of a sentence that begins with "the document". */
export class MalformedJson extends Error {
  /** Where, in bytes. */
  readonly at: number;

  constructor(at: number, message: string) {
    super(message);
    this.at = at;
  }
}

/** Nesting beyond which a text is malformed. */
export const MAX_DEPTH = 1000;

/** 0: nothing special within a string, 1: not ASCII, 2: ends it or must be looked at. */
const inString = new Uint8Array(256);
inString.fill(2, 0, 0x20);
inString.fill(1, 0x80);
inString[0x22] = 2;
inString[0x5c] = 2;

let flags = 0;
let whole = true;

/** Of the string that `stringEnd` went over: 1 it has escapes, 2 it is not ASCII, 4 it has escapes of surrogates or NUL. */
export const stringFlags = (): number => flags;
/** The number that `numberEnd` went over has neither fraction nor exponent. */
export const numberIsWhole = (): boolean => whole;

/** Where the first byte stands that is no white space. */
export function space(bytes: Uint8Array, from: number): number {
  let at = from;
  for (;;) {
    const byte = bytes[at];
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return at;
    at++;
  }
}

/** From behind the opening quote to the closing one. */
export function stringEnd(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  let seen = 0;
  for (;;) {
    let kind = inString[bytes[at]!];
    while (kind === 0) kind = inString[bytes[++at]!];
    if (kind === 1) {
      seen |= 2;
      at++;
      continue;
    }
    if (at >= end) throw new MalformedJson(end, 'ends within a string');
    const byte = bytes[at];
    if (byte === 0x22) {
      flags = seen;
      return at;
    }
    if (byte !== 0x5c) throw new MalformedJson(at, 'has a control character in a string');
    seen |= 1;
    const escaped = bytes[at + 1];
    if (escaped !== 0x75) {
      if (!isEscape(escaped)) throw new MalformedJson(at, 'has an unknown escape in a string');
      at += 2;
      continue;
    }
    for (let digit = at + 2; digit < at + 6; digit++) {
      if (!isHex(bytes[digit])) throw new MalformedJson(at, 'has an unknown escape in a string');
    }
    const high = bytes[at + 2]!;
    if (high === 0x64 || high === 0x44 || (high === 0x30 && bytes[at + 3] === 0x30)) seen |= 4;
    at += 6;
  }
}

/** `" \ / b f n r t` */
const isEscape = (byte: number | undefined): boolean =>
  byte === 0x22 ||
  byte === 0x5c ||
  byte === 0x2f ||
  byte === 0x62 ||
  byte === 0x66 ||
  byte === 0x6e ||
  byte === 0x72 ||
  byte === 0x74;

const isHex = (byte: number | undefined): boolean =>
  byte !== undefined &&
  ((byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x46) || (byte >= 0x61 && byte <= 0x66));

const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= 0x30 && byte <= 0x39;

/** From a number's first byte to behind its last. */
export function numberEnd(bytes: Uint8Array, from: number, end: number): number {
  let at = bytes[from] === 0x2d ? from + 1 : from;
  whole = true;
  if (bytes[at] === 0x30) at++;
  else at = digits(bytes, at);
  if (bytes[at] === 0x2e) {
    whole = false;
    at = digits(bytes, at + 1);
  }
  if (bytes[at] === 0x65 || bytes[at] === 0x45) {
    whole = false;
    at++;
    if (bytes[at] === 0x2b || bytes[at] === 0x2d) at++;
    at = digits(bytes, at);
  }
  if (at > end) throw new MalformedJson(end, 'ends within a number');
  return at;
}

function digits(bytes: Uint8Array, from: number): number {
  let at = from;
  while (isDigit(bytes[at])) at++;
  if (at === from) throw new MalformedJson(at, 'has something that is no value');
  return at;
}

/** From a value's first byte to behind its last. `depth`: of what is around it. */
export function skipValue(bytes: Uint8Array, from: number, end: number, depth: number): number {
  switch (bytes[from]) {
    case 0x22:
      return stringEnd(bytes, from + 1, end) + 1;
    case 0x7b:
      return skipMembers(bytes, from + 1, end, depth + 1, 0x7d);
    case 0x5b:
      return skipMembers(bytes, from + 1, end, depth + 1, 0x5d);
    case 0x74:
      return word(bytes, from, end, 'true');
    case 0x66:
      return word(bytes, from, end, 'false');
    case 0x6e:
      return word(bytes, from, end, 'null');
  }
  return numberEnd(bytes, from, end);
}

function word(bytes: Uint8Array, from: number, end: number, expected: string): number {
  const to = from + expected.length;
  for (let at = from; at < to; at++) {
    if (at >= end || bytes[at] !== expected.charCodeAt(at - from)) {
      throw new MalformedJson(at, 'has something that is no value');
    }
  }
  return to;
}

/** Behind `{` or `[`; answers behind the `close` that belongs to it. */
function skipMembers(bytes: Uint8Array, from: number, end: number, depth: number, close: number): number {
  if (depth > MAX_DEPTH) throw new MalformedJson(from, 'is nested too deeply');
  let at = space(bytes, from);
  if (bytes[at] === close && at < end) return at + 1;
  for (;;) {
    if (close === 0x7d) {
      if (bytes[at] !== 0x22) {
        throw new MalformedJson(at, 'has no name of a field where there should be one');
      }
      at = space(bytes, stringEnd(bytes, at + 1, end) + 1);
      if (bytes[at] !== 0x3a) throw new MalformedJson(at, 'has no colon behind a name');
      at = space(bytes, at + 1);
    }
    at = space(bytes, skipValue(bytes, at, end, depth));
    if (bytes[at] === 0x2c) at = space(bytes, at + 1);
    else if (bytes[at] === close && at < end) return at + 1;
    else throw new MalformedJson(at, 'has neither a comma nor an end behind a value');
  }
}

/** The text between two offsets; what is no UTF-8 is replaced. */
export const textOf = (bytes: Buffer, from: number, to: number): string =>
  to - from < 24 ? shortText(bytes, from, to) : bytes.utf8Slice(from, to);

const codes: number[] = [];

/** A call into V8's C++ costs more than a short ASCII text takes. */
function shortText(bytes: Buffer, from: number, to: number): string {
  codes.length = to - from;
  for (let at = from; at < to; at++) {
    const byte = bytes[at]!;
    if (byte >= 0x80) return bytes.utf8Slice(from, to);
    codes[at - from] = byte;
  }
  return String.fromCharCode.apply(null, codes);
}
