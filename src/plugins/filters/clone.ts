import { cloneEvent } from '../../event/event.ts';
import type { Event, FieldValue } from '../../kernel/event-types.ts';
import { defineFilter } from '../../kernel/plugin.ts';

/** Duplicates events. */
export const clone = defineFilter({
  kind: 'filter',
  name: 'clone',
  summary: 'Duplicates events; each copy says by `type` (or, with ECS, by a tag) which one it is.',
  options: {
    clones: {
      type: 'array',
      required: true,
      description:
        'One copy is made for each of these names. The copies come before the original; common options apply to them alone.',
    },
  },
  ecs: true,
  examples: [
    {
      title: 'Copies by type',
      config: 'clone { clones => [ "audit" ] add_field => { "copied" => "yes" } }',
      input: { message: 'x' },
      output: [
        { message: 'x', type: 'audit', copied: 'yes' },
        { message: 'x', copied: null },
      ],
    },
    {
      title: 'Copies by tag',
      config: 'clone { clones => [ "audit" ] ecs_compatibility => v8 }',
      input: { message: 'x' },
      output: [{ message: 'x', tags: ['audit'] }, { message: 'x' }],
    },
  ],
  validate(given, report) {
    if (given.clones.length === 0) report('warning', 'clones', 'the list is empty, so no copies are made');
  },
  reads: () => ['tags'],
  writes: () => ['type', 'tags'],
  changesCount: true,
  create(given, context) {
    const names = given.clones.map(String);
    const mark = context.ecs === 'disabled' ? setType : appendTag;
    return {
      filter: (event, emit) => {
        for (let at = 0; at < names.length; at++) {
          const copy = cloneEvent(event);
          mark(copy, names[at]!);
          context.decorate(copy);
          emit(copy);
        }
        return false;
      },
    };
  },
});

function setType(event: Event, name: string): void {
  event.fields['type'] = name;
}

/** Not deduplicated, as in Logstash. */
function appendTag(event: Event, name: string): void {
  const tags: FieldValue = event.fields['tags'];
  if (Array.isArray(tags)) tags.push(name);
  else event.fields['tags'] = tags === undefined || tags === null ? [name] : [tags, name];
}
