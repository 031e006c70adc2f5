import { Event } from '../../event/event.ts';
import { defineCodec } from '../../kernel/plugin.ts';
import { delimiterIn, encodingFor } from '../../lib/text/charset.ts';
import { charsetOption, checkCharset, textDecoding } from '../../lib/text/charset-option.ts';
import { textEncoder } from '../../lib/text/event-text.ts';
import { eachPart } from '../../lib/text/split-text.ts';

export const line = defineCodec({
  kind: 'codec',
  name: 'line',
  summary: 'Text in lines: every line is one event, its text the field `message`.',
  ecs: true,
  options: {
    format: {
      type: 'string',
      description:
        'What to write for an event, before the delimiter; sprintf allowed. Without it: time, `%{host}` and `%{message}`, separated by spaces.',
    },
    charset: charsetOption,
    delimiter: { type: 'string', default: '\n', description: 'What ends a line.' },
  },
  examples: [
    {
      title: 'Lines of one datagram',
      config: '',
      input: 'one\ntwo\n',
      output: [{ message: 'one' }, { message: 'two' }],
    },
  ],
  differences: [
    'Lines in UTF-16 and UTF-32 are split where they end.',
    'Bytes of `ASCII-8BIT` (`BINARY`) are read as UTF-8, not replaced.',
    'Invalid UTF-8 is replaced by U+FFFD and tagged `_invalid_encoding`, not shown as Ruby escapes.',
  ],
  validate(options, report) {
    checkCharset(options.charset, report);
    if (options.delimiter === '') report('error', 'delimiter', 'the delimiter is empty');
  },
  delimiter: (options) => delimiterIn(options.delimiter, encodingFor(options.charset) ?? 'UTF-8'),
  create(options, context) {
    const { charset, encoding, toText } = textDecoding(options.charset);
    const { text, reads } = textEncoder(options.format);
    const { delimiter } = options;
    const ecs = context.ecs !== 'disabled';
    return {
      ...(charset === undefined ? {} : { charset }),
      delimiter: delimiterIn(delimiter, encoding),
      wholeText: charset !== undefined,
      decode(record, emit) {
        eachPart(toText(record), delimiter, (message) =>
          emit(new Event(ecs ? { message, event: { original: message } } : { message })),
        );
      },
      encode: (event) => text(event) + delimiter,
      encodesMessageLine: options.format === '%{message}' && delimiter === '\n' && encoding === 'UTF-8',
      reads,
    };
  },
});
