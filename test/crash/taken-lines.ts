/**
 * How many lines of its TCP input a pipeline has decoded, asked of its monitoring API: those of the one connection, and those
 * that a former process left on the disk.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { TcpLoad } from './senders.ts';

const EVERY_MS = 60;

/** Asks again and again until the function that it returns is called. */
export function watchTaken(load: TcpLoad, apiPort: number): () => Promise<void> {
  let ended = false;
  const run = async (): Promise<void> => {
    while (!ended) {
      await delay(EVERY_MS);
      const connection = load.open;
      if (connection === undefined) continue;
      const lines = await taken(apiPort);
      // The connection may be another one by now.
      if (lines !== undefined && load.open === connection)
        connection.taken.push({ at: performance.now(), lines });
    }
  };
  const running = run();
  return () => {
    ended = true;
    return running;
  };
}

async function taken(port: number): Promise<number | undefined> {
  try {
    const answer = await fetch(`http://127.0.0.1:${port}/_node/stats/pipelines`);
    const { pipelines } = (await answer.json()) as any;
    return pipelines.main.plugins.inputs.find(({ id }: { id: string }) => id === 'lines').events.out;
  } catch {
    // It is not there at the moment.
    return undefined;
  }
}
