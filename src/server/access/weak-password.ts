/** Passwords that are guessed first (ASVS 6.2.4, 6.2.11): why one is, or undefined. */
import { commonPasswords, commonRoots } from './common-passwords.ts';

const PRODUCT = 'millrace';
/** So much beside a name or a common word is what everybody puts there: a year, an exclamation mark. */
const DECORATION = 6;
/** A name that is shorter may be part of any word. */
const MIN_NAME = 4;

/** `user`: the name of whoever will use it. */
export function weakness(password: string, user: string): string | undefined {
  const lower = password.normalize('NFKC').toLowerCase();
  if (commonPasswords.has(lower)) return 'is one of the most common ones';
  if (isPattern(lower)) return 'is a pattern that repeats or counts';
  for (const name of [user.toLowerCase(), PRODUCT])
    if (name.length >= MIN_NAME && lower.includes(name) && lower.replaceAll(name, '').length <= DECORATION)
      return `is little more than the name ${name}`;
  // P@ssw0rd2026! is password, too.
  for (const word of [wordIn(lower), wordIn(unmasked(lower))])
    if (lower.length - word.length <= DECORATION && (commonPasswords.has(word) || commonRoots.has(word)))
      return `is little more than the common word ${word}`;
  return undefined;
}

const MASKS: Readonly<Record<string, string>> = {
  '@': 'a',
  4: 'a',
  3: 'e',
  1: 'i',
  '!': 'i',
  0: 'o',
  $: 's',
  5: 's',
  7: 't',
};

/** Without the digits and signs around it. */
const wordIn = (text: string): string => text.replace(/^[^a-z]+|[^a-z]+$/g, '');

/** Letters instead of what looks like them; what stands at the end is decoration. */
const unmasked = (text: string): string =>
  text.replace(/[^a-z]{2,}$|[^a-z@$]$/, '').replace(/[@43150!$7]/g, (sign) => MASKS[sign]!);

/** `aaaaaaaa`, `abcabcabc`, `12345678`, `hgfedcba`. */
function isPattern(text: string): boolean {
  if (/^(.{1,4})\1+.?$/su.test(text)) return true;
  const codes = [...text].map((character) => character.codePointAt(0)!);
  // After 9 comes 0.
  const turn = /^\d+$/.test(text) ? 10 : Number.POSITIVE_INFINITY;
  const steps = codes.slice(1).map((code, at) => code - codes[at]!);
  return [1, -1].some((one) => steps.every((step) => step === one || step === one - one * turn));
}
