/**
 * Filters whose work is looked at, event by event: a tap. They stand in a plan of their own, so that the plan that
 * events usually take holds nothing of it.
 */
import type { Event } from '../kernel/event-types.ts';
import type { Filter } from '../kernel/plugin.ts';
import type { NodeInfo } from './compile-segment.ts';

/** Looks at events before and behind the filters of some nodes. Must not throw, nor change events. */
export interface FilterObserver {
  /** An event comes to the filter. What is returned is given back behind it; undefined: not interested. */
  before(node: string, event: Event): object | undefined;
  /** The filter and its common options are through with the event, which may be cancelled now. */
  after(node: string, event: Event, seen: object): void;
  /** The filter made an event from one that is looked at. */
  made(node: string, event: Event, seen: object): void;
}

export interface WatchedNode {
  readonly info: NodeInfo;
  /** To be called when the filter threw, behind everything else that is done then. */
  failed(event: Event): void;
}

/** What the compiler is told of a filter in place of its true self. */
export function watchedNode(id: string, info: NodeInfo, observer: FilterObserver): WatchedNode {
  const { filter, decorate } = info;
  if (!filter) return { info, failed: () => {} };
  /** Events inside of the filter, and of its common options. */
  const inside = new Map<Event, object>();
  const enter = (event: Event): object | undefined => {
    const seen = observer.before(id, event);
    if (seen) inside.set(event, seen);
    return seen;
  };
  const leave = (event: Event): void => {
    const seen = inside.size > 0 ? inside.get(event) : undefined;
    if (!seen) return;
    inside.delete(event);
    observer.after(id, event, seen);
  };
  const watched: Filter = {
    ...(filter.filter && {
      filter(event, emit) {
        const seen = enter(event);
        if (!seen) return filter.filter!(event, emit);
        const matched = filter.filter!(event, (made) => {
          observer.made(id, made, seen);
          emit(made);
        });
        if (!matched || !decorate) leave(event);
        return matched;
      },
    }),
    ...(filter.filterBatch && {
      filterBatch(events, emit) {
        for (const event of events) enter(event);
        const result = filter.filterBatch!(events, (made, before) => {
          const seen = inside.size > 0 ? inside.get(events[before]!) : undefined;
          if (seen) observer.made(id, made, seen);
          emit(made, before);
        });
        const finish = (matched: Uint8Array): Uint8Array => {
          if (inside.size > 0)
            for (const [at, event] of events.entries()) if (matched[at] !== 1 || !decorate) leave(event);
          return matched;
        };
        return result instanceof Promise ? result.then(finish) : finish(result);
      },
    }),
    ...(filter.flush && { flush: (emit, final) => filter.flush!(emit, final) }),
  };
  return {
    info: {
      ...info,
      filter: watched,
      decorate:
        decorate &&
        ((event) => {
          decorate(event);
          leave(event);
        }),
    },
    failed: leave,
  };
}
