/** Results of series of crashes, and what they come to together. */
import type { Judgement, Ledger } from './ledger.ts';
import type { TcpConnection } from './senders.ts';
import type { Moment } from './series.ts';

/** Milliseconds between syncs of what nobody waits for: short, so that rounds can be. */
export const CHECKPOINT_MS = 100;
/** A line that was taken is in a block after the batch delay, 50 ms. */
const IN_BLOCK_MS = 100;

export interface SeriesResult extends Judgement {
  readonly rounds: number;
  readonly seconds: number;
  readonly moments: Readonly<Record<Moment, number>>;
  readonly tcp: TcpResult;
}

/** What became of lines that nobody answered. */
export interface TcpResult {
  readonly lost: number;
  /** Those of them that the pipeline had taken, and not synced. */
  readonly lostTaken: number;
  readonly connections: number;
  /** Connections of which something was lost. */
  readonly cut: number;
  /** Connections of which something must arrive, because later requests were answered. */
  readonly bounded: number;
  /** How long before the kill the oldest line that was lost had been taken. */
  readonly oldestLostMs: number;
}

export interface TcpPromise {
  /** One worker. */
  readonly ordered: boolean;
  /** Of the process that ended with this kill. */
  settingsAt(kill: number): string;
}

/**
 * Lines over TCP have no answer. Promised is: what was taken before requests that were answered arrives, as one sync
 * covers all senders; and with one worker only the end of what a connection sent is missing, and what arrives is in
 * order.
 */
export function addTcp(
  result: Omit<SeriesResult, 'tcp'>,
  connections: readonly TcpConnection[],
  ledger: Ledger,
  { ordered, settingsAt }: TcpPromise,
): SeriesResult {
  let [lost, lostTaken, cut, bounded, oldest] = [0, 0, 0, 0, 0];
  const problems = [...result.problems];
  for (const [index, connection] of connections.entries()) {
    const { name, lines, kill, cut: wasCut } = connection;
    // What waited on the disk was decoded by the same process, and is counted by it, too.
    const former = arrivedSince(kill, connections.slice(0, index), ledger);
    const taken = connection.taken.map(({ at, lines }) => ({ at, lines: lines - former }));
    const killedAt = ledger.kills[kill] ?? Infinity;
    // The last request that was answered before the kill, and one that was answered before it began: while that waited
    // for its answer, what was taken before came into a block.
    const last = ledger.syncs.findLast(({ answeredAt }) => answeredAt < killedAt)?.begunAt ?? 0;
    const before = ledger.syncs.findLast(({ answeredAt }) => answeredAt <= last)?.begunAt ?? 0;
    const synced = taken.findLast(({ at }) => at + IN_BLOCK_MS < before)?.lines ?? 0;
    if (synced > 0) bounded++;
    const atEnd = Math.max(0, taken.at(-1)?.lines ?? 0);
    let first = 0;
    let highest = 0;
    for (let line = 1; line <= lines; line++) {
      if (ledger.hasArrived(name, line)) highest = line;
      else {
        lost++;
        if (line <= atEnd) lostTaken++;
        first ||= line;
      }
    }
    if (ordered && ledger.disordered(name) > 0)
      problems.push(`${ledger.disordered(name)} lines of ${name} came after later ones`);
    if (first === 0) continue;
    cut++;
    if (!wasCut) problems.push(`line ${first} of ${name} is lost without a kill`);
    if (ordered && highest > first)
      problems.push(`line ${first} of ${name} is lost, though line ${highest} arrived`);
    if (first <= synced)
      problems.push(
        `line ${first} of ${name} is lost, and later requests were answered (${settingsAt(kill)})`,
      );
    const since = taken.find((each) => each.lines >= first);
    if (since !== undefined) oldest = Math.max(oldest, killedAt - since.at);
  }
  return {
    ...result,
    problems,
    tcp: { lost, lostTaken, connections: connections.length, cut, bounded, oldestLostMs: Math.round(oldest) },
  };
}

/** Lines of these connections of which a copy arrived after a number of kills. */
function arrivedSince(kill: number, connections: readonly TcpConnection[], ledger: Ledger): number {
  let count = 0;
  for (const { name, lines } of connections)
    for (let line = 1; line <= lines; line++) if (ledger.lastArrival(name, line) >= kill) count++;
  return count;
}

/** Several series as one. */
export function together(results: readonly SeriesResult[]): SeriesResult {
  const sum = (of: (result: SeriesResult) => number): number =>
    results.reduce((total, result) => total + of(result), 0);
  const most = (of: (result: SeriesResult) => number): number => Math.max(...results.map(of));
  const each = <K extends string>(
    of: (result: SeriesResult) => Readonly<Record<K, number>>,
  ): Record<K, number> =>
    Object.fromEntries(
      (Object.keys(of(results[0]!)) as K[]).map((key) => [key, sum((result) => of(result)[key])]),
    ) as Record<K, number>;
  return {
    lost: {
      lumberjack: results.flatMap(({ lost }) => lost.lumberjack),
      http: results.flatMap(({ lost }) => lost.http),
    },
    sent: each(({ sent }) => sent),
    answered: each(({ answered }) => answered),
    arrived: each(({ arrived }) => arrived),
    duplicates: sum(({ duplicates }) => duplicates),
    mostAtOneKill: most(({ mostAtOneKill }) => mostAtOneKill),
    afterBrokenAnswer: sum(({ afterBrokenAnswer }) => afterBrokenAnswer),
    problems: results.flatMap(({ problems }) => problems),
    rounds: sum(({ rounds }) => rounds),
    seconds: sum(({ seconds }) => seconds),
    moments: each(({ moments }) => moments),
    tcp: {
      lost: sum(({ tcp }) => tcp.lost),
      lostTaken: sum(({ tcp }) => tcp.lostTaken),
      connections: sum(({ tcp }) => tcp.connections),
      cut: sum(({ tcp }) => tcp.cut),
      bounded: sum(({ tcp }) => tcp.bounded),
      oldestLostMs: most(({ tcp }) => tcp.oldestLostMs),
    },
  };
}
