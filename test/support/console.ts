/** The console of the real program: millrace as a process, its set-up done, and a client with cookies. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Role } from '../../src/server/contract.ts';
import { Millrace, until } from './millrace.ts';

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly json: any;
}

/** A browser's side of the API, without the browser: keeps cookies, and sends the session's proof. */
export class Client {
  readonly url: string;
  cookies: Record<string, string> = {};
  csrf: string | undefined;

  constructor(url: string) {
    this.url = url;
  }

  async ask(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string | undefined> = {},
  ): Promise<Reply> {
    const cookie = Object.entries(this.cookies)
      .map(([name, value]) => `${name}=${value}`)
      .join('; ');
    const all: Record<string, string | undefined> = {
      ...(cookie && { cookie }),
      ...(method !== 'GET' && this.csrf !== undefined && { 'x-millrace-csrf': this.csrf }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    };
    const response = await fetch(new URL(path, this.url), {
      method,
      redirect: 'manual',
      headers: Object.fromEntries(
        Object.entries(all).filter((one): one is [string, string] => one[1] !== undefined),
      ),
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)!;
      if (/Max-Age=0/.test(line)) delete this.cookies[name!];
      else this.cookies[name!] = value!;
    }
    const text = await response.text();
    let json: any;
    try {
      json = JSON.parse(text);
    } catch {
      json = text;
    }
    if (response.ok && typeof json?.csrf === 'string') this.csrf = json.csrf;
    return { status: response.status, headers: response.headers, json };
  }

  /** Makes the first administrator, and is that one. */
  async setUp(code: string): Promise<void> {
    const { status, json } = await this.ask('POST', '/api/setup', {
      code,
      name: 'admin',
      password: PASSWORD,
    });
    if (status !== 200) throw new Error(json.error);
  }

  /** As a browser takes them. */
  browserCookies(): { name: string; value: string; url: string }[] {
    return Object.entries(this.cookies).map(([name, value]) => ({ name, value, url: this.url }));
  }

  signIn(name: string, password: string, totp?: string): Promise<Reply> {
    return this.ask('POST', '/api/session', { name, password, ...(totp !== undefined && { totp }) });
  }
}

export const PASSWORD = 'correct horse battery staple';

export interface TestConsole {
  readonly url: string;
  readonly storeUrl: string;
  readonly dataPath: string;
  readonly millrace: Millrace;
  /** The set-up code that the terminal showed last. */
  code(): string;
  client(): Client;
  /** Makes the first administrator, `admin`. */
  setUp(): Promise<Client>;
  /** Makes a user through an administrator. */
  user(admin: Client, name: string, role: Role, more?: object): Promise<Client>;
  close(): Promise<void>;
}

/** Starts the program with a store and a console, and a pipeline that takes events over HTTP. */
export const startTestConsole = (...more: string[]): Promise<TestConsole> =>
  startConsoleOf(
    '-e',
    'input { http { host => "127.0.0.1" port => 0 id => "in" } } output { store { index => "web-%{+yyyy.MM.dd}" } }',
    '--store.http.port=0',
    ...more,
  );

/** Starts the program with a console, and the pipelines that the arguments say. */
export async function startConsoleOf(...more: string[]): Promise<TestConsole> {
  const dataPath = mkdtempSync(join(tmpdir(), 'millrace-console-'));
  const millrace = new Millrace({
    args: [
      '--path.data',
      dataPath,
      '--api.enabled=false',
      '--console.enabled=true',
      '--console.http.port=0',
      ...more,
    ],
  });
  const shown = (pattern: RegExp): string => [...millrace.stderr.matchAll(pattern)].at(-1)?.[1] ?? '';
  // There is one, as nobody has set this console up.
  const code = (): string => shown(/Set-up code: (\S+)/g);
  const withStore = more.some((argument) => argument.startsWith('--store.http.port'));
  await until(
    () =>
      /Console at /.test(millrace.stderr) &&
      code() !== '' &&
      (!withStore || /Event store at /.test(millrace.stderr)),
    'the console starts',
    20,
  ).catch((error: Error) => {
    throw new Error(`${error.message}:\n${millrace.stderr}`);
  });
  const url = shown(/Console at (\S+)/g);
  const started: TestConsole = {
    url,
    storeUrl: shown(/Event store at (\S+)/g),
    dataPath,
    millrace,
    code,
    client: () => new Client(url),
    setUp: async () => {
      await until(() => code() !== '', 'the terminal shows the set-up code');
      const client = new Client(url);
      await client.setUp(code());
      return client;
    },
    user: async (admin, name, role, rules = {}) => {
      const made = await admin.ask('POST', '/api/users', { name, role, password: PASSWORD, ...rules });
      if (made.status !== 200) throw new Error(made.json.error);
      const client = new Client(url);
      const { status, json } = await client.signIn(name, PASSWORD);
      if (status !== 200) throw new Error(json.error);
      return client;
    },
    close: async () => {
      await millrace.kill();
      rmSync(dataPath, { recursive: true, force: true });
    },
  };
  return started;
}
