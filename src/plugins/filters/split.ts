import { addTag, cloneEvent } from '../../event/event.ts';
import {
  formatFieldReference,
  getter,
  parseFieldReference,
  remover,
  setter,
} from '../../event/field-reference.ts';
import type { Event, FieldValue } from '../../kernel/event-types.ts';
import { defineFilter } from '../../kernel/plugin.ts';
import { checkedSetter } from '../../lib/checked-set.ts';

const FAILURE_TAG = '_split_type_failure';

/** Makes one event of each part of a field. */
export const split = defineFilter({
  kind: 'filter',
  name: 'split',
  cutsTexts: true,
  summary: 'Makes one event of each line of a text field, or of each element of a list.',
  options: {
    field: { type: 'string', default: 'message', description: 'Field that is split: text or a list.' },
    terminator: { type: 'string', default: '\n', description: 'What text is split at.' },
    target: {
      type: 'string',
      description: 'Field of the new events that gets the part; the split field itself if not given.',
    },
  },
  examples: [
    {
      title: 'Lines',
      config: 'split { terminator => "|" }',
      input: { message: 'one||two', host: 'h' },
      output: [
        { message: 'one', host: 'h' },
        { message: 'two', host: 'h' },
      ],
    },
    {
      title: 'Elements of a list, into another field',
      config: 'split { field => "[results]" target => "[result]" remove_field => [ "results" ] }',
      input: { results: [{ id: 1 }, { id: 2 }] },
      output: [
        { result: { id: 1 }, results: null },
        { result: { id: 2 }, results: null },
      ],
    },
    {
      title: 'Neither text nor list',
      config: 'split { field => "n" }',
      input: { n: 5 },
      output: { n: 5, tags: [FAILURE_TAG] },
    },
  ],
  differences: [
    'A target that can not be written (a path through text) tags the event as failed; Logstash stops the pipeline.',
  ],
  validate(given, report) {
    for (const option of ['field', 'target'] as const) {
      try {
        if (given[option] !== undefined) parseFieldReference(given[option]);
      } catch (error) {
        report('error', option, (error as Error).message);
      }
    }
  },
  reads: (given) => [formatFieldReference(parseFieldReference(given.field))],
  writes: (given) => [formatFieldReference(parseFieldReference(given.target ?? given.field))],
  changesCount: true,
  create(given, context) {
    const field = parseFieldReference(given.field);
    const read = getter(field);
    const remove = given.target === undefined ? remover(field) : undefined;
    const put = checkedSetter(given.target === undefined ? field : parseFieldReference(given.target));
    const restore = setter(field);
    const { terminator } = given;
    const failed = (event: Event, reason: string): boolean => {
      context.logger.warn({ field: given.field, reason }, 'split: the field can not be split');
      addTag(event, FAILURE_TAG);
      return false;
    };

    const filter = (event: Event, emit: (event: Event) => void): boolean => {
      const value = read(event);
      let parts: readonly FieldValue[];
      if (typeof value === 'string') {
        parts = partsOf(value, terminator);
        // A single part leaves the event as it is.
        if (parts.length === 1) return false;
      } else if (Array.isArray(value)) parts = value;
      else return failed(event, 'neither text nor a list');

      // The list is taken out first, so that it is not copied into every part.
      if (typeof value !== 'string') remove?.(event);
      let first = true;
      for (let at = 0; at < parts.length; at++) {
        const part = parts[at];
        if (part === undefined || part === null || part === '') continue;
        const made = cloneEvent(event);
        try {
          put(made, part);
        } catch (error) {
          // What the target can not hold is known at the first part, except for tags.
          if (!first) continue;
          if (remove !== undefined) restore(event, value);
          return failed(event, (error as Error).message);
        }
        first = false;
        context.decorate(made);
        emit(made);
      }
      event.cancelled = true;
      return false;
    };
    return { filter };
  },
});

/** Ruby's `split(terminator, -1)`, of which empty parts are skipped anyway: one space stands for any white space. */
function partsOf(text: string, terminator: string): string[] {
  if (text === '') return [];
  if (terminator === '') return [...Array.from(text), ''];
  if (terminator !== ' ') return text.split(terminator);
  const parts = text.split(/[\0\t-\r ]+/);
  if (parts[0] === '') parts.shift();
  return parts;
}
