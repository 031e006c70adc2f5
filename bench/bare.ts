/**
 * The bare loops: each scenario written by hand in one thread, without queue, acknowledgement, configs or bounds. What
 * Millrace costs beyond this is what it does beyond this. `node bench/bare.ts SCENARIO INPUT TARGET OUT`.
 */
import { openSync, writeSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';

const [scenario, input, target, out] = process.argv.slice(2) as [string, string, string, string];
const apache =
  /^(\S+) (\S+) (\S+) \[([^\]]+)\] "(\S+) (\S+) HTTP\/([0-9.]+)" (\d+) (\d+|-) "([^"]*)" "([^"]*)"/;
const file = out === '-' ? -1 : openSync(out, 'a');
const sink = target === '-' ? undefined : createConnection(Number(target), '127.0.0.1');
const memory = Buffer.allocUnsafeSlow(4 << 20);
let lines = 0;

function event(line: string, host: string, port: number, time: string): string {
  const m = apache.exec(line)!;
  return JSON.stringify(
    {
      '@timestamp': time,
      '@version': '1',
      host,
      port,
      clientip: m[1],
      ident: m[2],
      auth: m[3],
      timestamp: m[4],
      verb: m[5],
      request: m[6],
      httpversion: m[7],
      response: m[8],
      bytes: m[9],
      referrer: m[10],
      agent: m[11],
    },
    null,
    '',
  );
}

function json(line: string, port: number, time: string): string {
  const fields = JSON.parse(line);
  fields['@timestamp'] = time;
  fields['@version'] = '1';
  fields.port = port;
  fields.source_ip = fields.client_ip;
  fields.client_ip = undefined;
  fields.env = 'prod';
  fields.site = 'eu-1';
  return JSON.stringify(fields);
}

createServer((socket) => {
  const { remotePort: port = 0, remoteAddress: host = '' } = socket;
  let tail: Buffer | undefined;
  socket.on('data', (received) => {
    let chunk = received as Buffer;
    if (tail) chunk = Buffer.concat([tail, chunk]);
    const end = chunk.lastIndexOf(10) + 1;
    tail = end < chunk.length ? chunk.subarray(end) : undefined;
    if (end === 0) return;
    if (scenario === 'a') {
      for (let at = chunk.indexOf(10); at >= 0 && at < end; at = chunk.indexOf(10, at + 1)) lines++;
      return;
    }
    if (scenario === 'c') {
      sink!.write(chunk.subarray(0, end));
      return;
    }
    const time = new Date().toISOString();
    const text = chunk.latin1Slice(0, end);
    let made = '';
    let from = 0;
    for (let to = text.indexOf('\n'); to >= 0; to = text.indexOf('\n', from)) {
      const line = text.slice(from, to);
      made += `${scenario === 'b' ? event(line, host, port, time) : json(line, port, time)}\n`;
      from = to + 1;
    }
    writeSync(file, memory, 0, memory.write(made, 0, 'utf8'));
  });
}).listen(Number(input), '127.0.0.1');
process.on('SIGTERM', () => {
  if (scenario === 'a') process.stderr.write(`${lines} lines\n`);
  process.exit(0);
});
