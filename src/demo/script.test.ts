import { describe, expect, test } from 'vitest';
import { attackers } from './cast.ts';
import { type Delivery, MINUTE } from './delivery.ts';
import { isDemoIndex } from './pipelines.ts';
import { minuteOf } from './script.ts';

const NOON = Date.parse('2026-11-20T12:00:00Z') / MINUTE;
/** Minutes of an hour in which every story has its turn. */
const stories = (): Delivery[] =>
  Array.from({ length: 6 }, (_, slot) => [1, 3, 4, 6].map((at) => minuteOf(NOON + 10 * slot + at, 1))).flat(
    2,
  );

describe('the script of the demo', () => {
  test('is the same for a seed and a minute, and another one for others', () => {
    expect(minuteOf(NOON, 1)).toEqual(minuteOf(NOON, 1));
    expect(minuteOf(NOON, 1)).not.toEqual(minuteOf(NOON, 2));
    expect(minuteOf(NOON, 1).map(({ text }) => text)).not.toEqual(
      minuteOf(NOON + 1, 1).map(({ text }) => text),
    );
  });

  test('has 10 to 100 messages a second at any time of the day, in order', () => {
    for (let at = 0; at < 24 * 60; at += 173) {
      const played = minuteOf(NOON + at, 1);
      expect(played.length / 60).toBeGreaterThan(10);
      expect(played.length / 60).toBeLessThan(100);
      expect(played.map((each) => each.at)).toEqual(played.map((each) => each.at).sort((a, b) => a - b));
    }
  });

  test('tells every attack once an hour', () => {
    const text = stories()
      .map((each) => each.text)
      .join('\n');
    for (const address of Object.values(attackers)) expect(text).toContain(address);
    for (const part of [
      'Accepted password for backup',
      'powershell.exe -NoP',
      'sqlmap',
      'cdn-metrics.example',
    ])
      expect(text).toContain(part);
  });

  test('means nobody: private addresses and those for documentation only', () => {
    // Versions of browsers look like addresses.
    for (const { text } of minuteOf(NOON + 23, 1))
      for (const [address] of text.matchAll(/\b\d{1,3}(?:\.\d{1,3}){3}\b(?![.\d])/g))
        if (
          !/Chrome\/|Safari\//.test(text.slice(Math.max(0, text.indexOf(address) - 8), text.indexOf(address)))
        )
          expect(address).toMatch(/^(?:10\.|192\.0\.2\.|198\.51\.100\.|203\.0\.113\.)/);
  });
});

test('only names that the demo gives are its indices', () => {
  expect(isDemoIndex('demo-auth-2026.11.20')).toBe(true);
  expect(isDemoIndex('demo-webhook-cloud-suite-2026.11.20')).toBe(true);
  for (const name of [
    'demo-mine',
    'demo-auth',
    'syslog-2026.11.20',
    'x-demo-auth-2026.11.20',
    'demo-other-2026.11.20',
  ])
    expect(isDemoIndex(name)).toBe(false);
});
