/**
 * Syslog lines by hand: what grok's `<%{POSINT:priority}>%{SYSLOGLINE}` makes of them, for the forms that senders
 * use, with the same result; and RFC 5424. For every other line it says that it does not match, if that is certain,
 * or that grok must be asked.
 */

/** Filled by the parsers; one object is used again for every line. */
export interface SyslogLine {
  priority: number;
  timestamp: string | undefined;
  /** The timestamp is in ISO 8601. */
  iso: boolean;
  host: string | undefined;
  program: string | undefined;
  pid: string | undefined;
  message: string;
  /** RFC 5424 only. */
  version: string | undefined;
  messageId: string | undefined;
  /** As it came: `[id name="value"]…`. */
  structuredData: string | undefined;
}

export type Verdict = 'match' | 'no match' | 'unsure';

export function newSyslogLine(): SyslogLine {
  return {
    priority: 0,
    timestamp: undefined,
    iso: false,
    host: undefined,
    program: undefined,
    pid: undefined,
    message: '',
    version: undefined,
    messageId: undefined,
    structuredData: undefined,
  };
}

const SPACE = 32;
const LESS = 60;
const GREATER = 62;
const COLON = 58;
const DOT = 46;
const COMMA = 44;
const DASH = 45;
const OPEN = 91;
const CLOSE = 93;
const ZERO = 48;

/** Where the pattern could begin to match: a priority and the start of a timestamp. */
const POSSIBLE = /<[1-9][0-9]*>(?:[JFMASONDjfmasond][a-zä]+ +[0-9]|[0-9]{2}(?:[0-9]{2})?-[0-9])/;
const POSSIBLE_HERE = new RegExp(POSSIBLE.source, 'y');

const months = new Set(
  ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'].flatMap((name) => [
    name,
    name.toLowerCase(),
  ]),
);

/** `needsHost`: the legacy pattern, which does not match without a host name; that of ECS does. */
export function parseSyslogLine(text: string, needsHost: boolean, line: SyslogLine): Verdict {
  const verdict = text.charCodeAt(0) === LESS ? parseHere(text, needsHost, line) : 'no match';
  if (verdict !== 'no match') return verdict;
  // Grok looks for the pattern anywhere in the text.
  const other = text.indexOf('<', 1);
  return other > 0 && POSSIBLE.test(text.slice(other)) ? 'unsure' : 'no match';
}

function parseHere(text: string, needsHost: boolean, line: SyslogLine): Verdict {
  let at = 1;
  let priority = 0;
  for (; at <= 4; at++) {
    const digit = text.charCodeAt(at) - ZERO;
    if (!(digit >= 0 && digit <= 9) || (at === 1 && digit === 0)) break;
    priority = priority * 10 + digit;
  }
  if (at === 1 || at > 4 || text.charCodeAt(at) !== GREATER) return possibleHere(text);
  at++;
  const iso = isDigit(text.charCodeAt(at));
  const end = iso ? endOfIso(text, at) : endOfTimestamp(text, at);
  if (end < 0 || text.charCodeAt(end) !== SPACE) return possibleHere(text);
  line.priority = priority;
  line.timestamp = text.slice(at, end);
  line.iso = iso;
  return parseHost(text, end + 1, needsHost, line);
}

/** The strict reading failed: could grok's more liberal one match here? */
function possibleHere(text: string): Verdict {
  POSSIBLE_HERE.lastIndex = 0;
  return POSSIBLE_HERE.test(text) ? 'unsure' : 'no match';
}

function parseHost(text: string, start: number, needsHost: boolean, line: SyslogLine): Verdict {
  line.host = undefined;
  const end = endOfHost(text, start);
  if (end > 0 && text.charCodeAt(end) === SPACE) {
    line.host = text.slice(start, end);
    parseProgram(text, end + 1, line);
    return 'match';
  }
  if (text.charCodeAt(start) === LESS) return 'unsure';
  const space = text.indexOf(' ', start);
  const token = text.slice(start, space < 0 ? text.length : space);
  // Only what has `::` or seven colons can hold an IPv6 address, and only that may go beyond a space.
  if (token.includes('::') || token.split(':', 8).length === 8) return 'unsure';
  if (space >= 0 && /^[0-9A-Za-z.-]+$/.test(token)) return 'unsure';
  if (needsHost) return 'no match';
  parseProgram(text, start, line);
  return 'match';
}

/** `program[pid]: message`, `program: message`, or all of it the message. */
function parseProgram(text: string, start: number, line: SyslogLine): void {
  let at = start;
  for (let code = text.charCodeAt(at); code > SPACE && code < 127 && code !== OPEN && code !== CLOSE; )
    code = text.charCodeAt(++at);
  const next = text.charCodeAt(at);
  line.program = undefined;
  line.pid = undefined;
  if (next === OPEN && at > start) {
    let close = at + 1;
    while (isDigit(text.charCodeAt(close))) close++;
    if (
      close > at + 1 &&
      text.charCodeAt(at + 1) !== ZERO &&
      text.charCodeAt(close) === CLOSE &&
      text.charCodeAt(close + 1) === COLON &&
      text.charCodeAt(close + 2) === SPACE
    ) {
      line.program = text.slice(start, at);
      line.pid = text.slice(at + 1, close);
      line.message = text.slice(close + 3);
      return;
    }
  } else if (next === SPACE && at - start > 1 && text.charCodeAt(at - 1) === COLON) {
    line.program = text.slice(start, at - 1);
    line.message = text.slice(at + 1);
    return;
  }
  line.message = text.slice(start);
}

