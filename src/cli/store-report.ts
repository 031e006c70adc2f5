/** What `millrace store` says, as values and as text. */
import { planRetention } from '../store/retention-plan.ts';
import { type Growth, growthOf } from '../store/storage-forecast.ts';
import type {
  IndexInfo,
  RetentionRule,
  SnapshotInfo,
  SnapshotScheduleState,
  StoreStatus,
} from '../store/store.ts';
import { inBytes } from './dlq-letters.ts';

export interface IndexRow {
  readonly name: string;
  readonly dataStream?: string;
  readonly health: string;
  readonly documents: number;
  readonly bytes: number;
  readonly archivedBytes: number;
  /** Of its events, ISO 8601. */
  readonly oldest?: string;
  readonly newest?: string;
  /** Pattern of the rule that holds for it. */
  readonly rule?: string;
  readonly due?: 'age' | 'size';
  readonly deletesAt?: string;
  readonly archivesAt?: string;
}

/** In order of names; what a rule does with one depends on all of them. `only`: those that are wanted. */
export function indexRows(
  all: readonly IndexInfo[],
  rules: readonly RetentionRule[],
  only?: ReadonlySet<string>,
  now = Date.now(),
): IndexRow[] {
  const plans = planRetention(all, rules, now);
  const iso = (time: number | undefined): string | undefined =>
    time === undefined ? undefined : new Date(Math.min(time, MAX_TIME)).toISOString();
  return all
    .filter(({ name }) => only?.has(name) !== false)
    .map((index) => {
      const { rule, due, deletesAt, archivesAt } = plans.get(index)!;
      const archived = index.archivedBytes ?? 0;
      return present({
        name: index.name,
        dataStream: index.dataStream,
        health: index.health,
        documents: index.documents,
        bytes: index.bytes,
        archivedBytes: archived,
        oldest: iso(index.earliest),
        newest: iso(index.latest),
        rule: rule?.pattern,
        due,
        deletesAt: iso(deletesAt),
        archivesAt: archived === 0 ? iso(archivesAt) : undefined,
      }) as unknown as IndexRow;
    });
}

/** What a Date can say. */
const MAX_TIME = 8.64e15;

const present = (values: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));

export interface StatusReport extends StoreStatus {
  readonly place: string;
  readonly indices: number;
  readonly growth: Pick<Growth, 'perDay' | 'documentsPerDay' | 'peak'> & { readonly fullAt?: string };
}

export function statusReport(
  place: string,
  status: StoreStatus,
  indices: readonly IndexInfo[],
  rules: readonly RetentionRule[],
): StatusReport {
  const { days: _, forecast: __, fullAt, ...growth } = growthOf(indices, rules, status.freeBytes, Date.now());
  return {
    place,
    ...status,
    indices: indices.length,
    growth: { ...growth, ...(fullAt !== undefined && { fullAt: new Date(fullAt).toISOString() }) },
  };
}

export function statusText(report: StatusReport): string {
  const { place, health, documents, indices, segments, unsealed, bytes, archive, growth } = report;
  const { freeBytes, diskBytes, tasks = [], problems, snapshotSchedule } = report;
  const rows: (readonly [string, string])[] = [
    ['store', place],
    ['health', health],
    ['events', `${count(documents)} in ${count(indices)} indices`],
    [
      'size',
      `${inBytes(bytes)} in ${count(segments)} segments${unsealed > 0 ? `; ${count(unsealed)} events are not in segments yet` : ''}`,
    ],
    ['disk', `${inBytes(freeBytes)} free${diskBytes === undefined ? '' : ` of ${inBytes(diskBytes)}`}`],
    ...(archive
      ? [
          [
            'archive',
            `${inBytes(archive.bytes)} in ${archive.path}${archive.isThere ? '' : ', NOT THERE'}`,
          ] as const,
        ]
      : []),
    ...(snapshotSchedule
      ? [
          [
            'snapshots',
            `${snapshotSchedule.when}, the next one ${minute(new Date(snapshotSchedule.next).toISOString())} UTC`,
          ] as const,
        ]
      : []),
    ['growth', growthText(growth)],
    ['forecast', forecastText(growth)],
    ...tasks.map(
      ({ text, done, total }) =>
        ['running', `${text}, ${total === 0 ? 0 : Math.floor((done / total) * 100)} %`] as const,
    ),
    ...problems.map((text) => ['PROBLEM', text] as const),
  ];
  return rows.map(([name, text]) => `${name.padEnd(10)}${text}\n`).join('');
}

const growthText = ({ perDay, documentsPerDay = 0 }: StatusReport['growth']): string =>
  perDay === undefined
    ? 'not known yet: the first events came less than an hour ago'
    : `${inBytes(Math.round(perDay))} and ${count(Math.round(documentsPerDay))} events a day`;

function forecastText({ perDay, fullAt, peak }: StatusReport['growth']): string {
  if (perDay === undefined || peak === undefined) return 'not known yet';
  if (fullAt === undefined) return `the disk suffices for a year: ${inBytes(Math.round(peak))} at most`;
  const days = (Date.parse(fullAt) - Date.now()) / 86_400_000;
  return `the disk is full in ${days < 2 ? `${Math.max(0, Math.round(days * 24))} hours` : `${Math.round(days)} days`}, on ${fullAt.slice(0, 10)}`;
}

