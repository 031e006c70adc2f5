/** `millrace top`: live rates of every plugin, read from the monitoring API. */
import { readFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { MillraceError } from '../kernel/errors.ts';
import { type Moment, render, type Stats } from './top-screen.ts';

export const help = `Usage: millrace top [OPTIONS]

Shows events per second in and out of every plugin, the time they take, and what is wrong.
The keys: q ends; arrows, space and b scroll.

  --url URL            the monitoring API; default http://127.0.0.1:9600
                       with a user and password: http://USER:PASSWORD@HOST:9600
  --cacert FILE        certificate authority of an API over TLS
  --interval SECONDS   between two looks; default 1
  --once               print one table and end; so it does, too, when the output is not a terminal

  millrace top
  millrace top --url http://127.0.0.1:9601 --once
`;

interface TopOptions {
  readonly url: URL;
  readonly ca: Buffer | undefined;
  readonly interval: number;
  readonly once: boolean;
}

export async function top(argv: readonly string[]): Promise<number> {
  const options = parse(argv);
  if (!options) {
    process.stdout.write(help);
    return 0;
  }
  const first = await read(options);
  if (options.once || !process.stdout.isTTY) return once(options, first);
  return new Screen(options, first).run();
}

/** Undefined: help is wanted. @throws MillraceError ERR_USAGE */
function parse(argv: readonly string[]): TopOptions | undefined {
  let url = 'http://127.0.0.1:9600';
  let ca: Buffer | undefined;
  let interval = 1;
  let isOnce = false;
  const usage = (message: string): never => {
    throw new MillraceError('ERR_USAGE', `${message}. See "millrace top --help".`);
  };
  for (let at = 0; at < argv.length; at++) {
    const [word, attached] = argv[at]!.startsWith('--') ? argv[at]!.split(/=(.*)/s) : [argv[at]!];
    const value = (): string => attached ?? argv[++at] ?? usage(`${word} needs a value`);
    if (word === '--help' || word === '-h') return undefined;
    if (word === '--url') url = value();
    else if (word === '--cacert') ca = readFile(value());
    else if (word === '--interval') interval = Number(value());
    else if (word === '--once') isOnce = true;
    else usage(`unknown argument ${word}`);
  }
  if (!(interval >= 0.1 && interval <= 3600)) usage('--interval takes seconds, from 0.1 to 3600');
  const full = /^https?:\/\//.test(url) ? url : `http://${url}`;
  if (!URL.canParse(full)) usage(`--url: ${url} is not an address such as http://127.0.0.1:9600`);
  return { url: new URL(full), ca, interval, once: isOnce };
}

function readFile(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new MillraceError('ERR_IO', `--cacert: ${(error as Error).message}`);
  }
}

async function once(options: TopOptions, before: Stats): Promise<number> {
  const started = performance.now();
  await new Promise((done) => setTimeout(done, options.interval * 1000));
  const now = await read(options);
  const seconds = (performance.now() - started) / 1000;
  const width = process.stdout.columns ?? (Number(process.env['COLUMNS']) || 100);
  process.stdout.write(`${render({ now, before, seconds }, width).join('\n')}\n`);
  return 0;
}

/** @throws MillraceError ERR_IO with the reason and what to do */
async function read({ url, ca }: TopOptions): Promise<Stats> {
  const { username, password, origin } = url;
  const fail = (why: string): never => {
    throw new MillraceError(
      'ERR_IO',
      `no monitoring API at ${origin} (${why}): is Millrace running, with api.enabled? Another address goes with --url`,
    );
  };
  const auth = username ? { auth: `${decodeURIComponent(username)}:${decodeURIComponent(password)}` } : {};
  const request = url.protocol === 'https:' ? httpsRequest : httpRequest;
  const { status, text } = await new Promise<{ status: number; text: string }>((done, failed) => {
    const outgoing = request(
      new URL('/_node/stats', origin),
      { timeout: 5000, ...auth, ...(ca ? { ca } : {}) },
      (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
        response.on('end', () => done({ status: response.statusCode!, text: body })).on('error', failed);
      },
    );
    outgoing.on('timeout', () => outgoing.destroy(new Error('no answer for five seconds')));
    outgoing.on('error', failed).end();
  }).catch((error: Error & { code?: string }) =>
    fail(error.message || error.code || 'it can not be reached'),
  );
  if (status === 401) fail('it wants a user and password: --url http://USER:PASSWORD@HOST:PORT');
  if (status !== 200) fail(`it answers ${status}`);
  try {
    const stats = JSON.parse(text) as Stats;
    if (stats.pipelines && stats.process && stats.jvm) return stats;
  } catch {
    // Something else listens there.
  }
  return fail('what answers there is something else');
}

