/**
 * The options that the engine applies for plugins: `add_field`, `remove_field`, `add_tag`, `remove_tag` of filters
 * (in this order, on success), `type`, `add_field`, `tags` of inputs. Compiled once to one function per node.
 */
import { illegalTags } from '../event/event.ts';
import {
  access,
  type FieldReference,
  FieldSetError,
  formatFieldReference,
  getField,
  isUnsafeName,
  parseFieldReference,
  readExpression,
  removeField,
  remover,
  setField,
  setter,
  step,
} from '../event/field-reference.ts';
import { compileTemplate, textOf } from '../event/sprintf.ts';
import { coerceTimestamp } from '../event/timestamp.ts';
import type { Event, Fields, FieldValue } from '../kernel/event-types.ts';
import type { FieldUse } from '../kernel/plugin.ts';

/** @throws FieldSetError, FieldReferenceError where an option can not be applied to an event */
export type Decorate = (event: Event) => void;

/** An input's decorator never throws: what can not be set is left out, and the event gets this tag. */
const INPUT_DECORATION_TAG = '_add_field_failure';

type Given = Readonly<Record<string, unknown>>;

/**
 * Compiles the common options of a node; undefined if it has none.
 * @throws FieldReferenceError, Error for names and templates that can never work
 */
export function compileCommonOptions(kind: 'input' | 'filter', options: Given): Decorate | undefined {
  const code = new DecorateCode();
  if (kind === 'input') {
    if (typeof options['type'] === 'string')
      code.line(`if (f.type === undefined) f.type = ${JSON.stringify(options['type'])};`);
    code.addFields(options['add_field'], true);
    code.addTags(options['tags']);
  } else {
    code.addFields(options['add_field'], false);
    code.removeFields(options['remove_field']);
    code.addTags(options['add_tag']);
    code.removeTags(options['remove_tag']);
  }
  return code.compile();
}

/** Text of the body of one decorate function, and the values that it uses. */
class DecorateCode {
  readonly #lines: string[] = [];
  readonly #names: string[] = [];
  readonly #values: unknown[] = [];

  line(text: string): void {
    this.#lines.push(text);
  }

  compile(): Decorate | undefined {
    if (this.#lines.length === 0) return undefined;
    const body = `"use strict";
return function decorate(event) {
  const f = event.fields;
  let v;
  ${this.#lines.join('\n  ')}
};`;
    return new Function(...Object.keys(helpers), ...this.#names, body)(
      ...Object.values(helpers),
      ...this.#values,
    );
  }

  #bind(prefix: string, value: unknown): string {
    const name = `${prefix}${this.#names.length}`;
    this.#names.push(name);
    this.#values.push(value);
    return name;
  }

  /** A template as an expression. */
  #text(text: string): string {
    const template = compileTemplate(text);
    return template.dynamic ? `${this.#bind('p', template.format)}(event)` : JSON.stringify(text);
  }

  /** One statement for each value; `guarded`: what fails is left out. */
  addFields(option: unknown, guarded: boolean): void {
    for (const [name, given] of Object.entries((option ?? {}) as Fields)) {
      const lines: string[] = [];
      const dynamic = compileTemplate(name).dynamic;
      if (dynamic) lines.push(`const name = ${this.#text(name)};`);
      for (const value of Array.isArray(given) ? given : [given]) {
        lines.push(`v = ${this.#text(textOf(value))};`);
        lines.push(dynamic ? 'addField(event, name, v);' : this.#addStatic(parseFieldReference(name)));
      }
      if (!guarded) this.line(dynamic ? `{ ${lines.join(' ')} }` : lines.join(' '));
      else if (!dynamic && isTop(parseFieldReference(name)) && !isTimestamp(parseFieldReference(name)))
        this.line(lines.join(' '));
      else this.line(`try { ${lines.join(' ')} } catch { tag(event); }`);
    }
  }

  #addStatic(reference: FieldReference): string {
    if (isTimestamp(reference)) return 'addTimestamp(event, v);';
    const value = (old: string) => `${old} === undefined ? v : append(${old}, v)`;
    if (isTop(reference)) {
      const field = `f${access(reference.path[0]!)}`;
      return `${field} = ${value(field)};`;
    }
    const set = this.#bind('set', setter(reference));
    return `{ const old = ${readExpression(reference)}; ${set}(event, ${value('old')}); }`;
  }

  removeFields(option: unknown): void {
    for (const name of texts(option)) {
      if (compileTemplate(name).dynamic) {
        this.line(`removeField(event, ${this.#text(name)});`);
        continue;
      }
      const reference = parseFieldReference(name);
      if (isTop(reference)) {
        const field = `f${access(reference.path[0]!)}`;
        this.line(`if (${field} !== undefined) ${field} = undefined;`);
      } else this.line(`${this.#bind('remove', remover(reference))}(event);`);
    }
  }

  addTags(option: unknown): void {
    const tags = texts(option);
    if (tags.length === 0) return;
    if (tags.some((tag) => compileTemplate(tag).dynamic)) {
      for (const tag of tags) this.line(`v = ${this.#text(tag)}; appendTags(event, [v]);`);
    } else {
      const list = JSON.stringify(tags);
      this.line(`if (f.tags === undefined) f.tags = ${list}; else appendTags(event, ${list});`);
    }
  }

  removeTags(option: unknown): void {
    for (const tag of texts(option)) this.line(`removeTag(event, ${this.#text(tag)});`);
  }
}

