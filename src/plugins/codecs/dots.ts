import { Event } from '../../event/event.ts';
import { defineCodec } from '../../kernel/plugin.ts';

export const dots = defineCodec({
  kind: 'codec',
  name: 'dots',
  summary: 'Writes a dot for every event, to see or measure that they flow.',
  options: {},
  examples: [{ title: 'See the rate of events in the terminal', config: '' }],
  differences: ['Logstash can not decode with it; here a record becomes the message, as with `plain`.'],
  create: () => ({
    charset: 'UTF-8',
    wholeText: true,
    decode: (record, emit) => emit(new Event({ message: String(record) })),
    encode: () => '.',
    reads: [],
  }),
});
