/**
 * Branches over a whole batch: parts events by the arm that they take. Conditions with regular expressions that
 * could run for ever are evaluated under a time limit, which one clock keeps for the whole batch.
 */
import type { Event } from '../kernel/event-types.ts';
import { runGuarded } from '../lib/regexp-guard.ts';
import { conditionTexts } from './compile-text.ts';
import { type Bind, compileCondition, conditionNames, needsGuard } from './condition.ts';
import { conditionState } from './condition-values.ts';
import type { GraphBranch, GraphStatement } from './graph.ts';
import { branchesOf } from './graph-walk.ts';

/** Events, and where each stood in the batch. */
interface PlacedList {
  readonly events: Event[];
  readonly places: number[];
}

/** A list for each arm, and those that take none. Events whose condition has no answer are in no list. */
export type Partition = (events: readonly Event[]) => { lists: PlacedList[]; passed: PlacedList };

export interface PartitionInput {
  readonly conditionTimeoutMillis: number;
  /** Passed on to `conditionFailed`. */
  readonly drop: boolean;
  readonly conditionFailed: (branch: string, condition: string, event: Event, drop: boolean) => void;
}

/** The chooser said that a comparison has no answer. */
const NO_ANSWER = -2;

/** Is there a condition in it that needs a time limit? */
export const hasGuard = (statement: GraphStatement): boolean => branchesOf([statement]).some(isGuarded);

const isGuarded = ({ arms }: GraphBranch): boolean =>
  arms.some(({ condition }) => condition !== undefined && needsGuard(condition));

/** Compiles a branch; its arms are the caller's. */
export function compilePartition(
  branch: GraphBranch,
  { conditionTimeoutMillis, drop, conditionFailed }: PartitionInput,
): { source: string; partition: Partition } {
  const { source, choose } = compileChooser(branch);
  const texts = conditionTexts(branch);
  const guarded = isGuarded(branch);
  const partition: Partition = (events) => {
    const lists = branch.arms.map((): PlacedList => ({ events: [], places: [] }));
    const passed: PlacedList = { events: [], places: [] };
    const put = (at: number, arm: number): void => {
      const event = events[at]!;
      if (arm === NO_ANSWER) {
        conditionFailed(branch.id, texts, event, drop);
        return;
      }
      const list = arm < 0 ? passed : lists[arm]!;
      list.events.push(event);
      list.places.push(at);
    };
    if (guarded) chooseGuarded(events, conditionTimeoutMillis, choose, put);
    else for (const [at, event] of events.entries()) put(at, choose(event));
    return { lists, passed };
  };
  return { source, partition };
}

/** The arm an event takes: its index, -1 for none, or NO_ANSWER, with the reason in `conditionState`. */
export function compileChooser(branch: GraphBranch): { source: string; choose: (event: Event) => number } {
  const names: string[] = [];
  const values: unknown[] = [];
  const bind: Bind = (prefix, value) => {
    const name = `${prefix}${names.length}`;
    names.push(name);
    values.push(value);
    return name;
  };
  const choice = branch.arms
    .map(({ condition }, at) =>
      condition ? `${compileCondition(condition, bind).code} ? ${at} : ` : `${at};`,
    )
    .join('\n    ');
  const source = `return function choose(e) {
  let t;
  const arm = ${choice}${branch.arms.at(-1)?.condition ? '-1;' : ''}
  return state.failure === undefined ? arm : ${NO_ANSWER};
};`;
  const make = new Function(...Object.keys(conditionNames), ...names, source);
  return { source, choose: make(...Object.values(conditionNames), ...values) };
}

/** Chooses the arm of each event under a time limit; an event that takes longer has no answer. */
function chooseGuarded(
  events: readonly Event[],
  timeoutMillis: number,
  choose: (event: Event) => number,
  put: (at: number, arm: number) => void,
): void {
  const chosen = new Int32Array(events.length);
  const failures = new Map<number, string>();
  const choice = (at: number): void => {
    conditionState.failure = undefined;
    const arm = choose(events[at]!);
    if (arm === NO_ANSWER) failures.set(at, conditionState.failure!);
    chosen[at] = arm;
  };
  for (let from = 0; from < events.length; ) {
    const slow = runGuarded(events.length, timeoutMillis, choice, from);
    if (slow < 0) break;
    chosen[slow] = NO_ANSWER;
    failures.set(slow, `its regular expression took longer than ${timeoutMillis} ms`);
    from = slow + 1;
  }
  for (const [at, arm] of chosen.entries()) {
    conditionState.failure = failures.get(at);
    put(at, arm);
  }
}
