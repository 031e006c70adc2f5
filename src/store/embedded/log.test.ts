import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FakeFiles } from '../../../test/support/fake-files.ts';
import { Log } from './log.ts';
import { Manifest } from './manifest.ts';

const text = (payload: Uint8Array): string => Buffer.from(payload).toString();

function open(files: FakeFiles): { log: Log; frames: string[] } {
  const frames: string[] = [];
  const log = Log.open(files, {
    from: 0,
    old: () => {},
    frame: (payload) => frames.push(text(payload)),
    damaged: () => {},
  });
  return { log, frames };
}

test('after a power failure between any two operations all acknowledged frames are there, in order, once', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 4 }), {
        minLength: 1,
        maxLength: 6,
      }),
      fc.integer({ min: 1, max: 30 }),
      fc.integer(),
      async (groups, crashAfter, seed) => {
        const files = new FakeFiles();
        let sent: string[] = [];
        let acknowledged: string[] = [];
        let number = 0;
        for (const crashes of [crashAfter, Number.POSITIVE_INFINITY]) {
          const { log, frames } = open(files);
          expect(frames.filter((frame) => acknowledged.includes(frame))).toEqual(acknowledged);
          expect(new Set(frames).size).toBe(frames.length);
          sent = [...frames];
          acknowledged = [...frames];
          files.crashAfter = crashes === Number.POSITIVE_INFINITY ? crashes : files.operations + crashes;
          for (const group of groups) {
            await Promise.all(
              group.map((length) => {
                const payload = `${number++} ${'x'.repeat(length)}`;
                sent.push(payload);
                return new Promise<void>((done) =>
                  log.append(Buffer.from(payload), (error) => {
                    if (!error) acknowledged.push(payload);
                    done();
                  }),
                );
              }),
            );
            if (group.length % 2 === 0) await log.rotate().catch(() => {});
          }
          files.restart(random(seed));
        }
        const { frames } = open(files);
        expect(frames.filter((frame) => acknowledged.includes(frame))).toEqual(acknowledged);
        for (const frame of frames) expect(sent).toContain(frame);
      },
    ),
    { numRuns: 150 },
  );
});

test('the manifest has what was appended, and the last append as a whole or not at all', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 25 }), fc.integer(), async (crashAfter, seed) => {
      const files = new FakeFiles();
      files.crashAfter = crashAfter;
      const acknowledged: number[] = [];
      try {
        const { manifest } = await Manifest.open<number>(
          files,
          (records) => records,
          () => {},
        );
        for (let n = 0; n < 12; n += 2) {
          await manifest.append([n, n + 1]);
          acknowledged.push(n, n + 1);
        }
      } catch {
        // It crashed.
      }
      files.restart(random(seed));
      const { records } = await Manifest.open<number>(
        files,
        (all) => all,
        () => {},
      );
      expect(records.slice(0, acknowledged.length)).toEqual(acknowledged);
      expect([0, 2]).toContain(records.length - acknowledged.length);
    }),
    { numRuns: 150 },
  );
});

/** mulberry32 */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
