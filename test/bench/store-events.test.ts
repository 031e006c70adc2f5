import { expect, test } from 'vitest';
import { securityEvents } from '../../bench/store-events.ts';

test('the same number makes the same event, whatever came before', () => {
  const event = securityEvents(1000);
  const once = event(7);
  event(900);
  expect(event(7)).toEqual(once);
  expect(securityEvents(1000, 2)(7)).not.toEqual(once);
});

test('four families over 30 days, more than 200 fields, values that conflict, about 1.5 KB', () => {
  const event = securityEvents(6000);
  const types = new Map<string, Set<string>>();
  const indices = new Set<string>();
  let length = 0;
  for (let n = 0; n < 6000; n++) {
    const { index, source } = event(n);
    indices.add(index);
    length += source.length;
    const document = JSON.parse(source) as Record<string, unknown>;
    expect(index.endsWith(String(document['@timestamp']).slice(0, 10).replaceAll('-', '.'))).toBe(true);
    collect(document, '', types);
  }
  const named = [...types.keys()].filter((path) => !path.includes('.param'));
  expect(indices.size).toBe(120);
  expect(named.length).toBeGreaterThan(200);
  expect(types.size - named.length).toBeGreaterThan(500);
  expect([...(types.get('winlog.event_data.LogonType') ?? [])].sort()).toEqual(['number', 'string']);
  expect(length / 6000).toBeGreaterThan(1400);
  expect(length / 6000).toBeLessThan(1700);
});

function collect(value: unknown, path: string, types: Map<string, Set<string>>): void {
  if (Array.isArray(value)) for (const inner of value) collect(inner, path, types);
  else if (typeof value === 'object' && value !== null) {
    for (const [key, inner] of Object.entries(value))
      collect(inner, path === '' ? key : `${path}.${key}`, types);
  } else types.set(path, (types.get(path) ?? new Set()).add(typeof value));
}
