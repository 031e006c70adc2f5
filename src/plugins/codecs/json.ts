import { defineCodec } from '../../kernel/plugin.ts';
import { createJsonDecoder } from '../../lib/json/decoder.ts';
import { charsetOption, checkCharset, textDecoding } from '../../lib/text/charset-option.ts';

export const json = defineCodec({
  kind: 'codec',
  name: 'json',
  summary: 'JSON: an object is one event, a list of objects one event each.',
  ecs: true,
  options: {
    charset: charsetOption,
    target: {
      type: 'field_reference',
      description: 'Where to put what was decoded; the root of the event unless given.',
    },
  },
  examples: [
    {
      title: 'A list becomes several events',
      config: '',
      input: '[{"a":1},{"a":-2}]',
      output: [{ a: 1 }, { a: -2 }],
    },
    {
      title: 'Text that is not JSON is kept and tagged',
      config: '',
      input: 'oops',
      output: { message: 'oops', tags: ['_jsonparsefailure'] },
    },
    {
      title: 'Below a field',
      config: 'target => "[app]"',
      input: '{"user":"ann"}',
      output: { app: { user: 'ann' } },
    },
  ],
  differences: [
    'Integers and decimals of any length keep every digit.',
    'A byte order mark before the text is ignored.',
    'JSON nested deeper than 1000 is kept as text and tagged `_jsonparsefailure`.',
  ],
  validate(options, report) {
    checkCharset(options.charset, report);
  },
  create(options, context) {
    const { toJson } = context;
    const { charset, toText } = textDecoding(options.charset);
    const decode = createJsonDecoder({
      target: options.target,
      original: context.ecs === 'disabled' ? 'none' : 'single',
    });
    return {
      ...(charset === undefined ? {} : { charset }),
      decode: (record, emit) => decode(toText(record), emit),
      encode: (event) => toJson(event.fields),
    };
  },
});
