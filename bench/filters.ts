/**
 * Nanoseconds an event costs in one filter, on realistic events, without input, output or common options.
 * Run by hand: `node bench/filters.ts [name …]`. Building the events is not counted; the best round is.
 */
import { Event } from '../src/event/event.ts';
import type { Fields } from '../src/kernel/event-types.ts';
import type { FilterPlugin } from '../src/kernel/plugin.ts';
import { clone } from '../src/plugins/filters/clone.ts';
import { date } from '../src/plugins/filters/date.ts';
import { drop } from '../src/plugins/filters/drop.ts';
import { fingerprint } from '../src/plugins/filters/fingerprint.ts';
import { json } from '../src/plugins/filters/json.ts';
import { mutate } from '../src/plugins/filters/mutate.ts';
import { split } from '../src/plugins/filters/split.ts';
import { uuid } from '../src/plugins/filters/uuid.ts';
import { createFilter } from '../test/support/plugin.ts';

const EVENTS = 4096;
const ROUNDS = 60;

/** Text as a decoder makes it, not pieced together. */
const flat = (text: string): string => Buffer.from(text).toString();
const two = (n: number): string => String(n).padStart(2, '0');
/** A clock that moves on a second every `perSecond` events. */
const clock = (n: number, perSecond: number): string => {
  const second = Math.floor(n / perSecond);
  return `${two(10 + Math.floor(second / 3600))}:${two(Math.floor(second / 60) % 60)}:${two(second % 60)}`;
};

const line = (n: number): Fields => ({
  '@timestamp': '2026-11-20T10:00:00.000Z',
  '@version': '1',
  message: flat(
    `10.1.2.${n % 256} - bob [20/Nov/2026:10:00:00 +0100] "GET /shop/item/${n} HTTP/1.1" 200 ${n * 7}`,
  ),
  host: `web-${n % 8}`,
  user: { name: 'Bob', id: n },
  bytes: String(n * 7),
  list: ['one', 'two'],
});
const access =
  (perSecond: number) =>
  (n: number): Fields => ({ ...line(n), t: flat(`20/Nov/2026:${clock(n, perSecond)} +0100`) });
const document = (n: number): Fields => ({
  '@timestamp': '2026-11-20T10:00:00.000Z',
  message: JSON.stringify({
    ts: 1_763_600_000 + n,
    level: 'info',
    logger: 'http.server',
    msg: `request ${n} done`,
    user: { id: n, name: 'Bob' },
    status: 200,
    duration: Math.floor(n / 7) / 1000,
    tags: ['web'],
  }),
});

const cases: readonly [FilterPlugin<any>, string, Record<string, unknown>, (n: number) => Fields][] = [
  [mutate, 'nothing configured', {}, line],
  [mutate, 'rename (scenario f)', { rename: { host: 'hostname' } }, line],
  [
    mutate,
    'rename and two replaces',
    { rename: { host: 'hostname' }, replace: { env: 'prod', dc: 'fra' } },
    line,
  ],
  [mutate, 'rename into a map', { rename: { host: '[host][name]' } }, line],
  [mutate, 'replace with two fields', { replace: { key: '%{host}-%{[user][name]}' } }, line],
  [mutate, 'convert to integer', { convert: { bytes: 'integer' } }, line],
  [mutate, 'gsub of a character', { gsub: ['message', '/', '_'] }, line],
  [mutate, 'gsub with groups', { gsub: ['message', '"(\\w+) ', '"<\\1> '] }, line],
  [mutate, 'lowercase', { lowercase: ['message'] }, line],
  [mutate, 'strip, split, join', { strip: ['host'], split: { host: '-' }, join: { list: ',' } }, line],
  [date, 'Apache, one event a second', { match: ['t', 'dd/MMM/yyyy:HH:mm:ss Z'] }, access(1)],
  [date, 'Apache, a hundred a second', { match: ['t', 'dd/MMM/yyyy:HH:mm:ss Z'] }, access(100)],
  [
    date,
    'syslog, Europe/Berlin',
    { match: ['t', 'MMM  d HH:mm:ss', 'MMM dd HH:mm:ss'], timezone: 'Europe/Berlin' },
    (n) => ({ ...line(n), t: flat(`Nov 20 ${clock(n, 1)}`) }),
  ],
  [
    date,
    'ISO8601 with milliseconds',
    { match: ['t', 'ISO8601'] },
    (n) => ({ ...line(n), t: flat(`2026-11-20T${clock(n, 1)}.${100 + (n % 900)}+01:00`) }),
  ],
  [date, 'UNIX', { match: ['t', 'UNIX'] }, (n) => ({ ...line(n), t: 1_763_600_000 + n })],
  [
    date,
    'UNIX with decimals',
    { match: ['t', 'UNIX'] },
    (n) => ({ ...line(n), t: flat(`${1_763_600_000 + n}.125`) }),
  ],
  [json, '170 bytes, eight names', { source: 'message' }, document],
  [json, 'into a target', { source: 'message', target: 'doc' }, document],
  [drop, 'drop', {}, line],
  [clone, 'one clone', { clones: ['x'] }, line],
  [split, 'five lines', {}, (n) => ({ ...line(n), message: 'one\ntwo\nthree\nfour\nfive' })],
  [uuid, 'uuid', { target: 'uuid' }, line],
  [fingerprint, 'SHA1 of the message', {}, line],
  [
    fingerprint,
    'SHA256 with key, three fields',
    { method: 'SHA256', key: 'k', concatenate_sources: true, source: ['message', 'host', 'bytes'] },
    line,
  ],
  [fingerprint, 'MURMUR3_128 of the message', { method: 'MURMUR3_128' }, line],
];

const wanted = process.argv.slice(2);
const sink: unknown[] = [];
for (const [plugin, title, config, make] of cases) {
  if (wanted.length > 0 && !wanted.includes(plugin.name)) continue;
  const filter = (await createFilter(plugin, config)).filter!;
  const emit = (event: unknown): void => {
    sink[0] = event;
  };
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const events = Array.from({ length: EVENTS }, (_, n) => new Event(make(n)));
    const began = process.hrtime.bigint();
    for (const event of events) filter(event, emit);
    best = Math.min(best, Number(process.hrtime.bigint() - began) / EVENTS);
  }
  process.stdout.write(
    `${plugin.name.padEnd(12)} ${title.padEnd(34)} ${best.toFixed(0).padStart(6)} ns/event\n`,
  );
}
