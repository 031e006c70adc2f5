import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, expect, test, vi } from 'vitest';
import { MINUTE } from './delivery.ts';
import { minuteOf } from './script.ts';
import { type Period, Traffic } from './traffic.ts';

const SEED = 7;
let server: Server;
afterEach(() => {
  server.close();
});

/** A listener of syslog: lines as they came, with the times that they say. */
async function listener(): Promise<{ port: number; received: string[]; sockets: Set<Socket> }> {
  const received: string[] = [];
  const sockets = new Set<Socket>();
  server = createServer((socket) => {
    sockets.add(socket);
    let rest = '';
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      const lines = (rest + chunk.toString()).split('\n');
      rest = lines.pop()!;
      received.push(...lines);
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return { port: (server.address() as { port: number }).port, received, sockets };
}

const wanted = (periods: readonly Period[]): string[] =>
  periods.flatMap(([from, to]) => {
    const minutes = Array.from(
      { length: Math.ceil(to / MINUTE) - Math.floor(from / MINUTE) },
      (_, at) => Math.floor(from / MINUTE) + at,
    );
    return minutes.flatMap((minute) =>
      minuteOf(minute, SEED)
        // What a minute says of the seconds behind it belongs to it.
        .filter(({ at }) => at >= from && Math.min(at, (minute + 1) * MINUTE - 1) < to)
        .filter(({ by }) => by === 'syslog' || by === 'datagram')
        .map(({ text }) => text),
    );
  });

test('what an end leaves out of the past is played at the next start, and nothing twice', async () => {
  const { port, received } = await listener();
  const now = Date.now();
  // Two times that nobody played, neither of them on the minute.
  const past: Period[] = [
    [now - 6 * MINUTE - 12_345, now],
    [now - 30 * MINUTE, now - 25 * MINUTE],
  ];
  const of = (periods: readonly Period[]): Traffic =>
    new Traffic({
      ...{ beats: undefined, http: undefined, seed: SEED },
      syslog: { host: '127.0.0.1', port },
      past: periods,
    });
  const first = of(past);
  expect(first.state).toMatchObject({ filled: 0, missing: past });
  first.start();
  await vi.waitFor(() => expect(first.state.filled).toBeGreaterThan(0.3), { timeout: 20_000, interval: 5 });
  await first.stop();
  const { missing, filled } = first.state;
  expect(filled).toBeLessThan(1);
  const second = of(missing);
  second.start();
  await vi.waitFor(() => expect(second.state.filled).toBe(1), { timeout: 20_000, interval: 20 });
  expect(second.state.missing).toEqual([]);
  const all = wanted(past).sort();
  await vi.waitFor(
    () => {
      const seen = new Set(received);
      expect(all.filter((line) => !seen.has(line))).toEqual([]);
    },
    { timeout: 10_000 },
  );
  await second.stop();
  // What was on its way when it ended may come again; not more than that.
  const old = received.filter((line) => all.includes(line));
  expect(old.length - new Set(old).size).toBeLessThanOrEqual(600);
}, 60_000);
