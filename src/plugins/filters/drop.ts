import { defineFilter } from '../../kernel/plugin.ts';

/** Drops events. */
export const drop = defineFilter({
  kind: 'filter',
  name: 'drop',
  summary: 'Drops every event that reaches it, or a share of them.',
  options: {
    percentage: {
      type: 'number',
      default: 100,
      description: 'Share of the events that is dropped, by chance.',
    },
  },
  examples: [
    { title: 'Usually inside a condition', config: 'drop { }', input: { message: 'noise' }, output: [] },
    {
      title: 'Nothing is dropped at 0 percent',
      config: 'drop { percentage => 0 }',
      input: { message: 'kept' },
      output: { message: 'kept' },
    },
  ],
  reads: () => [],
  changesCount: true,
  create({ percentage }) {
    if (percentage === 100) {
      return {
        filter: (event) => {
          event.cancelled = true;
          return false;
        },
      };
    }
    const share = percentage / 100;
    return {
      filter: (event) => {
        if (Math.random() < share) event.cancelled = true;
        return false;
      },
    };
  },
});
