import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Identity } from '../../store/api/access.ts';
import type { Caller } from '../console/call.ts';
import type { User } from '../users.ts';
import { keyCaller } from './key-caller.ts';
import { Sessions } from './sessions.ts';
import { SetUpCode } from './set-up-code.ts';
import { Throttle } from './throttle.ts';
import { matchTotp, newRecoveryCodes, newSecret, recoveryHash, takeCode, totpCode } from './totp.ts';

describe('one-time passwords', () => {
  // RFC 6238, appendix B: the secret 12345678901234567890, and the last six of eight digits.
  const secret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';
  test.each([
    [59, '287082'],
    [1111111109, '081804'],
    [1111111111, '050471'],
    [1234567890, '005924'],
    [2000000000, '279037'],
    [20000000000, '353130'],
  ])('at %i seconds the code is %s', (seconds, code) => {
    expect(totpCode(secret, Math.floor(seconds / 30))).toBe(code);
    expect(matchTotp(secret, code, -1, seconds * 1000)).toBe(Math.floor(seconds / 30));
    expect(matchTotp(secret, code, -1, (seconds + 30) * 1000)).toBeDefined();
    expect(matchTotp(secret, code, -1, (seconds + 90) * 1000)).toBeUndefined();
  });

  test('secrets have 160 bits in base32', () => {
    expect(newSecret()).toMatch(/^[A-Z2-7]{32}$/);
    expect(newSecret()).not.toBe(newSecret());
  });

  test('no code is taken twice, neither one of the clock nor one for a lost phone', () => {
    const recovery = newRecoveryCodes();
    const factor = { secret, recovery: recovery.map(recoveryHash), lastStep: -1 };
    const used = takeCode(factor, totpCode(secret, 100), 3_000_000)!;
    expect(takeCode(used, totpCode(secret, 100), 3_000_000)).toBeUndefined();
    expect(takeCode(used, totpCode(secret, 99), 3_000_000)).toBeUndefined();
    const left = takeCode(used, recovery[3]!.toUpperCase().replace('-', ' '), 3_000_000)!;
    expect(left.recovery).toHaveLength(9);
    expect(takeCode(left, recovery[3]!, 3_000_000)).toBeUndefined();
  });

  test('never throws on what somebody types', () => {
    const factor = { secret, recovery: [], lastStep: -1 };
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (code) => {
        takeCode(factor, code);
      }),
    );
  });
});

describe('sessions', () => {
  let dataPath: string;
  let now = 1_000_000;
  const user: User = { name: 'anna', role: 'viewer', password: 'hash', created: '2026-01-01' };
  const times = { idle: 30 * 60_000, lifetime: 12 * 3_600_000 };
  beforeEach(() => {
    dataPath = mkdtempSync(join(tmpdir(), 'millrace-sessions-'));
  });
  afterEach(() => rmSync(dataPath, { recursive: true, force: true }));

  test('end when nobody uses them, and after their lifetime though somebody does', () => {
    const sessions = new Sessions(dataPath, times, () => now);
    const idle = sessions.start(user, '', '');
    const busy = sessions.start(user, '', '');
    const end = now + times.lifetime;
    now += times.idle - 1;
    expect(sessions.use(busy, () => user)).toBeDefined();
    now += 2;
    expect(sessions.use(idle, () => user)).toBeUndefined();
    while (now < end) {
      expect(sessions.use(busy, () => user)).toBeDefined();
      now += times.idle - 1;
    }
    expect(sessions.use(busy, () => user)).toBeUndefined();
  });

  test('outlive a restart, but not their user, password or role', () => {
    const token = new Sessions(dataPath, times, () => now).start(user, '', '');
    const other: User[] = [
      { ...user, password: 'another' },
      { ...user, role: 'administrator' },
      { ...user, created: '2026-02-02' },
      { ...user, totp: { secret: 'x', recovery: [], lastStep: 0 } },
    ];
    for (const changed of other) {
      const one = new Sessions(dataPath, times, () => now);
      expect(one.use(token, () => user)).toMatchObject({ user: 'anna' });
      const fresh = one.start(user, '', '');
      expect(one.use(fresh, () => changed)).toBeUndefined();
      expect(one.use(fresh, () => user)).toBeUndefined();
    }
    expect(new Sessions(dataPath, times, () => now).use(token, () => undefined)).toBeUndefined();
  });

  test('a user has fifty at most: the one used longest ago goes', () => {
    const sessions = new Sessions(dataPath, times, () => now++);
    const tokens = Array.from({ length: 51 }, () => sessions.start(user, '', ''));
    expect(sessions.of('anna')).toHaveLength(50);
    expect(sessions.use(tokens[0]!, () => user)).toBeUndefined();
    expect(sessions.use(tokens[50]!, () => user)).toBeDefined();
  });
});