/** Behind a host name or IPv4 address; -1 for anything else. */
function endOfHost(text: string, start: number): number {
  let at = start;
  let label = 0;
  for (; ; at++) {
    const code = text.charCodeAt(at);
    if (isDigit(code) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122)) label++;
    else if (code === DASH && label > 0) label++;
    else if (code === DOT && label > 0) {
      label = 0;
      // One dot may end the name.
      if (text.charCodeAt(at + 1) === SPACE) return at + 1;
    } else return label > 0 ? at : -1;
    if (label > 63) return -1;
  }
}

/** `Oct  6 15:19:25`, with an optional fraction; -1 for other forms. */
function endOfTimestamp(text: string, start: number): number {
  if (text.charCodeAt(start + 3) !== SPACE || !months.has(text.slice(start, start + 3))) return -1;
  let at = start + 4;
  while (text.charCodeAt(at) === SPACE) at++;
  const day = text.charCodeAt(at + 1) === SPACE ? digit(text, at) : twoDigits(text, at);
  if (!(day >= 1 && day <= 31)) return -1;
  at += text.charCodeAt(at + 1) === SPACE ? 2 : 3;
  return text.charCodeAt(at - 1) === SPACE ? endOfTime(text, at) : -1;
}

/** `2026-11-20T10:00:00.000+01:00`, fraction and zone optional; -1 for other forms. */
function endOfIso(text: string, start: number): number {
  const month = twoDigits(text, start + 5);
  const day = twoDigits(text, start + 8);
  const separator = text.charCodeAt(start + 10);
  if (
    !(twoDigits(text, start) >= 0 && twoDigits(text, start + 2) >= 0 && month >= 1 && month <= 12) ||
    !(day >= 1 && day <= 31) ||
    text.charCodeAt(start + 4) !== DASH ||
    text.charCodeAt(start + 7) !== DASH ||
    (separator !== 84 && separator !== SPACE)
  )
    return -1;
  const end = endOfTime(text, start + 11);
  if (end < 0) return -1;
  const zone = text.charCodeAt(end);
  if (zone === 90) return end + 1;
  if (zone !== 43 && zone !== DASH) return end;
  if (!(twoDigits(text, end + 1) <= 23)) return -1;
  const minutes = text.charCodeAt(end + 3) === COLON ? end + 4 : end + 3;
  return twoDigits(text, minutes) <= 59 ? minutes + 2 : -1;
}

function endOfTime(text: string, start: number): number {
  if (
    !(twoDigits(text, start) <= 23 && twoDigits(text, start + 3) <= 59 && twoDigits(text, start + 6) <= 59) ||
    text.charCodeAt(start + 2) !== COLON ||
    text.charCodeAt(start + 5) !== COLON
  )
    return -1;
  let at = start + 8;
  const point = text.charCodeAt(at);
  if (point !== DOT && point !== COMMA) return at;
  at++;
  if (!isDigit(text.charCodeAt(at))) return -1;
  while (isDigit(text.charCodeAt(at))) at++;
  return at;
}

const isDigit = (code: number): boolean => code >= 48 && code <= 57;

/** NaN unless it is a digit. */
function digit(text: string, at: number): number {
  const value = text.charCodeAt(at) - ZERO;
  return value >= 0 && value <= 9 ? value : Number.NaN;
}

function twoDigits(text: string, at: number): number {
  return digit(text, at) * 10 + digit(text, at + 1);
}

/** RFC 5424, section 6. False: the text is something else. */
export function parseRfc5424(text: string, line: SyslogLine): boolean {
  // Most lines are of RFC 3164; this is cheaper than finding out by the expression.
  const close = text.charCodeAt(2) === GREATER ? 2 : text.charCodeAt(3) === GREATER ? 3 : 4;
  if (!isDigit(text.charCodeAt(close + 1))) return false;
  const match = HEADER.exec(text);
  if (!match) return false;
  const [header, priority, version, timestamp, host, program, pid, messageId] = match as unknown as string[];
  let at = header!.length;
  const start = at;
  if (text.charCodeAt(at) === DASH) at++;
  else {
    while (text.charCodeAt(at) === OPEN) {
      at = endOfElement(text, at);
      if (at < 0) return false;
    }
  }
  if (at < text.length && text.charCodeAt(at) !== SPACE) return false;
  line.priority = Number(priority);
  line.version = version!;
  line.timestamp = present(timestamp!);
  line.iso = true;
  line.host = present(host!);
  line.program = present(program!);
  line.pid = present(pid!);
  line.messageId = present(messageId!);
  line.structuredData = at > start ? present(text.slice(start, at)) : undefined;
  // The byte order mark says that the message is UTF-8.
  line.message = text.slice(text.charCodeAt(at + 1) === 0xfeff ? at + 2 : at + 1);
  return true;
}

const HEADER =
  /^<(\d{1,3})>([1-9]\d{0,2}) +(-|\d{4}-\d\d-\d\dT[^ ]{5,30}) +([^ ]{1,255}) +([^ ]{1,255}) +([^ ]{1,255}) +([^ ]{1,255})(?: +|$)/;

const present = (text: string): string | undefined => (text === '-' ? undefined : text);

/** Behind `[id name="value" …]`, in which `\` escapes; -1 when it does not end. */
function endOfElement(text: string, start: number): number {
  let quoted = false;
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (quoted && code === 92) at++;
    else if (code === 34) quoted = !quoted;
    else if (code === CLOSE && !quoted) return at + 1;
  }
  return -1;
}
