/** Values of options as plain data, before types: conversion from the syntax tree, and the merge of repeated ones. */
import type { Attribute, PluginNode, Value } from './ast.ts';
import type { Reporter } from './reporter.ts';

/** A plugin given as a value; checked where its kind is known. */
export class NestedNode {
  readonly node: PluginNode;
  constructor(node: PluginNode) {
    this.node = node;
  }
}

export interface RawHash {
  [key: string]: Raw;
}
export type Raw = string | number | bigint | boolean | NestedNode | Raw[] | RawHash;

export const isRawHash = (value: unknown): value is RawHash =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof NestedNode);

/** Plain data of a value. A key twice in one hash is reported. */
function rawValue(value: Value, reporter: Reporter): Raw {
  switch (value.type) {
    case 'plugin':
      return new NestedNode(value);
    case 'string':
      return value.text;
    case 'number':
      return value.value;
    case 'array':
      return value.items.map((item) => rawValue(item, reporter));
    case 'hash': {
      const pairs = new Map<string, Raw>();
      for (const { key, value: inner, position } of value.entries) {
        const name = keyText(key);
        if (pairs.has(name)) {
          reporter.report('error', position, `the key "${name}" stands twice in this hash`, {
            hint: 'Logstash refuses it too: keep one, or put both values into a list',
          });
        }
        pairs.set(name, rawValue(inner, reporter));
      }
      return Object.fromEntries(pairs);
    }
  }
}

function keyText(key: Value): string {
  return key.type === 'string' ? key.text : key.type === 'number' ? String(key.value) : '';
}

/** An option as the config gives it, once or several times. */
export interface RawOption {
  readonly name: string;
  readonly value: Raw;
  /** Where it stands (first). */
  readonly attribute: Attribute;
}

/**
 * The options of a plugin, with repeated ones merged as Logstash does: hashes into one (values of one key into a
 * list), lists and scalars into a list; a scalar repeated in the same words counts once.
 */
export function rawOptions(attributes: readonly Attribute[], reporter: Reporter): Map<string, RawOption> {
  const options = new Map<string, RawOption>();
  for (const attribute of attributes) {
    const { name } = attribute;
    const value = rawValue(attribute.value, reporter);
    const before = options.get(name);
    if (before === undefined) {
      options.set(name, { name, value, attribute });
      continue;
    }
    if (before.value instanceof NestedNode || value instanceof NestedNode) {
      reporter.report('error', attribute.position, `\`${name}\` is given twice`, {
        hint: `only one ${name} is possible: the other stands in line ${before.attribute.position.line}`,
        length: name.length,
      });
      continue;
    }
    if (
      isRawHash(before.value) !== isRawHash(value) &&
      (isRawHash(before.value) || !Array.isArray(before.value))
    ) {
      reporter.report(
        'error',
        attribute.position,
        `\`${name}\` is given twice, as a hash and as something else`,
        {
          hint: 'give both in the same form, they are then merged',
          length: name.length,
        },
      );
      continue;
    }
    options.set(name, { ...before, value: merged(before.value, value) });
  }
  return options;
}

function merged(before: Raw, value: Raw): Raw {
  if (isRawHash(before) && isRawHash(value)) return mergedHashes(before, value);
  if (Array.isArray(before)) return Array.isArray(value) ? [...before, ...value] : [...before, value];
  if (Array.isArray(value)) return [before, ...value];
  return same(before, value) ? before : [before, value];
}

function mergedHashes(before: RawHash, added: RawHash): RawHash {
  const pairs = new Map(Object.entries(before));
  for (const [key, value] of Object.entries(added)) {
    const old = pairs.get(key);
    if (old === undefined) pairs.set(key, value);
    else if (isRawHash(old) && isRawHash(value)) pairs.set(key, mergedHashes(old, value));
    else {
      const values = Array.isArray(old) ? [...old] : [old];
      for (const each of Array.isArray(value) ? value : [value]) {
        if (!values.some((other) => same(other, each))) values.push(each);
      }
      pairs.set(key, values.length === 1 && !Array.isArray(old) ? values[0]! : values);
    }
  }
  return Object.fromEntries(pairs);
}

function same(a: Raw, b: Raw): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object') return false;
  return JSON.stringify(a) === JSON.stringify(b);
}