test('guesses wait twice as long each time, and are forgotten', () => {
  let now = 0;
  const throttle = new Throttle(() => now);
  for (let at = 0; at < 5; at++) {
    expect(throttle.wait('a')).toBe(0);
    throttle.fail('a');
  }
  expect(throttle.wait('a')).toBe(1000);
  now += 1000;
  throttle.fail('a');
  expect(throttle.wait('a')).toBe(2000);
  for (let at = 0; at < 20; at++) throttle.fail('a');
  expect(throttle.wait('a')).toBe(300_000);
  expect(throttle.wait('b')).toBe(0);
  now += 16 * 60_000;
  throttle.fail('a');
  expect(throttle.wait('a')).toBe(0);
});

test('the set-up code changes after half an hour and after ten wrong tries', () => {
  let now = 0;
  const printed: string[] = [];
  const code = new SetUpCode(
    (text) => printed.push(text),
    () => now,
  );
  code.offer();
  code.offer();
  expect(printed).toHaveLength(1);
  expect(code.matches(printed[0]!.replace('-', ' ').toLowerCase())).toBe(true);
  now += 31 * 60_000;
  expect(code.matches(printed[0]!)).toBe(false);
  expect(printed).toHaveLength(2);
  for (let at = 0; at < 10; at++) code.matches('x');
  expect(printed).toHaveLength(3);
  expect(code.matches(printed[1]!)).toBe(false);
});

describe('an API key in the console', () => {
  const owner: Caller = {
    name: 'anna',
    role: 'operator',
    indices: ['web-*', 'app'],
    hiddenFields: ['secret'],
  };
  const identity = (names: readonly string[], role?: string, privileges = ['read']): Identity =>
    ({
      kind: 'api_key',
      name: 'anna',
      role: 'operator',
      privileges: new Set(privileges),
      grants: [
        [{ names: owner.indices, privileges: new Set(['read']) }],
        [{ names, privileges: new Set(privileges) }],
      ],
      metadata: role === undefined ? {} : { millrace_role: role },
    }) as unknown as Identity;

  test('has what both the key and its owner have', () => {
    expect(keyCaller(identity(['*'], 'analyst'), owner)).toEqual({ ...owner, role: 'analyst' });
    expect(keyCaller(identity(['web-2026*', 'other'], 'viewer'), owner)).toMatchObject({
      indices: ['web-2026*'],
      hiddenFields: ['secret'],
    });
    expect(keyCaller(identity(['app', '*-x'], 'viewer'), owner)).toMatchObject({ indices: ['app'] });
    expect(keyCaller(identity(['other'], 'viewer'), owner)).toMatchObject({ indices: [] });
  });

  test('never rises above its owner, and one of elsewhere only reads', () => {
    expect(keyCaller(identity(['*'], 'administrator'), owner)).toMatchObject({ role: 'operator' });
    expect(keyCaller(identity(['*']), owner)).toMatchObject({ role: 'viewer' });
    expect(keyCaller(identity(['*'], 'write', ['create']), owner)).toBeUndefined();
  });
});
