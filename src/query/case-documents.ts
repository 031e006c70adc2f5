/** The documents that the cases of `cases.ts` are asked of. */
import type { FieldType } from './field-types.ts';

export interface CaseIndex {
  readonly name: string;
  readonly mapping: Readonly<Record<string, FieldType | 'nested'>>;
  /** By id, in order of writing. */
  readonly documents: Readonly<Record<string, object>>;
}

/** What `now` stands for in the cases: noon. */
export const CASES_NOW: number = Date.UTC(2026, 10, 20, 12);

export const events: CaseIndex = {
  name: 'events',
  mapping: {
    '@timestamp': 'date',
    message: 'text',
    'host.name': 'keyword',
    'user.name': 'keyword',
    'event.code': 'keyword',
    'event.action': 'keyword',
    'event.risk': 'double',
    'source.ip': 'ip',
    'source.port': 'long',
    tags: 'keyword',
    ok: 'boolean',
    bytes: 'long',
    big: 'long',
    path: 'keyword',
    url: 'keyword',
    note: 'keyword',
    labels: 'flattened',
    'dns.answers': 'nested',
    'dns.answers.type': 'keyword',
    'dns.answers.ttl': 'long',
    'dns.answers.name': 'keyword',
    'dns.question': 'keyword',
    raw: 'unindexed',
  },
  documents: {
    1: {
      '@timestamp': '2026-11-20T10:00:00.000Z',
      message: 'Failed password for root from 10.0.0.5 port 22',
      host: { name: 'web-01' },
      user: { name: 'root' },
      event: { code: '4625', action: 'logon-failed', risk: 7.5 },
      source: { ip: '10.0.0.5', port: 51022 },
      tags: ['ssh', 'auth'],
      ok: false,
      bytes: 1200,
      path: '/var/log/auth.log',
    },
    2: {
      '@timestamp': '2026-11-19T23:59:59.999Z',
      message: 'Accepted password for Alice',
      'host.name': 'web-02',
      user: { name: 'Alice' },
      event: { code: 4624, action: 'logon', risk: '1.0' },
      source: { ip: '10.1.2.3', port: '443' },
      tags: 'auth',
      ok: 'true',
      bytes: 0,
    },
    3: {
      '@timestamp': '2026-11-20',
      message: 'Process started: powershell.exe -enc SQBFAFgA',
      host: { name: 'WIN-7' },
      user: { name: 'alice' },
      event: { code: '1', action: 'start', risk: 9 },
      path: 'C:\\Windows\\System32\\powershell.exe',
      tags: [],
      ok: true,
      bytes: -5,
    },
    4: {
      '@timestamp': CASES_NOW,
      message: ['first line', 'second line'],
      host: { name: 'db*01' },
      user: { name: "O'Brien" },
      source: { ip: ['192.168.1.7', '2001:db8::1'], port: [80, 443] },
      tags: ['a b', 'a', 'b'],
      bytes: [1, 10, 100],
      note: 'quote " and backslash \\ and star *',
    },
    5: {
      '@timestamp': '2026-10-31T22:30:00+01:00',
      message: 'Grüße aus Köln, Straße 5',
      host: { name: 'köln' },
      user: { name: 'Jürgen' },
      source: { ip: '::ffff:10.0.0.9' },
      url: 'https://example.com/a?b=c&d=%20',
      note: "'; DROP TABLE events; --",
    },
    6: {
      message: '日本語 ログ',
      host: { name: '東京' },
      user: { name: null },
      event: { code: '0x10', risk: -0.5 },
      source: { ip: '2001:db8::ff', port: 0 },
      tags: ['x', 'x'],
      note: '',
    },
    7: {
      labels: { env: 'prod', 'team.name': 'blue', level: 5, many: ['p', 'q'] },
      note: 'and',
      user: { name: 'root2' },
      dns: {
        question: 'example.com',
        answers: [
          { type: 'A', ttl: 5 },
          { type: 'CNAME', ttl: 600, name: 'a.example' },
        ],
      },
    },
    8: {
      labels: { env: 'dev' },
      dns: { answers: { type: 'A', ttl: 700 } },
      note: 'true',
      raw: { deep: { secret: 'unseen' } },
    },
    9: { big: '9007199254740993', note: 'NOT', path: '/usr/bin/*', bytes: 5.9 },
    10: {},
    11: { message: null, tags: [null], source: { ip: [] }, note: '  spaced  ' },
    12: {
      message: "it's a key: value",
      host: { name: 'web-01.example.com' },
      url: 'HTTP://EXAMPLE.COM/A',
      note: '{"k":"v%_"}',
    },
  },
};
