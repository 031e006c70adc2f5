/**
 * The real plugins, and a filter that ends its worker thread when it sees `crash` in a message: once, or always if its
 * marker can not be written.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { defineFilter, type Registry } from '../../src/kernel/plugin.ts';
import { registry as real } from '../../src/plugins/registry.ts';

const crash = defineFilter({
  kind: 'filter',
  name: 'crash',
  summary: 'Ends the thread once.',
  options: {
    marker: { type: 'string', required: true, description: 'A file that says that it has done so.' },
  },
  create: (options) => ({
    filter(event) {
      if (event.fields['message'] === 'crash' && !existsSync(options.marker)) {
        try {
          writeFileSync(options.marker, '');
        } catch {
          // The marker can not be made: this thread ends every time.
        }
        process.exit(1);
      }
      return true;
    },
  }),
});

export const registry: Registry = {
  load: async (kind, name) => (kind === 'filter' && name === 'crash' ? crash : real.load(kind, name)),
  names: (kind) => [...real.names(kind), ...(kind === 'filter' ? ['crash'] : [])],
};
