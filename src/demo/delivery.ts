import type { Random } from './random.ts';

/** One message of the demo on its way to a listener. */
export interface Delivery {
  /** Milliseconds since the epoch: when it happened, and when it is sent if that is not over. */
  readonly at: number;
  readonly by: 'syslog' | 'datagram' | 'beats' | 'webhook';
  /** A line of syslog, or JSON. */
  readonly text: string;
}

/** What makes the messages of one minute. */
export interface Scene {
  readonly name: string;
  /** `minute` counts from the epoch; `busy` is about 1 in office hours and less at night. */
  play(minute: number, busy: number, random: Random): Delivery[];
}

export const MINUTE = 60_000;

/** Times of about `count` things in a minute, in no order. */
export function* times(minute: number, count: number, random: Random): Generator<number> {
  // What is left over happens in some minutes only.
  const whole = Math.floor(count) + (random.chance(count % 1) ? 1 : 0);
  for (let made = 0; made < whole; made++) yield minute * MINUTE + Math.floor(random.next() * MINUTE);
}

/** RFC 5424, facility and severity as numbers. */
export function syslog(
  at: number,
  host: string,
  program: string,
  message: string,
  { pid, facility = 3, severity = 6, by = 'syslog' }: SyslogOptions = {},
): Delivery {
  const head = `<${facility * 8 + severity}>1 ${new Date(at).toISOString()} ${host} ${program}`;
  return { at, by, text: `${head} ${pid ?? '-'} - - ${message}` };
}

interface SyslogOptions {
  readonly pid?: number;
  readonly facility?: number;
  readonly severity?: number;
  readonly by?: 'syslog' | 'datagram';
}

/** An event as a Beat of that name sends it. */
export function beat(
  at: number,
  name: 'filebeat' | 'auditbeat' | 'winlogbeat' | 'packetbeat',
  host: object,
  fields: object,
): Delivery {
  const event = {
    '@timestamp': new Date(at).toISOString(),
    '@metadata': { beat: name, type: '_doc', version: '8.19.2' },
    agent: { type: name, version: '8.19.2' },
    ecs: { version: '8.17.0' },
    host,
    ...fields,
  };
  return { at, by: 'beats', text: JSON.stringify(event) };
}

export function webhook(at: number, body: object): Delivery {
  return { at, by: 'webhook', text: JSON.stringify({ '@timestamp': new Date(at).toISOString(), ...body }) };
}
