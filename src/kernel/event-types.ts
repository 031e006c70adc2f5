/**
 * What an event is. Field values are JSON values, with two additions: BigInt for integers beyond 2^53, and the
 * objects of `JSON.rawJSON` for numbers that a double would alter. A removed field is `undefined`, never deleted;
 * whoever iterates over fields skips `undefined`. Only own properties are fields.
 */
export type FieldValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | undefined
  | FieldValue[]
  | { [name: string]: FieldValue };

export interface Fields {
  [name: string]: FieldValue;
}

/** JSON of an event's fields, in UTF-8: `bytes` between two offsets, then `rest`. As `JSON.stringify` gives it. */
export interface EventText {
  /** Valid until the event is delivered. */
  readonly bytes: Buffer;
  readonly from: number;
  readonly to: number;
  readonly rest: Buffer;
  /** Its `@timestamp`, and the fields at the top that outputs look at (`OutputPlugin.takesText`). */
  readonly seen: Fields;
}

export interface Event {
  /** All fields, `@timestamp` (ISO 8601 text, UTC) and `@version` among them. Serialised as it is. */
  fields: Fields;
  /** `[@metadata]`: never serialised by outputs. Undefined until something is put there. */
  metadata: Fields | undefined;
  /** Dropped: filters and outputs do not see it any more. */
  cancelled: boolean;
  /** What the fields are as JSON, where that is known and nobody has looked at them: only for outputs with `takesText`. */
  readonly text?: EventText | undefined;
}
