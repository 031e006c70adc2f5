/**
 * The real plugins, a codec that throws when it sees `bad`, an output that takes whole blocks, and a filter that ends its worker thread when it sees `crash` in a message: once, or always if its
 * marker can not be written.
 */
import { appendFileSync, existsSync, writeFileSync } from 'node:fs';
import { Event } from '../../src/event/event.ts';
import {
  defineCodec,
  defineFilter,
  defineOutput,
  type Plugin,
  type Registry,
} from '../../src/kernel/plugin.ts';
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

const throwing = defineCodec({
  kind: 'codec',
  name: 'throwing',
  summary: 'Breaks its promise.',
  options: {},
  create: () => ({
    decode(record, emit) {
      if (String(record).includes('bad')) throw new Error('this codec is broken');
      emit(new Event({ message: String(record) }));
    },
    encode: () => '',
  }),
});

const blocks = defineOutput({
  kind: 'output',
  name: 'blocks',
  summary: 'Says of every write how many events it has, and how many writes are under way.',
  takesBlocks: true,
  usesCodec: false,
  options: {
    path: { type: 'string', required: true, description: 'The file to say it in.' },
    together: { type: 'number', required: true, description: 'No write ends before so many are under way.' },
  },
  create: ({ path, together }) => {
    let underWay = 0;
    let go: () => void;
    const enough = new Promise<void>((resolve) => (go = resolve));
    return {
      async write(events) {
        underWay++;
        appendFileSync(
          path,
          `${JSON.stringify({ underWay, messages: events.map(({ fields }) => fields['message']) })}\n`,
        );
        if (underWay >= together) go();
        await enough;
        underWay--;
        return undefined;
      },
      async close() {},
    };
  },
});

const own: Readonly<Record<string, Plugin>> = {
  'filter crash': crash,
  'codec throwing': throwing,
  'output blocks': blocks,
};

export const registry: Registry = {
  load: async (kind, name) => own[`${kind} ${name}`] ?? real.load(kind, name),
  names: (kind) => [
    ...real.names(kind),
    ...Object.values(own).flatMap((plugin) => (plugin.kind === kind ? [plugin.name] : [])),
  ],
};

/** For `testEngine`. */
export const crashing = { url: new URL(import.meta.url), registry };
