/** The values of an event by field, as text. */
import { parseJson } from '../../../event/json.ts';

const MAX_DEPTH = 200;

/** Values by dotted field name, in the order of the document; objects in arrays are looked through. */
export function flatDocument(source: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  const add = (path: string, value: unknown, depth: number): void => {
    if (value === null || value === undefined || depth > MAX_DEPTH) return;
    if (Array.isArray(value)) for (const one of value) add(path, one, depth + 1);
    else if (typeof value === 'object' && !JSON.isRawJSON(value)) {
      for (const [name, inner] of Object.entries(value))
        add(path === '' ? name : `${path}.${name}`, inner, depth + 1);
    } else {
      const text = typeof value === 'string' ? value : JSON.isRawJSON(value) ? value.rawJSON : String(value);
      const known = found.get(path);
      if (known) known.push(text);
      else found.set(path, [text]);
    }
  };
  add('', parsed(source), 0);
  return found;
}

function parsed(source: string): unknown {
  try {
    return parseJson(source);
  } catch {
    return undefined;
  }
}
