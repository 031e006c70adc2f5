import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { Admission } from './admission.ts';
import { Problems } from './problems.ts';

function made(): { admission: Admission; core: { unsealedBytes: number }; state: { isSealing: boolean } } {
  const state = { isSealing: true };
  const core = { unsealedBytes: 200, problems: new Problems(), folder: tmpdir() };
  const admission = new Admission(core, {
    maxInFlight: 1000,
    maxUnsealed: 100,
    reserve: 0,
    isSealing: () => state.isSealing,
  });
  return { admission, core, state };
}

test('waits for room while rows are being sealed, and is let in then', async () => {
  const { admission, core } = made();
  expect(() => admission.enter(1)).toThrow('200 bytes wait to be sealed');
  let through = false;
  const waiting = admission.room().then(() => {
    through = true;
  });
  await new Promise((done) => setTimeout(done, 30));
  expect(through).toBe(false);
  core.unsealedBytes = 100;
  await waiting;
  admission.enter(1)();
});

test('does not wait where nothing is being sealed, nor where there is room', async () => {
  const { admission, core, state } = made();
  state.isSealing = false;
  await admission.room();
  expect(() => admission.enter(1)).toThrow('wait to be sealed');
  state.isSealing = true;
  core.unsealedBytes = 0;
  await admission.room();
  admission.enter(1)();
});
