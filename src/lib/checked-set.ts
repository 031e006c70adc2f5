/** Writing fields as `event.set` does, which refuses what `@timestamp` and `tags` can not hold. */
import {
  type FieldReference,
  parseFieldReference,
  type Setter,
  setField,
  setter,
} from '../event/field-reference.ts';
import { coerceTimestamp } from '../event/timestamp.ts';
import type { Event, FieldValue } from '../kernel/event-types.ts';

/** The field can not hold this value. The message says so in words. */
export class FieldValueError extends Error {
  override name = 'FieldValueError';
}

/** Is it `@timestamp` or `tags` at the top of an event? */
export function isGuarded({ path, metadata }: FieldReference): boolean {
  return path.length === 1 && !metadata && (path[0] === '@timestamp' || path[0] === 'tags');
}

/** Tags are text, a list of text, or null. */
export function isLegalTags(value: FieldValue): boolean {
  if (typeof value === 'string' || value === null) return true;
  return Array.isArray(value) && value.every((tag) => typeof tag === 'string');
}

function setGuarded(event: Event, name: string, value: FieldValue): void {
  if (name === 'tags') {
    if (!isLegalTags(value)) throw new FieldValueError('`tags` holds text or a list of text only');
    event.fields['tags'] = value;
  } else {
    const time = coerceTimestamp(value);
    if (time === undefined) throw new FieldValueError('`@timestamp` holds a time only');
    event.fields['@timestamp'] = time;
  }
}

/**
 * Compiles a writer that throws FieldValueError for a `@timestamp` that is no time and for `tags` that are not text,
 * and FieldSetError where the path goes through a scalar.
 */
export function checkedSetter(reference: FieldReference): Setter {
  if (!isGuarded(reference)) return setter(reference);
  const name = reference.path[0]!;
  return (event, value) => setGuarded(event, name, value);
}

/** As `checkedSetter`, by text known only at run time. @throws FieldReferenceError, too */
export function setChecked(event: Event, text: string, value: FieldValue): void {
  const reference = parseFieldReference(text);
  if (isGuarded(reference)) setGuarded(event, reference.path[0]!, value);
  else setField(event, text, value);
}
