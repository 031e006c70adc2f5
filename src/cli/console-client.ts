/** The API of the console that runs, for commands: signs in with a key, or with a name and password. */
import { existsSync, readFileSync } from 'node:fs';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { join, resolve } from 'node:path';
import { MillraceError } from '../kernel/errors.ts';
import { isLoopback } from '../store/api/authenticate.ts';
import { parseArguments } from './arguments.ts';
import { type ProcessSettings, processSettings } from './configuration.ts';
import { ask, readStdin } from './prompt.ts';

export interface ConsoleArguments {
  readonly url: string | undefined;
  readonly user: string | undefined;
  readonly passwordFromStdin: boolean;
  readonly apiKeyFromStdin: boolean;
  readonly ca: string | undefined;
  readonly settings: ProcessSettings;
}

export const consoleHelp = `It asks the console of the Millrace that runs (console.http.host and .port), with the rights of a user or key.

  --url URL            another console; default http://127.0.0.1:5601
  --user NAME          the password is asked for; --password-stdin reads it, or an API key with --api-key-stdin
  --ca FILE            authority of its certificate; that of path.data/certs is known
  --path.data DIR, --path.settings DIR
  MILLRACE_CONSOLE_URL, MILLRACE_USER, MILLRACE_PASSWORD, MILLRACE_API_KEY in the environment do the same.`;

/** The arguments above, taken out of all of them; `rest` are those that the command knows. @throws MillraceError */
export async function consoleArguments(
  argv: readonly string[],
): Promise<{ connection: ConsoleArguments; rest: string[] }> {
  const given = new Map<string, string>();
  const settings: string[] = [];
  const rest: string[] = [];
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at]!;
    const [name = word, attached] = /^(--[\w.-]+)=(.*)$/s.exec(word)?.slice(1) ?? [];
    if (name === '--password-stdin' || name === '--api-key-stdin') given.set(name, '');
    else if (['--url', '--user', '--ca'].includes(name)) {
      const value = attached ?? argv[++at];
      if (value === undefined) throw new MillraceError('ERR_USAGE', `${name} needs a value`);
      given.set(name, value);
    } else if (/^--(path|console)\./.test(name))
      settings.push(attached === undefined ? `${name}=${argv[++at] ?? ''}` : word);
    else rest.push(word);
  }
  const connection = {
    url: given.get('--url') ?? process.env['MILLRACE_CONSOLE_URL'],
    user: given.get('--user') ?? process.env['MILLRACE_USER'],
    passwordFromStdin: given.has('--password-stdin'),
    apiKeyFromStdin: given.has('--api-key-stdin'),
    ca: given.get('--ca'),
    settings: await processSettings(parseArguments(settings).values),
  };
  return { connection, rest };
}

/** Answers that are no streams are read as a whole up to here. */
const MAX_ANSWER = 16 << 20;
/** A demo of many hours is not deleted at once. */
const TIMEOUT_MS = 180_000;

export class ConsoleClient {
  readonly #origin: URL;
  readonly #ca: Buffer | undefined;
  #headers: Record<string, string> = {};
  #isSession = false;

  private constructor(origin: URL, ca: Buffer | undefined) {
    this.#origin = origin;
    this.#ca = ca;
  }

  /** Signs in. @throws MillraceError with what to do */
  static async connect(given: ConsoleArguments): Promise<ConsoleClient> {
    const origin = addressOf(given);
    const own = join(resolve(given.settings.get<string>('path.data')), 'certs', 'ca.crt');
    const file = given.ca ?? (isLoopback(hostOf(origin)) && existsSync(own) ? own : undefined);
    const client = new ConsoleClient(origin, file === undefined ? undefined : readFileSync(file));
    await client.#signIn(given);
    return client;
  }

