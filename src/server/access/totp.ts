/** One-time passwords by the clock (RFC 6238: SHA-1, six digits, half a minute), and recovery codes. */
import { createHash, createHmac, randomBytes, randomInt, timingSafeEqual } from 'node:crypto';
import type { SecondFactor } from '../users.ts';

const STEP_SECONDS = 30;
const DIGITS = 6;
const SECRET_BYTES = 20;
/** Clocks may differ by one step. */
const WINDOW = 1;
const RECOVERY_CODES = 10;
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

export const newSecret = (): string => {
  let bits = '';
  for (const byte of randomBytes(SECRET_BYTES)) bits += byte.toString(2).padStart(8, '0');
  return bits.replace(/.{5}/g, (five) => BASE32[Number.parseInt(five, 2)]!);
};

export function totpUri(secret: string, user: string, issuer: string): string {
  const label = `${encodeURIComponent(issuer)}:${encodeURIComponent(user)}`;
  return `otpauth://totp/${label}?secret=${secret}&issuer=${encodeURIComponent(issuer)}&digits=${DIGITS}&period=${STEP_SECONDS}`;
}

/** The code of a time step. */
export function totpCode(secret: string, step: number): string {
  const bits = [...secret].map((letter) => BASE32.indexOf(letter).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from(bits.match(/.{8}/g)!.map((byte) => Number.parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac('sha1', key).update(counter).digest();
  const number = mac.readUInt32BE(mac.at(-1)! & 15) & 0x7fff_ffff;
  return String(number % 10 ** DIGITS).padStart(DIGITS, '0');
}

export const stepOf = (time: number): number => Math.floor(time / 1000 / STEP_SECONDS);

/** The step of a code that is right and later than the last one; undefined: wrong, or used. */
export function matchTotp(secret: string, code: string, lastStep: number, now: number): number | undefined {
  const given = Buffer.from(code.replace(/\s/g, ''));
  let found: number | undefined;
  for (let step = stepOf(now) - WINDOW; step <= stepOf(now) + WINDOW; step++) {
    const wanted = Buffer.from(totpCode(secret, step));
    if (given.length === wanted.length && timingSafeEqual(given, wanted) && step > lastStep) found = step;
  }
  return found;
}

/** Of 50 bits each: `abcde-fghjk`. */
export const newRecoveryCodes = (): string[] =>
  Array.from({ length: RECOVERY_CODES }, () => {
    const part = (): string =>
      Array.from({ length: 5 }, () => BASE32[randomInt(BASE32.length)]!.toLowerCase()).join('');
    return `${part()}-${part()}`;
  });

export const recoveryHash = (code: string): string =>
  createHash('sha256')
    .update(code.toLowerCase().replace(/[^a-z2-7]/g, ''))
    .digest('base64');

/** What is left of a second factor when a code is taken; undefined: the code is wrong. */
export function takeCode(factor: SecondFactor, code: string, now = Date.now()): SecondFactor | undefined {
  const lastStep = matchTotp(factor.secret, code, factor.lastStep, now);
  if (lastStep !== undefined) return { ...factor, lastStep };
  if (code.replace(/[^a-z2-7]/gi, '').length !== 10) return undefined;
  const hash = recoveryHash(code);
  if (!factor.recovery.includes(hash)) return undefined;
  return { ...factor, recovery: factor.recovery.filter((one) => one !== hash) };
}
