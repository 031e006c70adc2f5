import { expect, test } from 'vitest';
import { sampleJson, sampleText } from './tap-text.ts';

const AT = Date.parse('2026-11-20T10:00:00.123Z');
const event = (fields: object, metadata?: object): string =>
  JSON.stringify({ f: fields, ...(metadata && { m: metadata }) });
const text = (sample: Parameters<typeof sampleText>[0], all = false): string =>
  sampleText(sample, { all, colours: false });

test('what was changed, added and removed, by the names that configs use', () => {
  const before = event({ message: 'a', host: { name: 'x' }, gone: 1 });
  const after = event({ message: 'a', host: { name: 'y' }, user: { name: 'kim' } }, { set: 'auth' });
  expect(text({ at: AT, before, after: [after] })).toBe(`2026-11-20T10:00:00.123Z  changed 4 of 5 fields
  ~ [host][name] "x" → "y"
  - [gone] 1
  + [user][name] "kim"
  + [@metadata][set] "auth"
`);
  expect(text({ at: AT, before, after: [after] }, true)).toContain('    [message] "a"\n');
});

test('events that were dropped, made, split or left alone', () => {
  const one = event({ a: 1 });
  expect(text({ at: AT, before: one, after: [] })).toBe('2026-11-20T10:00:00.123Z  dropped\n  - [a] 1\n');
  expect(text({ at: AT, after: [one] })).toBe('2026-11-20T10:00:00.123Z  came\n  + [a] 1\n');
  expect(text({ at: AT, before: one, after: [one] })).toBe(
    '2026-11-20T10:00:00.123Z  unchanged (1 fields)\n',
  );
  expect(text({ at: AT, before: one, after: [one, event({ a: 2 })], more: 1 })).toBe(
    '2026-11-20T10:00:00.123Z  became 3 events\n  1 of 3\n  2 of 3\n  ~ [a] 1 → 2\n',
  );
});

test('hostile values neither steer the terminal nor fill it; numbers stay exact', () => {
  const printed = text({
    at: AT,
    after: [event({ 'a\u001b[2J': '\u001b]0;x\u0007', long: 'y'.repeat(100_000) })],
  });
  expect(printed).not.toMatch(/[\u001b\u0007]/);
  expect(printed.length).toBeLessThan(1000);
  const exact = '{"f":{"id":12345678901234567890,"rate":0.10000000000000000001}}';
  expect(text({ at: AT, after: [exact] })).toContain('[id] 12345678901234567890\n');
  expect(sampleJson({ at: AT, before: exact, after: [exact] })).toBe(
    '{"at":"2026-11-20T10:00:00.123Z","before":{"id":12345678901234567890,"rate":0.10000000000000000001},"after":[{"id":12345678901234567890,"rate":0.10000000000000000001}]}\n',
  );
});
