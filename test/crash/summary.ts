/** Results of series of crashes, and what they come to together. */
import type { Judgement, Ledger } from './ledger.ts';
import type { TcpConnection } from './senders.ts';
import type { Moment } from './series.ts';

/** Milliseconds between syncs of what nobody waits for: short, so that rounds can be. */
export const CHECKPOINT_MS = 100;

export interface SeriesResult extends Judgement {
  readonly rounds: number;
  readonly seconds: number;
  readonly moments: Readonly<Record<Moment, number>>;
  readonly tcp: TcpResult;
}

/** What became of lines that nobody answered. */
export interface TcpResult {
  readonly lost: number;
  readonly connections: number;
  /** Connections of which something was lost. */
  readonly cut: number;
}

/**
 * Lines over TCP have no answer: what was not synced is lost with the process. With one worker what arrives is in order
 * and only the end of what a connection sent is missing; nothing is missing of connections that were not cut.
 */
export function addTcp(
  result: Omit<SeriesResult, 'tcp'>,
  connections: readonly TcpConnection[],
  ledger: Ledger,
  ordered: boolean,
): SeriesResult {
  let [lost, cut] = [0, 0];
  const problems = [...result.problems];
  for (const { name, lines, cut: wasCut } of connections) {
    let first = 0;
    let highest = 0;
    for (let line = 1; line <= lines; line++) {
      if (ledger.hasArrived(name, line)) highest = line;
      else {
        lost++;
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
  }
  return { ...result, problems, tcp: { lost, connections: connections.length, cut } };
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
      connections: sum(({ tcp }) => tcp.connections),
      cut: sum(({ tcp }) => tcp.cut),
    },
  };
}
