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

export interface Event {
  /** All fields, `@timestamp` (ISO 8601 text, UTC) and `@version` among them. Serialised as it is. */
  fields: Fields;
  /** `[@metadata]`: never serialised by outputs. Undefined until something is put there. */
  metadata: Fields | undefined;
  /** Dropped: filters and outputs do not see it any more. */
  cancelled: boolean;
}