export function indexTable(rows: readonly IndexRow[]): string {
  if (rows.length === 0) return 'there are no indices\n';
  const total = rows.reduce((sum, { bytes }) => sum + bytes, 0);
  return table(
    ['INDEX', 'HEALTH', '>EVENTS', '>SIZE', '>SHARE', 'OLDEST', 'NEWEST', 'RETENTION'],
    rows.map((row) => [
      row.dataStream === undefined ? row.name : `${row.name} (${row.dataStream})`,
      row.health,
      count(row.documents),
      inBytes(row.bytes),
      total === 0 ? '-' : `${((row.bytes / total) * 100).toFixed(1)} %`,
      minute(row.oldest),
      minute(row.newest),
      fate(row),
    ]),
  );
}

function fate({ due, deletesAt, archivesAt, archivedBytes, rule }: IndexRow): string {
  if (due !== undefined) return due === 'age' ? 'too old: deleted now' : 'too much: deleted now';
  const parts = [
    ...(archivedBytes > 0
      ? ['in the archive']
      : archivesAt === undefined
        ? []
        : [`archived ${day(archivesAt)}`]),
    ...(deletesAt === undefined ? [] : [`deleted ${day(deletesAt)}`]),
  ];
  return parts.length > 0 ? parts.join(', ') : rule === undefined ? 'kept' : `by size (${rule})`;
}

export function retentionText(rules: readonly RetentionRule[], rows: readonly IndexRow[]): string {
  return `${rulesText(rules)}\n${indexTable(rows)}`;
}

export function dueText(rules: readonly RetentionRule[], due: readonly IndexRow[]): string {
  if (rules.length === 0) return 'there are no rules: nothing is ever deleted\n';
  if (due.length === 0) return 'nothing would be deleted now\n';
  const bytes = due.reduce((sum, row) => sum + row.bytes, 0);
  return `${due.length} indices, ${inBytes(bytes)}, would be deleted now:\n${indexTable(due)}`;
}

function rulesText(rules: readonly RetentionRule[]): string {
  if (rules.length === 0) return 'there are no rules: nothing is ever deleted\n';
  const age = (time: number | undefined): string =>
    time === undefined
      ? '-'
      : time % 86_400_000 === 0
        ? `${time / 86_400_000} days`
        : `${+(time / 3_600_000).toFixed(2)} hours`;
  return table(
    ['PATTERN', '>DELETE AFTER', '>AT MOST', '>ARCHIVE AFTER', 'FROM'],
    rules.map(({ pattern, maxAge, maxBytes, archiveAfter, isFixed }) => [
      pattern,
      age(maxAge),
      maxBytes === undefined ? '-' : inBytes(maxBytes),
      age(archiveAfter),
      isFixed ? 'store.retention' : 'the store',
    ]),
  );
}

export function snapshotTable(snapshots: readonly SnapshotInfo[]): string {
  if (snapshots.length === 0) return 'there are no snapshots\n';
  return table(
    ['SNAPSHOT', 'TAKEN', '>INDICES', '>EVENTS', '>SIZE', ''],
    snapshots.map(({ target, taken, indices, bytes, problem = '' }) => {
      const documents = indices.map((index) => index.documents);
      return [
        target,
        taken === undefined ? '-' : minute(new Date(taken).toISOString()),
        count(indices.length),
        documents.includes(undefined) ? '-' : count(documents.reduce<number>((sum, one) => sum + one!, 0)),
        bytes === 0 && documents.includes(undefined) ? '-' : inBytes(bytes),
        problem,
      ];
    }),
  );
}

export function scheduleText(state: SnapshotScheduleState | undefined): string {
  if (!state) return 'no snapshots are made by the clock\n';
  const { when, place, keep, isFixed, next, last } = state;
  const time = (at: number): string => `${minute(new Date(at).toISOString())} UTC`;
  const rows = [
    ['when', when.includes(':') ? `every day at ${when} UTC` : `every ${when.slice(0, -1)} hours`],
    ['where', place === '' ? 'the folder for snapshots' : place],
    ['keep', `${count(keep)} of them`],
    ['next', time(next)],
    ...(last ? [['last', `${time(last.ended)}, ${last.problem ?? last.target}`]] : []),
    ...(isFixed ? [['from', 'store.snapshot.schedule']] : []),
  ];
  return rows.map(([name, text]) => `${name!.padEnd(10)}${text}\n`).join('');
}

const count = (value: number): string => value.toLocaleString('en');
const day = (iso: string): string => iso.slice(0, 10);
const minute = (iso: string | undefined): string =>
  iso === undefined ? '-' : iso.slice(0, 16).replace('T', ' ');

/** Columns that begin with `>` are numbers. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const titles = head.map((title) => title.replace('>', ''));
  const widths = titles.map((title, at) => Math.max(title.length, ...rows.map((row) => row[at]!.length)));
  const line = (cells: readonly string[]): string =>
    `${cells
      .map((cell, at) => (head[at]!.startsWith('>') ? cell.padStart(widths[at]!) : cell.padEnd(widths[at]!)))
      .join('  ')
      .trimEnd()}\n`;
  return [titles, ...rows].map(line).join('');
}
