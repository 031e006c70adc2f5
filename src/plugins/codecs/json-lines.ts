import { Event } from '../../event/event.ts';
import { defineCodec } from '../../kernel/plugin.ts';
import { createJsonDecoder } from '../../lib/json/decoder.ts';
import { delimiterIn, encodingFor } from '../../lib/text/charset.ts';
import { charsetOption, checkCharset, textDecoding } from '../../lib/text/charset-option.ts';
import { eachPart } from '../../lib/text/split-text.ts';

export const jsonLines = defineCodec({
  kind: 'codec',
  name: 'json_lines',
  summary: 'JSON in lines: every line holds an object, or a list of objects.',
  ecs: true,
  options: {
    charset: charsetOption,
    delimiter: { type: 'string', default: '\n', description: 'What ends a line.' },
    decode_size_limit_bytes: {
      type: 'number',
      default: 536_870_912,
      min: 1,
      description:
        'Longer lines are not parsed: their text becomes `message`, tagged `_jsonparsetoobigfailure`.',
    },
    target: {
      type: 'field_reference',
      description: 'Where to put what was decoded; the root of the event unless given.',
    },
  },
  examples: [
    {
      title: 'A line is an event; blank lines are none',
      config: '',
      input: '{"a":1}\n\n{"a":2}\n',
      output: [{ a: 1 }, { a: 2 }],
    },
  ],
  differences: [
    'Works with inputs that hand over single lines too (file, redis).',
    'Integers and decimals of any length keep every digit.',
    'The engine cuts records at its own limit first, if that is smaller than `decode_size_limit_bytes`.',
  ],
  validate(options, report) {
    checkCharset(options.charset, report);
    if (options.delimiter === '') report('error', 'delimiter', 'the delimiter is empty');
  },
  delimiter: (options) => delimiterIn(options.delimiter, encodingFor(options.charset) ?? 'UTF-8'),
  create(options, context) {
    const { toJson } = context;
    const { charset, encoding, toText } = textDecoding(options.charset);
    const { delimiter, decode_size_limit_bytes: limit } = options;
    const parse = createJsonDecoder({
      target: options.target,
      original: context.ecs === 'disabled' ? 'none' : 'each',
    });
    const isPlain = options.target === undefined && context.ecs === 'disabled' && charset === 'UTF-8';
    return {
      ...(charset === undefined ? {} : { charset }),
      ...(isPlain && { jsonObjects: limit }),
      delimiter: delimiterIn(delimiter, encoding),
      decode(record, emit) {
        eachPart(toText(record), delimiter, (text) => {
          // No text has more bytes than three times its length.
          if (text.length * 3 > limit && Buffer.byteLength(text) > limit) emit(tooLong(text));
          else parse(text, emit);
        });
      },
      encode: (event) => toJson(event.fields) + delimiter,
    };
  },
});

function tooLong(message: string): Event {
  return new Event({ message, tags: ['_jsonparsetoobigfailure'] });
}
