/** Paths of files that depend on events, kept inside the part that does not. */
import { dirname, join, resolve } from 'node:path';
import { compileTemplate } from '../../event/sprintf.ts';
import type { Event } from '../../kernel/event-types.ts';

const PLACEHOLDER = /%\{[^}]+\}/;

/** Is already the first folder of the path left to the events? */
export function startsDynamic(path: string): boolean {
  const first = resolve(path)
    .split('/')
    .find((part) => part !== '');
  return first !== undefined && PLACEHOLDER.test(first);
}

export interface OutputPath {
  /** The path if it is the same for all events. */
  readonly fixedPath: string | undefined;
  /** Undefined when the path of the event leaves the fixed part (`..` in a field). */
  pathOf(event: Event): string | undefined;
  readonly failurePath: string;
}

/** @param failureName file name, in the fixed part, for events without a legal path */
export function outputPath(path: string, failureName: string): OutputPath {
  const whole = resolve(path);
  if (!PLACEHOLDER.test(path)) {
    return { fixedPath: whole, pathOf: () => whole, failurePath: join(dirname(whole), failureName) };
  }
  const parts = whole.split('/');
  const root = parts
    .slice(
      0,
      parts.findIndex((part) => PLACEHOLDER.test(part)),
    )
    .join('/');
  const template = compileTemplate(whole);
  let lastText = '';
  let lastPath: string | undefined;
  const pathOf = (event: Event): string | undefined => {
    const text = template.format(event);
    if (text === lastText) return lastPath;
    const target = resolve(text);
    lastText = text;
    lastPath = target.startsWith(`${root}/`) ? target : undefined;
    return lastPath;
  };
  return { fixedPath: undefined, pathOf, failurePath: join(root === '' ? '/' : root, failureName) };
}
