/** For tests of `millrace relay`: a UDP server in a process of its own, which can be killed, and a steady sender. */
import { type ChildProcess, spawn } from 'node:child_process';
import dgram from 'node:dgram';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Millrace, temporaryFolder, until } from './millrace.ts';

/** A UDP port that is free now. */
export async function freeUdpPort(): Promise<number> {
  const socket = dgram.createSocket('udp4');
  await new Promise<void>((done) => socket.bind(0, '127.0.0.1', done));
  const { port } = socket.address();
  await new Promise<void>((done) => socket.close(done));
  return port;
}

const serverCode = `
const { appendFileSync } = require('node:fs');
const socket = require('node:dgram').createSocket('udp4');
let lines = '';
const write = () => { if (lines) appendFileSync(process.argv[3], lines); lines = ''; };
setInterval(write, 5);
socket.on('message', (bytes, from) => {
  lines += Date.now() + ' ' + bytes.toString('latin1') + '\\n';
  write();
  if (bytes.includes('?')) socket.send('answer to ' + bytes, from.port, from.address);
});
socket.bind(Number(process.argv[2]), '127.0.0.1', () => {
  try { socket.setRecvBufferSize(4194304); } catch {}
  process.stdout.write('ready');
});
`;

/** Writes every datagram as a line into a file; answers those with a question mark. */
export class UdpServer {
  readonly port: number;
  readonly file: string;
  readonly #script: string;
  #child: ChildProcess | undefined;

  constructor(port: number, name = 'udp-server') {
    const folder = temporaryFolder();
    this.port = port;
    this.file = join(folder, 'received');
    this.#script = join(folder, `${name}.cjs`);
    writeFileSync(this.file, '');
    writeFileSync(this.#script, serverCode);
  }

  get pid(): number {
    return this.#child!.pid!;
  }

  async start(): Promise<this> {
    this.#child = spawn(process.execPath, [this.#script, String(this.port), this.file], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await new Promise((done) => this.#child!.stdout!.once('data', done));
    return this;
  }

  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child) return;
    const gone = new Promise((done) => child.once('exit', done));
    child.kill('SIGKILL');
    await gone;
  }

  received(): { at: number; text: string }[] {
    return readFileSync(this.file, 'latin1')
      .split('\n')
      .slice(0, -1)
      .map((line) => ({ at: Number(line.slice(0, 13)), text: line.slice(14) }));
  }

  /** Numbers of datagrams `n 17`, without those that came before. */
  numbers(): number[] {
    return [...new Set(this.received().map(({ text }) => Number(text.split(' ')[1])))];
  }
}

/** Sends `n 0`, `n 1`, … to a port. */
export class UdpSender {
  readonly socket = dgram.createSocket('udp4');
  readonly replies: string[] = [];
  readonly #port: number;
  #timer: NodeJS.Timeout | undefined;
  sent = 0;

  constructor(port: number) {
    this.#port = port;
    this.socket.on('message', (bytes) => this.replies.push(bytes.toString('latin1')));
  }

  send(text: string): void {
    this.socket.send(text, this.#port, '127.0.0.1');
  }

  next(count = 1): void {
    for (let left = count; left > 0; left--) this.send(`n ${this.sent++}`);
  }

  /** One datagram each time. */
  every(milliseconds: number): void {
    this.#timer = setInterval(() => this.next(), milliseconds);
  }

  pause(): void {
    clearInterval(this.#timer);
  }

  close(): void {
    this.pause();
    this.socket.close();
  }
}

/** Runs `millrace relay` and waits for its first line. */
export async function startRelay(args: readonly string[]): Promise<Millrace> {
  const relay = new Millrace({ args: ['relay', ...args] });
  await until(() => {
    if (relay.exitCode !== undefined) throw new Error(`it ended with ${relay.exitCode}:\n${relay.stderr}`);
    return /listening at|answering at/.test(relay.stderr);
  }, `relay ready; it says:\n${relay.stderr}`);
  return relay;
}
