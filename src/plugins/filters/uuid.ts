import { randomUUID } from 'node:crypto';
import { formatFieldReference, getter, parseFieldReference } from '../../event/field-reference.ts';
import { defineFilter } from '../../kernel/plugin.ts';
import { checkedSetter } from '../../lib/checked-set.ts';

/** Adds a random UUID. */
export const uuid = defineFilter({
  kind: 'filter',
  name: 'uuid',
  summary: 'Adds a random UUID (version 4) to events.',
  options: {
    target: { type: 'string', required: true, description: 'Field that gets the UUID.' },
    overwrite: {
      type: 'boolean',
      default: false,
      description: 'Replace a value that is already there; otherwise it is kept.',
    },
  },
  examples: [
    {
      title: 'A value that is there is kept',
      config: 'uuid { target => "uuid" }',
      input: { uuid: 'mine' },
      output: { uuid: 'mine' },
    },
  ],
  differences: [
    'A target that can not be written (a path through text, `@timestamp`) leaves the event as it is, without the common options; Logstash stops the pipeline.',
  ],
  validate(given, report) {
    try {
      parseFieldReference(given.target);
    } catch (error) {
      report('error', 'target', (error as Error).message);
    }
  },
  reads: (given) => (given.overwrite ? [] : [formatFieldReference(parseFieldReference(given.target))]),
  writes: (given) => [formatFieldReference(parseFieldReference(given.target))],
  create(given, context) {
    const reference = parseFieldReference(given.target);
    const read = getter(reference);
    const write = checkedSetter(reference);
    const { overwrite } = given;
    return {
      filter: (event) => {
        const held = read(event);
        if (!overwrite && held !== undefined && held !== null) return true;
        try {
          write(event, randomUUID());
          return true;
        } catch (error) {
          context.logger.warn({ reason: (error as Error).message }, 'uuid: the target can not be written');
          return false;
        }
      },
    };
  },
});
