/**
 * The taps that are open on one pipeline in one worker: take samples of events at a node, before and behind it, never
 * more than asked for. A pipeline without taps has none of these objects, and a batch without samples takes the usual
 * function.
 */
import { encodeEvents } from '../event/event-encoding.ts';
import type { Event } from '../kernel/event-types.ts';
import type { CompiledPipeline, WatchedPipeline } from '../lang/compile.ts';
import type { FilterObserver } from '../lang/compile-watched.ts';
import type { GraphNode, PipelineGraph } from '../lang/graph.ts';
import { pluginNodes } from '../lang/graph-walk.ts';
import type { EventSample, TapRequest } from './messages.ts';

/** Events longer than this as JSON are shown cut off, as a text. */
const MAX_TEXT = 65_536;
/** Of what a filter made of one event. */
const MAX_AFTER = 5;
const MIN_SPAN = 8;
const MAX_SPAN = 4096;

interface Seen {
  readonly before: string;
  readonly made: string[];
  more: number;
}

interface OpenTap {
  readonly request: TapRequest;
  /** Undefined: the whole pipeline. */
  readonly node: GraphNode | undefined;
  /** Samples that may be taken now. */
  tokens: number;
  filledAt: number;
  samples: EventSample[];
  /** Of the block under way: samples that it may still give. */
  budget: number;
  /** Events to let pass before the next sample, so that it is not always the first of a block. */
  skip: number;
  /** Events that came to the node in this block. */
  passed: number;
}

export class Taps {
  readonly #graph: PipelineGraph;
  readonly #compiled: CompiledPipeline;
  readonly #workers: number;
  readonly #open = new Map<number, OpenTap>();
  #watched: WatchedPipeline | undefined;
  /** Events of a batch that go through the watched function; the others take the usual one, which is warm. */
  #span = MIN_SPAN;
  /** Samples taken so far. */
  #spent = 0;

  constructor(graph: PipelineGraph, compiled: CompiledPipeline, workers: number) {
    this.#graph = graph;
    this.#compiled = compiled;
    this.#workers = workers;
  }

  get size(): number {
    return this.#open.size;
  }

