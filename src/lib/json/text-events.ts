/** Events that stay the JSON text that they came as, where nothing but an output looks at them, and only at the text. */
import { Event } from '../../event/event.ts';
import { parseJson } from '../../event/json.ts';
import { coerceTimestamp } from '../../event/timestamp.ts';
import type { EventText, Event as EventType, Fields, FieldValue } from '../../kernel/event-types.ts';
import { PlainObjectScan } from './plain-object.ts';

/** The event that a text stands for: its fields are made when somebody asks for them, and are what counts from then on. */
export class TextEvent implements EventType {
  text: EventText | undefined;
  cancelled: boolean;
  private event: Event | undefined;
  private readonly complete: (event: Event) => void;

  constructor(text: EventText, complete: (event: Event) => void) {
    this.text = text;
    this.cancelled = false;
    this.event = undefined;
    this.complete = complete;
  }

  get fields(): Fields {
    return this.made().fields;
  }
  set fields(fields: Fields) {
    this.made().fields = fields;
  }
  get metadata(): Fields | undefined {
    return this.made().metadata;
  }
  set metadata(metadata: Fields | undefined) {
    this.made().metadata = metadata;
  }

  private made(): Event {
    if (this.event !== undefined) return this.event;
    const { bytes, from, to, rest } = this.text!;
    this.event = new Event(parseJson(bytes.utf8Slice(from, to) + rest.toString()) as Fields);
    this.complete(this.event);
    this.text = undefined;
    return this.event;
  }
}

/** What an input adds to the events of one sender in a block. */
export interface Additions {
  readonly timestamp: string;
  /** As many as there are `names`; undefined: nothing. */
  readonly values: readonly FieldValue[];
  /** Adds all of that, and what is no field at the top, to an event that was made of its text. */
  complete(event: Event): void;
  /** By what is missing. */
  readonly rests: Map<number, Buffer>;
}

const TIMESTAMP = 0;
const VERSION = 1;
const TAGS = 2;
const METADATA = 3;
const OWN = 4;

/** Makes them. */
export class TextEvents {
  readonly #scan: PlainObjectScan;
  readonly #names: readonly string[];
  readonly #seen: readonly string[];

  private constructor(names: readonly string[], seen: readonly string[]) {
    this.#names = names;
    this.#seen = seen;
    this.#scan = new PlainObjectScan(['@timestamp', '@version', 'tags', '@metadata', ...names, ...seen]);
  }

  /**
   * `names`: fields at the top that an input adds, unless the event has them; `seen`: those that outputs look at. Undefined:
   * these are not all in the text.
   */
  static of(names: readonly string[], seen: readonly string[]): TextEvents | undefined {
    const added = new Set(['@version', ...names]);
    return seen.some((name) => added.has(name)) ? undefined : new TextEvents(names, seen);
  }

  /**
   * The event of a line of UTF-8 that ends with a line feed; undefined: it must be parsed. Reading and writing it would
   * give the same text.
   */
  take(bytes: Buffer, from: number, limit: number, additions: Additions): TextEvent | undefined {
    const end = this.#scan.scan(bytes, from);
    if (end < 0 || bytes[end] !== 0x0a || end - from > limit) return undefined;
    const { starts, ends } = this.#scan;
    if (starts[METADATA]! >= 0 || (starts[TAGS]! >= 0 && !areTags(bytes, starts[TAGS]!, ends[TAGS]!)))
      return undefined;
    let { timestamp } = additions;
    let missing = 0;
    const time = starts[TIMESTAMP]!;
    if (time < 0) missing = 1;
    else {
      const to = ends[TIMESTAMP]! - 1;
      // Other forms of it are brought into this one.
      if (to - time !== 25 || bytes[to] !== 0x22) return undefined;
      timestamp = bytes.latin1Slice(time + 1, to);
      if (coerceTimestamp(timestamp) !== timestamp) return undefined;
    }
    if (starts[VERSION]! < 0) missing |= 2;
    else if (bytes[starts[VERSION]!] === 0x6e) return undefined;
    for (let at = 0; at < this.#names.length; at++)
      if (starts[OWN + at]! < 0 && additions.values[at] !== undefined) missing |= 4 << at;
    let rest = additions.rests.get(missing);
    if (rest === undefined) additions.rests.set(missing, (rest = this.#rest(missing, additions)));
    const seen: Fields = { '@timestamp': timestamp };
    if (this.#seen.length > 0) this.#see(bytes, seen);
    return new TextEvent({ bytes, from, to: end - 1, rest, seen }, additions.complete);
  }

  #see(bytes: Buffer, seen: Fields): void {
    const { starts, ends } = this.#scan;
    const first = OWN + this.#names.length;
    for (const [at, name] of this.#seen.entries()) {
      const from = starts[first + at]!;
      if (from >= 0) seen[name] = parseJson(bytes.utf8Slice(from, ends[first + at]!)) as FieldValue;
    }
  }

  #rest(missing: number, { timestamp, values }: Additions): Buffer {
    let text = '';
    if ((missing & 1) !== 0) text += `,"@timestamp":"${timestamp}"`;
    if ((missing & 2) !== 0) text += ',"@version":"1"';
    for (const [at, name] of this.#names.entries())
      if ((missing & (4 << at)) !== 0) text += `,${JSON.stringify(name)}:${JSON.stringify(values[at])}`;
    return Buffer.from(`${text}}`);
  }
}

/** Text, or a list of texts; others are set aside. */
function areTags(bytes: Buffer, from: number, to: number): boolean {
  const tags: unknown = JSON.parse(bytes.utf8Slice(from, to));
  if (typeof tags === 'string' || tags === null) return true;
  return Array.isArray(tags) && tags.every((tag) => typeof tag === 'string');
}
