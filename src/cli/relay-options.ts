/** The arguments of `millrace relay`, checked. */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { MillraceError } from '../kernel/errors.ts';
import { MIN_LOG_BYTES } from '../lib/relay/datagram-log.ts';
import type { Check } from '../lib/relay/receiver-check.ts';
import type { HostPort, RelaySettings } from '../lib/relay/relay.ts';

export interface RelayLogOptions {
  readonly format: 'plain' | 'json';
  readonly quiet: boolean;
}

/** What to do: relay, answer relays, remove what a relay left, or say how to use it. */
export type RelayCommand =
  | { readonly mode: 'help' }
  | { readonly mode: 'purge'; readonly folder: string }
  | {
      readonly mode: 'answer';
      readonly host: string | undefined;
      readonly port: number;
      readonly checks: readonly Check[];
      readonly log: RelayLogOptions;
    }
  | {
      readonly mode: 'relay';
      readonly settings: Omit<RelaySettings, 'logger'>;
      readonly log: RelayLogOptions;
    };

const string = { type: 'string' } as const;
const options = {
  listen: string,
  server: string,
  probe: string,
  'probe-interval': string,
  'probe-timeout': string,
  queue: string,
  'max-bytes': string,
  drop: string,
  rate: string,
  'max-senders': string,
  idle: string,
  status: string,
  answer: string,
  'check-port': { type: 'string', multiple: true },
  'check-process': { type: 'string', multiple: true },
  purge: { type: 'boolean' },
  quiet: { type: 'boolean', short: 'q' },
  'log.format': string,
  help: { type: 'boolean', short: 'h' },
} as const;

/** @throws MillraceError ERR_USAGE that says what to change */
export function parseRelayArguments(argv: readonly string[]): RelayCommand {
  const values = parsed(argv);
  if (values.help || argv.length === 0) return { mode: 'help' };
  const format = oneOf('--log.format', values['log.format'] ?? 'plain', ['plain', 'json']);
  const log = { format, quiet: values.quiet ?? false };
  const folder = resolve(values.queue ?? 'millrace-relay');
  if (values.purge) return { mode: 'purge', folder };
  if (values.answer !== undefined) {
    const checks: Check[] = [
      ...(values['check-process'] ?? []).map((name) => ({ kind: 'process', name }) as const),
      ...(values['check-port'] ?? []).map(portCheck),
    ];
    if (checks.length === 0)
      throw usage('--answer needs something to check: --check-port 1514/udp or --check-process NAME');
    const bare = /^\d+$/.test(values.answer);
    const { host, port } = hostPort('--answer', bare ? `0.0.0.0:${values.answer}` : values.answer, 0);
    return { mode: 'answer', host: bare ? undefined : host, port, checks, log };
  }
  const listen = hostPort('--listen', values.listen ?? '127.0.0.1:1514', 0);
  const server = hostPort('--server', required('--server', values.server));
  if (listen.port === server.port && listen.host === server.host)
    throw usage(`--server is the address that the relay itself listens at: ${values.server}`);
  const interval = number('--probe-interval', values['probe-interval'], 1, 0.05, 3600);
  return {
    mode: 'relay',
    settings: {
      listen,
      server,
      probe: hostPort('--probe', required('--probe', values.probe)),
      probeIntervalMs: interval * 1000,
      probeTimeoutMs: number('--probe-timeout', values['probe-timeout'], interval, 0.01, interval) * 1000,
      folder,
      maxBytes: bytes('--max-bytes', values['max-bytes'] ?? '1gb'),
      drop: oneOf('--drop', values.drop ?? 'oldest', ['oldest', 'newest']),
      rate: number('--rate', values.rate, 1000, 1, 1_000_000),
      maxSenders: number('--max-senders', values['max-senders'], 1000, 1, 20_000),
      idleMs: number('--idle', values.idle, 1800, 1, 86_400) * 1000,
      statusMs: number('--status', values.status, 60, 1, 86_400) * 1000,
    },
    log,
  };
}

function parsed(
  argv: readonly string[],
): ReturnType<typeof parseArgs<{ options: typeof options }>>['values'] {
  try {
    return parseArgs({ args: [...argv], options, allowPositionals: false }).values;
  } catch (error) {
    throw usage((error as Error).message.split('. ')[0]!);
  }
}

const usage = (text: string): MillraceError =>
  new MillraceError('ERR_USAGE', `${text}. See "millrace relay --help".`);

function required(name: string, value: string | undefined): string {
  if (value === undefined) throw usage(`${name} HOST:PORT is missing`);
  return value;
}

/** `host:port` or `[v6]:port`. */
function hostPort(name: string, text: string, leastPort = 1): HostPort {
  const match = /^(?:\[([^\]]+)\]|([^:\s]+)):(\d+)$/.exec(text);
  const port = Number(match?.[3]);
  if (!match || port > 65_535 || port < leastPort)
    throw usage(`${name} wants HOST:PORT such as 127.0.0.1:1514, and is "${text}"`);
  return { host: (match[1] ?? match[2])!, port };
}

function portCheck(text: string): Check {
  const match = /^(\d+)(?:\/(udp|tcp))?$/.exec(text);
  const port = Number(match?.[1]);
  if (!match || port < 1 || port > 65_535)
    throw usage(`--check-port wants a port such as 1514/udp or 514/tcp, and is "${text}"`);
  return { kind: 'port', port, protocol: match[2] === 'tcp' ? 'tcp' : 'udp' };
}

function number(
  name: string,
  text: string | undefined,
  initial: number,
  least: number,
  most: number,
): number {
  if (text === undefined) return initial;
  const value = /^[\d.]+$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= least && value <= most))
    throw usage(`${name} must be a number from ${least} to ${most}, and is "${text}"`);
  return value;
}

function bytes(name: string, text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?$/i.exec(text);
  const value = match
    ? Math.floor(Number(match[1]) * 1024 ** ('kmgt'.indexOf(match[2]!.toLowerCase()) + 1))
    : Number.NaN;
  if (!(value >= MIN_LOG_BYTES)) throw usage(`${name} must be a size of at least 1mb, and is "${text}"`);
  return value;
}

function oneOf<const T extends string>(name: string, text: string, words: readonly T[]): T {
  const found = words.find((word) => word === text);
  if (found === undefined) throw usage(`${name} must be ${words.join(' or ')}, and is "${text}"`);
  return found;
}