  /** @throws MillraceError with what the console says */
  async call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await this.#request(method, path, body, AbortSignal.timeout(TIMEOUT_MS));
    return (await readAnswer(response)) as T;
  }

  /** Server-sent events until the console ends them, or the signal. @throws MillraceError */
  async *events<T>(path: string, signal: AbortSignal): AsyncGenerator<T> {
    const response = await this.#request('GET', path, undefined, signal);
    if (response.statusCode !== 200) await readAnswer(response);
    let text = '';
    let isProblem = false;
    try {
      for await (const chunk of response.setEncoding('utf8')) {
        const lines = `${text}${chunk as string}`.split('\n');
        text = lines.pop()!;
        for (const line of lines) {
          if (line.startsWith('event: ')) isProblem = line === 'event: problem';
          else if (line.startsWith('data: ')) {
            const data = JSON.parse(line.slice(6)) as T;
            if (isProblem) throw new MillraceError('ERR_IO', String((data as { error?: string }).error));
            yield data;
          } else if (line === '') isProblem = false;
        }
      }
    } catch (error) {
      if (signal.aborted || error instanceof MillraceError) throw error;
      throw new MillraceError('ERR_IO', `the console has ended the connection: ${(error as Error).message}`);
    } finally {
      response.destroy();
    }
  }

  /** Signs out, where a session was begun. */
  async close(): Promise<void> {
    if (this.#isSession) await this.call('DELETE', '/api/session').catch(() => {});
    this.#isSession = false;
  }

  async #signIn(given: ConsoleArguments): Promise<void> {
    const key = given.apiKeyFromStdin ? (await readStdin()).trim() : process.env['MILLRACE_API_KEY'];
    if (key !== undefined && (given.apiKeyFromStdin || given.user === undefined)) {
      this.#headers = { authorization: `ApiKey ${key}` };
      return;
    }
    const { setup } = await this.call<{ setup: boolean }>('GET', '/api/session');
    if (setup)
      throw new MillraceError(
        'ERR_USAGE',
        `the console has no users yet: open ${this.#origin.origin} and make the first administrator`,
      );
    const name = given.user ?? (process.stdin.isTTY ? await ask(`User at ${this.#origin.origin}: `) : '');
    if (name === '')
      throw new MillraceError(
        'ERR_USAGE',
        'who are you? Give --user NAME, or an API key with --api-key-stdin',
      );
    const password = given.passwordFromStdin
      ? (await readStdin()).replace(/\r?\n$/, '')
      : (process.env['MILLRACE_PASSWORD'] ?? (await ask(`Password of ${name}: `, true)));
    const begin = (totp?: string): Promise<IncomingMessage> =>
      this.#request('POST', '/api/session', { name, password, ...(totp !== undefined && { totp }) });
    let response = await begin();
    let answer = await readAnswer(response).catch((error: unknown) => error);
    if (answer instanceof ConsoleRefusal && answer.reason === 'totp') {
      response = await begin((await ask('Code of your authenticator: ')).trim());
      answer = await readAnswer(response);
    }
    if (answer instanceof Error) throw answer;
    const cookie = (response.headers['set-cookie'] ?? []).map((line) => line.split(';', 1)[0]).join('; ');
    this.#headers = { cookie, 'x-millrace-csrf': String((answer as { csrf?: string }).csrf) };
    this.#isSession = true;
  }

  #request(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<IncomingMessage> {
    const { origin, protocol } = this.#origin;
    const send = protocol === 'https:' ? httpsRequest : httpRequest;
    const text = body === undefined ? undefined : JSON.stringify(body);
    return new Promise((done, fail) => {
      const outgoing = send(
        new URL(path, origin),
        {
          method,
          headers: { ...this.#headers, ...(text !== undefined && { 'content-type': 'application/json' }) },
          ...(this.#ca && { ca: this.#ca }),
          ...(signal && { signal }),
        },
        done,
      );
      outgoing.on('error', (error: NodeJS.ErrnoException) =>
        fail(
          signal?.aborted
            ? error
            : new MillraceError(
                'ERR_IO',
                `no console at ${origin} (${error.code ?? error.message}): is Millrace running, with console.enabled? Another address goes with --url`,
              ),
        ),
      );
      outgoing.end(text);
    });
  }
}

/** What the console does not want to do; `reason` is its code for it. */
class ConsoleRefusal extends MillraceError {
  readonly reason: string;
  constructor(reason: string, message: string) {
    super('ERR_USAGE', message);
    this.reason = reason;
  }
}

/** JSON. @throws ConsoleRefusal, MillraceError */
async function readAnswer(response: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) {
    text += chunk as string;
    if (text.length > MAX_ANSWER) throw new MillraceError('ERR_IO', 'the console answers too much');
  }
  let answer: { error?: unknown; code?: unknown } | null | undefined;
  try {
    answer = JSON.parse(text) as typeof answer;
  } catch {
    // Some other server.
  }
  if (response.statusCode === 200 && answer !== undefined) return answer;
  if (typeof answer?.error !== 'string' || typeof answer.code !== 'string')
    throw new MillraceError(
      'ERR_IO',
      `what answers there is no console of Millrace (${response.statusCode}); the console has a port of its own, console.http.port, 5601 by default`,
    );
  throw new ConsoleRefusal(
    answer.code,
    answer.code === 'signed_out' ? 'the console does not know this API key' : answer.error,
  );
}

const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[(.*)\]$/, '$1');

function addressOf({ url, settings }: ConsoleArguments): URL {
  const parsed = URL.parse(
    url === undefined || /^https?:\/\//.test(url) ? (url ?? ownAddress(settings)) : `http://${url}`,
  );
  if (!parsed)
    throw new MillraceError('ERR_USAGE', `"${url}" is no address: it looks like http://127.0.0.1:5601`);
  if (parsed.protocol !== 'https:' && !isLoopback(hostOf(parsed)))
    throw new MillraceError(
      'ERR_USAGE',
      `${parsed.origin}: a password or key is not sent without TLS to another machine; use https`,
    );
  return parsed;
}

function ownAddress(settings: ProcessSettings): string {
  const host = settings.get<string>('console.http.host');
  const name = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  const isSecure = settings.get<boolean | undefined>('console.http.ssl.enabled') ?? !isLoopback(host);
  const shown = name.includes(':') ? `[${name}]` : name;
  return `${isSecure ? 'https' : 'http'}://${shown}:${settings.get<number>('console.http.port')}`;
}
