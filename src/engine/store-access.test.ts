import { expect, test } from 'vitest';
import { StoreAccess } from './store-access.ts';

test('who asks for the store hears why it can not be opened, and may ask again', async () => {
  let asked = 0;
  const access = new StoreAccess(() => asked++);
  const first = access.get();
  access.take({ type: 'store', port: undefined, problem: 'it was written by Millrace 9.8.7' });
  await expect(first).rejects.toThrow('it was written by Millrace 9.8.7');
  const second = access.get();
  access.take({ type: 'store', port: undefined, problem: undefined });
  await expect(second).rejects.toThrow(/set store.enabled: true/);
  expect(asked).toBe(2);
});
