/** The thread of `queue-views.ts`: says what `millrace queue inspect` says of a folder, and ends. */
import { parentPort, workerData } from 'node:worker_threads';
import { RealFiles } from '../../../queue/queue-files.ts';
import { reportQueue } from '../../../queue/queue-report.ts';
import type { QueueView, QueueViewAnswer } from './queue-views.ts';

let answer: QueueViewAnswer;
try {
  answer = { view: queueView(workerData as string) };
} catch (error) {
  answer = { problem: (error as Error).message };
}
parentPort!.postMessage(answer);

function queueView(folder: string): QueueView {
  const { segments, waiting, damagedAcks, setAside } = reportQueue(new RealFiles(folder));
  const sources = new Map<string, { input: string; events: number; blocks: number }>();
  let [oldest, newest] = [Infinity, -Infinity];
  for (const { node, plugin, count, receivedAt } of waiting) {
    const input = `${plugin} (${node})`;
    const known = sources.get(input) ?? { input, events: 0, blocks: 0 };
    sources.set(input, { input, events: known.events + count, blocks: known.blocks + 1 });
    oldest = Math.min(oldest, receivedAt);
    newest = Math.max(newest, receivedAt);
  }
  return {
    folder,
    persisted: true,
    segments: segments.map(({ damaged, unreadable: _, ...segment }) => ({
      ...segment,
      damaged: damaged.filter(({ tail }) => !tail).length,
    })),
    waitingEvents: waiting.reduce((sum, { count }) => sum + count, 0),
    waitingBytes: waiting.reduce((sum, { length }) => sum + length, 0),
    ...(waiting.length > 0 && { oldest, newest }),
    sources: [...sources.values()],
    damagedAcks,
    setAside: [...setAside],
  };
}
