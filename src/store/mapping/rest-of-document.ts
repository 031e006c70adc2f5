import { skipValue, space, stringEnd, stringFlags, textOf } from './json-scan.ts';

/** Longer paths are left out. */
const MAX_PATH = 1024;

/** Collects values without a column of their own, by full path, down to the scalars. */
export class RestOfDocument {
  private readonly values = new Map<string, string[]>();

  /** The value between two offsets, which was stepped over before: it is JSON. */
  add(path: string, bytes: Buffer, from: number, to: number): void {
    if (path.length > MAX_PATH) return;
    const byte = bytes[from];
    if (byte === 0x7b) this.members(path, bytes, from + 1, to);
    else if (byte === 0x5b) this.elements(path, bytes, from + 1, to);
    else if (byte !== 0x6e) {
      const values = this.values.get(path);
      const text = scalarText(bytes, from, to);
      if (values === undefined) this.values.set(path, [text]);
      else values.push(text);
    }
  }

  /** `{"a.b":"x","c":[1,"y"]}` */
  toJsonText(): string {
    let text = '';
    for (const [path, values] of this.values) {
      const value = values.length === 1 ? values[0]! : `[${values.join(',')}]`;
      text += `${text === '' ? '{' : ','}${JSON.stringify(path.toWellFormed())}:${value}`;
    }
    return text === '' ? '{}' : `${text}}`;
  }

  private members(path: string, bytes: Buffer, from: number, end: number): void {
    let at = space(bytes, from);
    while (bytes[at] === 0x22) {
      const keyEnd = stringEnd(bytes, at + 1, end);
      const key =
        (stringFlags() & 1) === 0
          ? textOf(bytes, at + 1, keyEnd)
          : (JSON.parse(textOf(bytes, at, keyEnd + 1)) as string);
      at = this.inner(`${path}.${key}`, bytes, space(bytes, space(bytes, keyEnd + 1) + 1), end);
    }
  }

  private elements(path: string, bytes: Buffer, from: number, end: number): void {
    let at = space(bytes, from);
    while (bytes[at] !== 0x5d) at = this.inner(path, bytes, at, end);
  }

  /** Adds the value at an offset; answers where the next member or the end is. */
  private inner(path: string, bytes: Buffer, from: number, end: number): number {
    const to = skipValue(bytes, from, end, 0);
    this.add(path, bytes, from, to);
    const next = space(bytes, to);
    return bytes[next] === 0x2c ? space(bytes, next + 1) : next;
  }
}

function scalarText(bytes: Buffer, from: number, to: number): string {
  const text = textOf(bytes, from, to);
  if (bytes[from] !== 0x22 || !/\\u[dD0]/.test(text)) return text;
  return JSON.stringify((JSON.parse(text) as string).toWellFormed());
}
