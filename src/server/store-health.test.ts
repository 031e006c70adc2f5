import { expect, test } from 'vitest';
import { type StoreHealth, StoreHealthWatch } from './store-health.ts';

test('the store is asked once for many who want to know at the same time', async () => {
  let asked = 0;
  const watch = new StoreHealthWatch(async () => {
    asked++;
    return { status: 'green', problems: [] };
  });
  expect(watch.current).toBeUndefined();
  await Promise.all([watch.refresh(), watch.refresh(), watch.refresh()]);
  await watch.refresh();
  expect(watch.current).toEqual({ status: 'green', problems: [] });
  expect(asked).toBe(1);
});

test('one that fails is red with the reason, and one that does not answer keeps nobody waiting', async () => {
  const failing = new StoreHealthWatch(() => Promise.reject(new Error('its thread ended')));
  await failing.refresh();
  expect(failing.current).toEqual({ status: 'red', problems: ['its thread ended'] });
  const silent = new StoreHealthWatch(() => new Promise<StoreHealth>(() => {}));
  await silent.refresh();
  expect(silent.current).toBeUndefined();
});
