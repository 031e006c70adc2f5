import { Event } from '../../event/event.ts';
import { defineCodec } from '../../kernel/plugin.ts';
import { rubyDebug } from '../../lib/text/ruby-debug.ts';

export const rubydebug = defineCodec({
  kind: 'codec',
  name: 'rubydebug',
  summary: 'Writes events for reading, in the layout of Ruby’s AmazingPrint.',
  options: {
    metadata: { type: 'boolean', default: false, description: 'Show `@metadata` too, if there is any.' },
  },
  examples: [{ title: 'With what outputs do not send', config: 'metadata => true' }],
  differences: [
    'Fields are shown in the order in which they were set.',
    'Only `@timestamp` is shown as a time without quotes; a float with a whole value has no `.0`.',
    'Logstash can not decode with it; here a record becomes the message, as with `plain`.',
  ],
  create: ({ metadata }) => ({
    charset: 'UTF-8',
    wholeText: true,
    decode: (record, emit) => emit(new Event({ message: String(record) })),
    encode: (event) => rubyDebug(event, metadata),
  }),
});
