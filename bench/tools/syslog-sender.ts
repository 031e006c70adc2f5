/**
 * Sends syslog (RFC 5424) over TCP at a steady rate; every line says when it was handed to the socket (`sent=` and
 * milliseconds since the epoch). Every `--mark-every` milliseconds one line of another connection says `marked` too.
 *
 *   node bench/tools/syslog-sender.ts --port 5514 --rate 20000 [--mark-every 200]
 *
 * Ends when its standard input ends, and says as a line of JSON what it sent.
 */
import { createConnection, type Socket } from 'node:net';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    port: { type: 'string' },
    rate: { type: 'string', default: '20000' },
    'mark-every': { type: 'string', default: '200' },
  },
});
const port = Number(values.port);
const rate = Number(values.rate);
const markEvery = Number(values['mark-every']);

const STAMP = '0000000000000';
const TIME = '2026-01-01T00:00:00.000Z';
const users = ['frank', 'alice', 'bob.smith', 'svc_backup', 'mallory'];
const programs = ['sshd', 'nginx', 'kernel', 'cron', 'dhclient'];
const BATCH = 200;

/** Lines of some 250 bytes, and where their times stand. */
function makeBatch(): { readonly bytes: Buffer; readonly times: number[]; readonly stamps: number[] } {
  let text = '';
  const times: number[] = [];
  const stamps: number[] = [];
  for (let n = 0; n < BATCH; n++) {
    const head = `<${(n * 7) % 192}>1 `;
    times.push(text.length + head.length);
    const before = `${head}${TIME} host-${n % 40} ${programs[n % 5]} ${1000 + n} - - Failed password for invalid user ${users[n % 5]} from 203.0.113.${n % 250} port ${1024 + n * 17} ssh2 session=${((n + 1) * 2654435761).toString(16).padStart(40, 'a')} sent=`;
    stamps.push(text.length + before.length);
    text += `${before}${STAMP} reason="authentication failure" attempts=3 origin=internet policy=default\n`;
  }
  return { bytes: Buffer.from(text), times, stamps };
}

const connect = (): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = createConnection(port, '127.0.0.1', () => resolve(socket)).on('error', reject);
  });

const batch = makeBatch();
let sent = 0;
let marked = 0;
/** Most lines that were behind, because the other side did not read. */
let behind = 0;
const [load, marks] = await Promise.all([connect(), connect()]);
marks.setNoDelay(true);
const began = performance.now();
const pace = setInterval(() => {
  const due = ((performance.now() - began) / 1000) * rate;
  behind = Math.max(behind, Math.round(due - sent));
  for (; sent + BATCH <= due && !load.writableNeedDrain; sent += BATCH) {
    const now = Date.now();
    const time = new Date(now).toISOString();
    // What is written may still be read by the socket.
    const bytes = Buffer.from(batch.bytes);
    for (let n = 0; n < BATCH; n++) {
      bytes.write(time, batch.times[n]!, 'latin1');
      bytes.write(String(now), batch.stamps[n]!, 'latin1');
    }
    load.write(bytes);
  }
}, 5);
const marking = setInterval(() => {
  marked++;
  const now = Date.now();
  marks.write(
    `<13>1 ${new Date(now).toISOString()} marker bench ${marked} - - marked n=${marked} sent=${now}\n`,
  );
}, markEvery);

process.stdin.resume().on('end', () => {
  clearInterval(pace);
  clearInterval(marking);
  const seconds = (performance.now() - began) / 1000;
  const { user, system } = process.cpuUsage();
  process.stdout.write(
    `${JSON.stringify({ sent, marked, behind, perSecond: Math.round(sent / seconds), cpuSeconds: (user + system) / 1e6, seconds })}\n`,
    () => process.exit(0),
  );
});