  open(request: TapRequest): void {
    const node = pluginNodes(this.#graph).find(({ id }) => id === request.node);
    // After a reload the node may be gone: nothing is seen then.
    if (request.node !== '' && !node) return;
    this.#open.set(request.token, {
      request,
      node,
      tokens: request.all ? request.rate : 1,
      filledAt: performance.now(),
      samples: [],
      budget: 0,
      skip: 0,
      passed: 0,
    });
    this.#watch();
  }

  close(token: number): void {
    if (this.#open.delete(token)) this.#watch();
  }

  #watch(): void {
    const filters = new Set(
      [...this.#open.values()].flatMap(({ node }) => (node?.kind === 'filter' ? [node.id] : [])),
    );
    this.#watched = filters.size === 0 ? undefined : this.#compiled.watch(filters, this.#observer);
  }

  /** The batch under way may still give samples. */
  get wants(): boolean {
    for (const tap of this.#open.values()) if (tap.budget > 0) return true;
    return false;
  }

  /** May a block give samples now? To be asked once for each, with the time. */
  due(now: number): boolean {
    let due = false;
    for (const tap of this.#open.values()) {
      const rate = tap.request.rate / this.#workers;
      tap.tokens = Math.min(Math.max(1, rate), tap.tokens + ((now - tap.filledAt) * rate) / 1000);
      tap.filledAt = now;
      // Some of each batch, so that samples come from many.
      const share = tap.request.all ? tap.tokens : Math.max(1, tap.tokens / 4);
      tap.budget = tap.tokens >= 1 ? Math.floor(share) : 0;
      tap.skip = tap.request.all ? 0 : Math.floor(Math.random() * tap.passed);
      tap.passed = 0;
      if (tap.budget > 0) due = true;
    }
    return due;
  }

  /** What was sampled since the last time. */
  take(token: number): EventSample[] {
    const tap = this.#open.get(token);
    if (!tap) return [];
    const { samples } = tap;
    tap.samples = [];
    return samples;
  }

  /** Events as an input made them. */
  decoded(input: string, events: readonly Event[]): void {
    for (const tap of this.#open.values()) {
      if (tap.node?.id !== input) continue;
      for (const event of some(events, tap)) {
        if (!this.#spend(tap)) break;
        tap.samples.push({ at: Date.now(), after: [textOf(event)] });
      }
    }
  }

  /** Takes a batch through the filters. `outputs[k]`: what output k is to write. */
  run(events: readonly Event[], outputs: Event[][], counters: Float64Array): void | Promise<void> {
    const size = this.#wantsAll ? events.length : Math.min(events.length, this.#span);
    const start = Math.floor(Math.random() * (events.length - size + 1));
    const looked = events.slice(start, start + size);
    const spent = this.#spent;
    const whole = this.#begin(looked);
    const parts = [
      () => this.#compiled.run(events.slice(0, start), outputs, counters),
      () => (this.#watched ?? this.#compiled).run(looked, outputs, counters),
      () => this.#compiled.run(events.slice(start + size), outputs, counters),
    ];
    const result = oneAfterTheOther(size === events.length ? [parts[1]!] : parts, 0);
    const end = (): void => {
      this.#end(whole, outputs);
      // Where few events come to a node, more are looked at until one does.
      this.#span =
        this.#spent > spent ? Math.max(MIN_SPAN, this.#span >> 1) : Math.min(MAX_SPAN, this.#span * 2);
    };
    return result ? result.then(end) : end();
  }

  get #wantsAll(): boolean {
    for (const { request } of this.#open.values()) if (request.all) return true;
    return false;
  }

  flush(final: boolean, outputs: Event[][], counters: Float64Array): void | Promise<void> {
    return (this.#watched ?? this.#compiled).flush(final, outputs, counters);
  }

  /** Of taps of the whole pipeline: the events of the batch as they come. */
  #begin(events: readonly Event[]): { tap: OpenTap; seen: Map<Event, string> }[] {
    const begun: { tap: OpenTap; seen: Map<Event, string> }[] = [];
    for (const tap of this.#open.values()) {
      if (tap.node) continue;
      const seen = new Map<Event, string>();
      for (const event of some(events, tap)) {
        if (!this.#spend(tap)) break;
        seen.set(event, textOf(event));
      }
      if (seen.size > 0) begun.push({ tap, seen });
    }
    return begun;
  }

  #end(whole: { tap: OpenTap; seen: Map<Event, string> }[], outputs: readonly Event[][]): void {
    for (const tap of this.#open.values()) {
      if (tap.node?.kind !== 'output') continue;
      const index = this.#outputIndex(tap.node.id);
      for (const event of some(outputs[index] ?? [], tap)) {
        if (!this.#spend(tap)) break;
        tap.samples.push({ at: Date.now(), after: [textOf(event)] });
      }
    }
    for (const { tap, seen } of whole)
      for (const [event, before] of seen)
        tap.samples.push({ at: Date.now(), before, after: event.cancelled ? [] : [textOf(event)] });
  }

  #spend(tap: OpenTap): boolean {
    if (tap.budget <= 0) return false;
    tap.budget--;
    tap.tokens--;
    this.#spent++;
    return true;
  }

  #outputIndex(id: string): number {
    return pluginNodes(this.#graph)
      .filter(({ kind }) => kind === 'output')
      .findIndex((node) => node.id === id);
  }

  readonly #observer: FilterObserver = {
    before: (node, event): Seen | undefined => {
      let wanted = false;
      for (const tap of this.#open.values()) {
        if (tap.node?.id !== node) continue;
        tap.passed++;
        if (tap.skip > 0) tap.skip--;
        else if (tap.budget > 0) wanted = true;
      }
      return wanted ? { before: textOf(event), made: [], more: 0 } : undefined;
    },
    made: (_node, event, seen) => {
      const { made } = seen as Seen;
      if (made.length < MAX_AFTER) made.push(textOf(event));
      else (seen as Seen).more++;
    },
    after: (node, event, seen) => {
      const { before, made, more } = seen as Seen;
      const after = event.cancelled ? made : [...made, textOf(event)];
      for (const tap of this.#open.values())
        if (tap.node?.id === node && this.#spend(tap))
          tap.samples.push({ at: Date.now(), before, after, ...(more > 0 && { more }) });
    },
  };
}

/** As many events as the tap may take, from anywhere. */
function some(events: readonly Event[], { budget, request }: OpenTap): readonly Event[] {
  if (request.all || events.length <= budget) return events;
  const start = Math.floor(Math.random() * (events.length - budget + 1));
  return events.slice(start, start + budget);
}

function oneAfterTheOther(
  parts: readonly (() => void | Promise<void>)[],
  from: number,
): void | Promise<void> {
  for (let at = from; at < parts.length; at++) {
    const result = parts[at]!();
    if (result) return result.then(() => oneAfterTheOther(parts, at + 1));
  }
}

function textOf(event: Event): string {
  let text: string;
  try {
    text = encodeEvents([event]).bytes.toString();
  } catch (error) {
    return JSON.stringify({ f: { _tap: `can not be shown: ${(error as Error).message}` } });
  }
  if (text.length <= MAX_TEXT) return text;
  return JSON.stringify({ f: { _tap: `${text.length} bytes, the beginning:`, text: text.slice(0, 4096) } });
}
