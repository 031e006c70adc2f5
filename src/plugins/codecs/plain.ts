import { Event } from '../../event/event.ts';
import { defineCodec } from '../../kernel/plugin.ts';
import { charsetOption, checkCharset, textDecoding } from '../../lib/text/charset-option.ts';
import { textEncoder } from '../../lib/text/event-text.ts';

export const plain = defineCodec({
  kind: 'codec',
  name: 'plain',
  summary: 'Text without any structure: one record is one event, its text the field `message`.',
  ecs: true,
  options: {
    format: {
      type: 'string',
      description:
        'What to write for an event; sprintf allowed. Without it: time, `%{host}` and `%{message}`, separated by spaces.',
    },
    charset: charsetOption,
  },
  examples: [
    { title: 'A record becomes the message', config: '', input: 'hello', output: { message: 'hello' } },
  ],
  differences: [
    'Bytes of `ASCII-8BIT` (`BINARY`) are read as UTF-8, not replaced.',
    'Invalid UTF-8 is replaced by U+FFFD and tagged `_invalid_encoding`, not shown as Ruby escapes.',
  ],
  validate(options, report) {
    checkCharset(options.charset, report);
  },
  create(options, context) {
    const { charset, toText } = textDecoding(options.charset);
    const { text, reads } = textEncoder(options.format);
    const ecs = context.ecs !== 'disabled';
    return {
      ...(charset === undefined ? {} : { charset }),
      wholeText: charset !== undefined,
      decode(record, emit) {
        const message = toText(record);
        emit(new Event(ecs ? { message, event: { original: message } } : { message }));
      },
      encode: text,
      reads,
    };
  },
});
