/**
 * Character encodings under the names that Ruby has for them (`Encoding.name_list`), as configs write them, and
 * their conversion to text. Names are taken in any case; `-` and `_` do not matter.
 */
import { isUtf8 } from 'node:buffer';
import iconv from 'iconv-lite';
import { ebcdic037 } from './ebcdic-037.ts';

/** Ruby's names → iconv-lite's (`UTF-8` and `BINARY` as they are; two encodings that iconv-lite has not). */
const byName: Readonly<Record<string, string>> = {
  'UTF-8':
    'UTF-8 CP65001 UTF8-MAC UTF-8-MAC UTF-8-HFS UTF8-DoCoMo UTF8-KDDI UTF8-SoftBank locale external filesystem',
  BINARY: 'BINARY ASCII-8BIT',
  ascii: 'US-ASCII ASCII ANSI_X3.4-1968 646',
  cesu8: 'CESU-8',
  'utf-7': 'UTF-7 CP65000',
  'utf-16': 'UTF-16',
  'utf-16le': 'UTF-16LE',
  'utf-16be': 'UTF-16BE UCS-2BE',
  'utf-32': 'UTF-32',
  'utf-32le': 'UTF-32LE UCS-4LE',
  'utf-32be': 'UTF-32BE UCS-4BE',
  big5: 'Big5 CP950',
  'big5-hkscs': 'Big5-HKSCS Big5-HKSCS:2008 CP951',
  gb2312: 'GB2312 EUC-CN eucCN',
  gbk: 'GBK CP936',
  gb18030: 'GB18030',
  cp949: 'CP949',
  'euc-kr': 'EUC-KR eucKR',
  'euc-jp': 'EUC-JP eucJP eucJP-ms CP51932 EUC-JIS-2004 EUC-JISX0213',
  cp932:
    'Windows-31J CP932 csWindows31J PCK SJIS Shift_JIS MacJapanese MacJapan SJIS-DoCoMo SJIS-KDDI SJIS-SoftBank',
  'iso-2022-jp': 'ISO-2022-JP ISO2022-JP ISO-2022-JP-2 ISO2022-JP2 CP50220 CP50221 ISO-2022-JP-KDDI',
  ebcdic037: 'IBM037 ebcdic-cp-us',
  'koi8-r': 'KOI8-R CP878',
  'koi8-u': 'KOI8-U',
  'tis-620': 'TIS-620',
  'windows-874': 'Windows-874 CP874',
  macroman: 'macRoman',
  macromania: 'macRomania',
  maccroatian: 'macCroatian',
  maccyrillic: 'macCyrillic',
  macgreek: 'macGreek',
  maciceland: 'macIceland',
  macthai: 'macThai',
  macturkish: 'macTurkish',
  macukraine: 'macUkraine',
  maccenteuro: 'macCentEuro',
};
const isoParts = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 16];
const windowsPages = [1250, 1251, 1252, 1253, 1254, 1255, 1256, 1257, 1258];
const dosPages = [437, 720, 737, 775, 850, 852, 855, 857, 860, 861, 862, 863, 864, 865, 866, 869];

/** Names that Ruby has and nothing here converts. */
const unsupported = [
  'Emacs-Mule',
  'EUC-TW',
  'eucTW',
  'Big5-UAO',
  'GB12345',
  'stateless-ISO-2022-JP',
  'stateless-ISO-2022-JP-KDDI',
];

const plain = (name: string): string => name.toLowerCase().replace(/[-_]/g, '');

/** Every name that `charset` options take. */
const charsetNames: readonly string[] = [
  ...Object.values(byName).flatMap((names) => names.split(' ')),
  ...isoParts.flatMap((part) => [`ISO-8859-${part}`, `ISO8859-${part}`]),
  ...windowsPages.flatMap((page) => [`Windows-${page}`, `CP${page}`]),
  ...dosPages.flatMap((page) => [`IBM${page}`, `CP${page}`]),
];

const encodings = new Map<string, string>();
for (const [encoding, names] of Object.entries(byName)) {
  encodings.set(plain(encoding), encoding);
  for (const name of names.split(' ')) encodings.set(plain(name), encoding);
}
for (const part of isoParts) encodings.set(`iso8859${part}`, `iso-8859-${part}`);
for (const page of windowsPages) {
  encodings.set(`windows${page}`, `cp${page}`);
  encodings.set(`cp${page}`, `cp${page}`);
}
for (const page of dosPages) {
  encodings.set(`ibm${page}`, `cp${page}`);
  encodings.set(`cp${page}`, `cp${page}`);
}

/**
 * The encoding that a name denotes: `UTF-8`, `BINARY`, or a name for `decodeCharset`. A name that this function
 * returned stands for itself. Undefined when there is no such encoding.
 */
export function encodingFor(name: string): string | undefined {
  return encodings.get(plain(name));
}

/** Encodings that iconv-lite does not have. */
const own: Readonly<Record<string, (bytes: Buffer) => string>> = {
  'iso-2022-jp': (bytes) => new TextDecoder('iso-2022-jp').decode(bytes),
  ebcdic037: (bytes) => {
    let text = '';
    for (const byte of bytes) text += ebcdic037[byte];
    return text;
  },
};

/** Can iconv-lite (and so the record decoder) convert it? Otherwise `decodeCharset` must be used. */
export const isIconvEncoding = (encoding: string): boolean => own[encoding] === undefined;

/** Converts bytes in an encoding that `encodingFor` returned; invalid bytes become U+FFFD. Never throws. */
export function decodeCharset(bytes: Buffer, encoding: string): string {
  if (encoding === 'UTF-8' || encoding === 'BINARY') {
    return isUtf8(bytes) ? bytes.utf8Slice(0, bytes.length) : bytes.toString('utf8');
  }
  const decode = own[encoding];
  return decode ? decode(bytes) : iconv.decode(bytes, encoding, { stripBOM: false });
}

/**
 * A stream delimiter in the bytes of an encoding, as text whose UTF-8 bytes they are (UTF-16 and UTF-32 have
 * zero bytes beside ASCII characters).
 */
export function delimiterIn(delimiter: string, encoding: string): string {
  const match = /^utf-(16|32)(le|be)?$/.exec(encoding);
  if (!match) return delimiter;
  const zeros = '\0'.repeat(match[1] === '16' ? 1 : 3);
  return [...delimiter].map((char) => (match[2] === 'be' ? zeros + char : char + zeros)).join('');
}

/** What is wrong with a charset name, or undefined. */
export function charsetProblem(name: string): { message: string; hint?: string } | undefined {
  if (encodingFor(name)) return undefined;
  if (unsupported.some((other) => plain(other) === plain(name))) {
    return { message: `the charset \`${name}\` is not supported` };
  }
  const near = nearest(name);
  return {
    message: `there is no charset \`${name}\``,
    hint: near
      ? `did you mean \`${near}\`?`
      : 'names are those of Ruby, such as UTF-8, CP1252 or ISO-8859-15',
  };
}

/** The name with the smallest edit distance, if it is at most a third of the text. */
function nearest(name: string): string | undefined {
  let best: string | undefined;
  let least = Math.max(1, Math.floor(name.length / 3)) + 1;
  for (const candidate of charsetNames) {
    const distance = editDistance(plain(name), plain(candidate), least);
    if (distance < least) [best, least] = [candidate, distance];
  }
  return best;
}

function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      next.push(Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + cost));
    }
    row = next;
  }
  return row[b.length]!;
}
