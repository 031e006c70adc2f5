/** Events (in the internal encoding) without fields that a caller may not see. */
import { decodeEvent, encodeEvents } from '../../../event/event-encoding.ts';
import type { FieldValue } from '../../../kernel/event-types.ts';

/** `fields`: names such as `user.name`; `secret.*` hides all below. */
export function eventHider(fields: readonly string[]): (text: string) => string {
  if (fields.length === 0) return (text) => text;
  const paths = fields.map((name) => name.replace(/\.\*$/, '').split('.'));
  return (text) => {
    const event = decodeEvent(text);
    for (const path of paths) {
      hide(event.fields, path);
      if (event.metadata) hide(event.metadata, path);
    }
    return encodeEvents([event]).bytes.toString();
  };
}

/** Dots may stand between objects, or in names. */
function hide(value: FieldValue, path: readonly string[]): void {
  if (Array.isArray(value)) {
    for (const each of value) hide(each, path);
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  for (let length = 1; length <= path.length; length++) {
    const name = path.slice(0, length).join('.');
    if (!Object.hasOwn(value, name)) continue;
    if (length === path.length) value[name] = undefined;
    else hide(value[name], path.slice(length));
  }
}