const ENTER = '\x1b[?1049h\x1b[?25l\x1b[?7l';
const LEAVE = '\x1b[?7h\x1b[?25h\x1b[?1049l';

/** The whole terminal, until q; then it is as it was. */
class Screen {
  readonly #options: TopOptions;
  #moment: Moment;
  #readAt = performance.now();
  /** Why there are no newer numbers. */
  #trouble = '';
  #scrolled = 0;
  #ended = false;
  #wake: () => void = () => {};

  constructor(options: TopOptions, first: Stats) {
    this.#options = options;
    this.#moment = { now: first, before: undefined, seconds: 0 };
  }

  async run(): Promise<number> {
    const end = (): void => {
      this.#ended = true;
      this.#wake();
    };
    const draw = (): void => this.#draw();
    const { stdin, stdout } = process;
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, end);
    stdout.on('resize', draw).on('error', end);
    if (stdin.isTTY) stdin.setRawMode(true);
    stdin.on('data', (keys) => {
      if (this.#key(keys.toString())) end();
      else draw();
    });
    stdout.write(ENTER);
    try {
      while (!this.#ended) {
        draw();
        await new Promise<void>((done) => {
          this.#wake = done;
          setTimeout(done, this.#options.interval * 1000);
        });
        if (!this.#ended) await this.#look();
      }
    } finally {
      if (stdin.isTTY) stdin.setRawMode(false);
      stdin.pause();
      stdout.write(LEAVE);
    }
    return 0;
  }

  async #look(): Promise<void> {
    try {
      const now = await read(this.#options);
      const at = performance.now();
      this.#moment = { now, before: this.#moment.now, seconds: (at - this.#readAt) / 1000 };
      this.#readAt = at;
      this.#trouble = '';
    } catch (error) {
      this.#trouble = (error as Error).message;
    }
  }

  /** True: the end is wanted. */
  #key(keys: string): boolean {
    const page = Math.max(1, this.#rows - 2);
    const moves: Readonly<Record<string, number>> = {
      '\x1b[A': -1,
      k: -1,
      '\x1b[B': 1,
      j: 1,
      '\x1b[5~': -page,
      b: -page,
      '\x1b[6~': page,
      ' ': page,
    };
    if (['q', 'Q', '\x03', '\x04', '\x1b'].includes(keys)) return true;
    this.#scrolled += moves[keys] ?? 0;
    return false;
  }

  get #rows(): number {
    return process.stdout.rows || 24;
  }

  #draw(): void {
    const width = process.stdout.columns || 80;
    const [first = '', ...lines] = render(this.#moment, width);
    const room = Math.max(1, this.#rows - 2);
    this.#scrolled = Math.max(0, Math.min(this.#scrolled, lines.length - room));
    const shown = lines.slice(this.#scrolled, this.#scrolled + room);
    const place = `${this.#scrolled + 1}-${this.#scrolled + shown.length} of ${lines.length}`;
    const foot = this.#trouble || `q ends${lines.length > room ? `   arrows scroll   ${place}` : ''}`;
    while (shown.length < room) shown.push('');
    const screen = [first, ...shown, foot.slice(0, width)].map((line) => `\x1b[K${line}`).join('\r\n');
    process.stdout.write(`\x1b[H${screen}\x1b[J`);
  }
}
