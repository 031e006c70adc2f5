/** Results of series of crashes, and what they come to together. */
import type { Judgement, Ledger } from './ledger.ts';
import type { TcpConnection } from './senders.ts';
import type { Moment } from './series.ts';

/** Milliseconds between syncs of what nobody waits for: short, so that rounds can be. */
export const CHECKPOINT_MS = 100;
/** With what a reading, a batch and a commit may take on a machine that is busy with other things. */
const MAX_MS = CHECKPOINT_MS + 500;

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
  /** Connections of which something was taken longer before the kill than may be lost. */
  readonly bounded: number;
  /** How long before the kill the oldest line that was lost had been taken. */
  readonly oldestLostMs: number;
}

export interface TcpPromise {
  /** One worker. */
  readonly ordered: boolean;
  /** Could the queue be full before this kill? */
  fullAt(kill: number): boolean;
}

/**
 * Lines over TCP have no answer. Promised is: what the pipeline took a sync interval before the kill arrives,
 * and with one worker exactly the end of what a connection sent is missing, and all that arrives is in order.
 */
export function addTcp(
  result: Omit<SeriesResult, 'tcp'>,
  connections: readonly TcpConnection[],
  ledger: Ledger,
  { ordered, fullAt }: TcpPromise,
): SeriesResult {
  let [lost, lostTaken, cut, bounded, oldest] = [0, 0, 0, 0, 0];
  const problems = [...result.problems];
  for (const { name, lines, taken, kill, cut: wasCut } of connections) {
    const killedAt = fullAt(kill) ? undefined : ledger.kills[kill];
    if (killedAt !== undefined && taken.some(({ at, lines }) => killedAt - at > MAX_MS && lines > 0))
      bounded++;
    const atEnd = taken.at(-1)?.lines ?? 0;
    let first = 0;
    let last = 0;
    for (let line = 1; line <= lines; line++) {
      if (ledger.hasArrived(name, line)) last = line;
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
    if (ordered && last > first)
      problems.push(`line ${first} of ${name} is lost, though line ${last} arrived`);
    const since = taken.find((each) => each.lines >= first);
    // A queue with room for few events lets what was read wait in memory: nothing is promised.
    if (since === undefined || killedAt === undefined) continue;
    const age = killedAt - since.at;
    oldest = Math.max(oldest, age);
    if (age > MAX_MS)
      problems.push(`line ${first} of ${name} is lost, taken ${age.toFixed()} ms before the kill`);
  }
  return {
    ...result,
    problems,
    tcp: { lost, lostTaken, connections: connections.length, cut, bounded, oldestLostMs: Math.round(oldest) },
  };
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