/** A field at the top that an assignment sets. */
const isTop = ({ path, metadata }: FieldReference): boolean =>
  !metadata && path.length === 1 && !isUnsafeName(path[0]!);

const isTimestamp = ({ path, metadata }: FieldReference): boolean =>
  !metadata && path.length === 1 && path[0] === '@timestamp';

const texts = (option: unknown): string[] =>
  option === undefined || option === null
    ? []
    : (Array.isArray(option) ? option : [option]).map((item: FieldValue) => textOf(item));

// ---- what the generated functions call -------------------------------------------------------------------

/** A value beside what the field holds already. */
function append(old: FieldValue, value: string): FieldValue {
  if (Array.isArray(old)) {
    old.push(value);
    return old;
  }
  return old === null ? [value] : [old, value];
}

function addField(event: Event, name: string, value: string): void {
  if (isTimestamp(parseFieldReference(name))) {
    addTimestamp(event, value);
    return;
  }
  const old = getField(event, name);
  setField(event, name, old === undefined ? value : append(old, value));
}

/** `@timestamp` is always one time. */
function addTimestamp(event: Event, value: string): void {
  const time = event.fields['@timestamp'] === undefined ? coerceTimestamp(value) : undefined;
  if (time === undefined)
    throw new FieldSetError(`\`@timestamp\` can only be one time, not also ${JSON.stringify(value)}`);
  event.fields['@timestamp'] = time;
}

/** Not deduplicated, as Logstash's decorator. */
function appendTags(event: Event, added: string[]): void {
  const tags = event.fields['tags'];
  if (Array.isArray(tags)) tags.push(...added);
  else if (tags === undefined || tags === null) event.fields['tags'] = added;
  else if (typeof tags === 'string') event.fields['tags'] = [tags, ...added];
  else illegalTags(event).push(...added);
}

function removeTag(event: Event, tag: string): void {
  const tags = event.fields['tags'];
  if (typeof tags === 'string') event.fields['tags'] = tags === tag ? [] : [tags];
  else if (Array.isArray(tags) && tags.includes(tag))
    event.fields['tags'] = tags.filter((each) => each !== tag);
}

function tag(event: Event): void {
  appendTags(event, [INPUT_DECORATION_TAG]);
}

const helpers = { step, append, addField, addTimestamp, removeField, appendTags, removeTag, tag };

// ---- what they read and write ----------------------------------------------------------------------------

/** Fields that common options look at, and those they may create. */
export function commonOptionsUse(
  kind: 'input' | 'filter',
  options: Given,
): { reads: FieldUse; writes: readonly string[] } {
  const reads = new Set<string>();
  const writes = new Set<string>();
  let all = false;
  const template = (text: string): boolean => {
    const { dynamic, references } = compileTemplate(text);
    for (const reference of references) reads.add(formatFieldReference(reference));
    return dynamic;
  };
  for (const [name, given] of Object.entries((options['add_field'] ?? {}) as Fields)) {
    for (const value of Array.isArray(given) ? given : [given]) template(textOf(value));
    // A field that is there already becomes a list, so whether it is there is read.
    if (template(name)) all = true;
    else {
      const field = formatFieldReference(parseFieldReference(name));
      reads.add(field);
      writes.add(field);
    }
  }
  for (const name of kind === 'filter' ? texts(options['remove_field']) : []) template(name);
  const tagOptions = kind === 'filter' ? ['add_tag', 'remove_tag'] : ['tags'];
  for (const tagText of tagOptions.flatMap((option) => texts(options[option]))) {
    template(tagText);
    reads.add('tags');
    writes.add('tags');
  }
  if (kind === 'input' && typeof options['type'] === 'string') {
    reads.add('type');
    writes.add('type');
  }
  return { reads: all ? 'all' : [...reads], writes: [...writes] };
}
