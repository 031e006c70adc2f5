import { Event } from '../../event/event.ts';
import { type Codec, defineCodec } from '../../kernel/plugin.ts';
import { compileGrok, GrokError } from '../../lib/grok/compile.ts';
import { readPatternFiles } from '../../lib/grok/pattern-files.ts';
import { runsInTime } from '../../lib/regexp-guard.ts';
import { delimiterIn, encodingFor } from '../../lib/text/charset.ts';
import { charsetOption, checkCharset, textDecoding } from '../../lib/text/charset-option.ts';
import { eventText } from '../../lib/text/event-text.ts';
import { eachPart } from '../../lib/text/split-text.ts';

/** A pattern that can not be run in linear time is watched on lines longer than this. */
const GUARDED_LENGTH = 500;
const TIMEOUT_MILLIS = 1000;

export const multiline = defineCodec({
  kind: 'codec',
  name: 'multiline',
  summary: 'Joins lines that belong together, such as stack traces, into one event.',
  ecs: true,
  stateful: true,
  options: {
    pattern: {
      type: 'string',
      required: true,
      description: 'Regular expression of Ruby, in which grok patterns (`%{TIMESTAMP_ISO8601}`) may stand.',
    },
    what: {
      type: 'string',
      oneOf: ['previous', 'next'],
      required: true,
      description: 'Whether a line that matches belongs to the line before it or to the one behind it.',
    },
    negate: { type: 'boolean', default: false, description: 'Lines that do not match belong to another.' },
    patterns_dir: {
      type: 'array',
      default: [],
      description: 'Folders or files with more grok patterns, lines of a name and its expression.',
    },
    charset: charsetOption,
    multiline_tag: {
      type: 'string',
      default: 'multiline',
      description: 'Tag of events that have more than one line; empty: none.',
    },
    max_lines: {
      type: 'number',
      default: 500,
      min: 1,
      description: 'An event with more lines is ended and tagged `multiline_codec_max_lines_reached`.',
    },
    max_bytes: {
      type: 'bytes',
      default: 10 * 1024 * 1024,
      min: 1,
      description: 'An event with more bytes is ended and tagged `multiline_codec_max_bytes_reached`.',
    },
    auto_flush_interval: {
      type: 'number',
      min: 0,
      description:
        'Seconds without a new line after which what is held becomes an event. Not set: it waits for the next event or the end of the stream.',
    },
  },
  examples: [
    {
      title: 'Lines that begin with white space belong to the line before',
      config: 'pattern => "^\\s" what => "previous"',
      input: 'Error: oops\n  at a\n  at b\nnext',
      output: [{ message: 'Error: oops\n  at a\n  at b', tags: ['multiline'] }, { message: 'next' }],
    },
  ],
  differences: [
    'Empty lines count as lines; Logstash loses those of the file input.',
    'A pattern that takes longer than a second on one line counts as not matched.',
  ],
  validate(options, report) {
    checkCharset(options.charset, report);
    // With folders of patterns it is known when they are read.
    if (options.patterns_dir.length > 0) return;
    try {
      compileGrok(options.pattern);
    } catch (error) {
      report(
        'error',
        'pattern',
        (error as Error).message,
        error instanceof GrokError ? error.hint : undefined,
      );
    }
  },
  delimiter: (options) => delimiterIn('\n', encodingFor(options.charset) ?? 'UTF-8'),
  create(options, context) {
    const patterns = readPatternFiles(options.patterns_dir.map(String), '*');
    const matcher = compileGrok(options.pattern, { patterns, ecs: context.ecs });
    const { charset, encoding, toText } = textDecoding(options.charset);
    const { negate, max_lines: maxLines, max_bytes: maxBytes, multiline_tag: tag } = options;
    const idle = options.auto_flush_interval === undefined ? undefined : options.auto_flush_interval * 1000;
    const previous = options.what === 'previous';
    const ecs = context.ecs !== 'disabled';
    const timeouts = context.counter('timeouts');

    const matches = (line: string): boolean => {
      if (matcher.linear || line.length <= GUARDED_LENGTH) return (matcher.exec(line) !== null) !== negate;
      let found = false;
      const work = (): void => {
        found = matcher.exec(line) !== null;
      };
      if (!runsInTime(TIMEOUT_MILLIS, work)) timeouts.add(1);
      return found !== negate;
    };

    const fork = (): Codec => {
      let lines: string[] = [];
      let bytes = 0;
      let lastLine = 0;
      /** What is held shares no memory with the blocks it came from. */
      let compact = true;
      const isFull = (): boolean => lines.length > maxLines || bytes >= maxBytes;
      const hold = (line: string): void => {
        lines.push(line);
        bytes += Buffer.byteLength(line);
        compact = false;
      };
      const release = (emit: (event: Event) => void): void => {
        if (lines.length === 0) return;
        const message = lines.length === 1 ? lines[0]! : lines.join('\n');
        const event = new Event(ecs ? { message, event: { original: message } } : { message });
        const tags: string[] = [];
        if (lines.length > 1 && tag !== '') tags.push(tag);
        if (bytes >= maxBytes) tags.push('multiline_codec_max_bytes_reached');
        if (lines.length > maxLines) tags.push('multiline_codec_max_lines_reached');
        if (tags.length > 0) event.fields['tags'] = tags;
        lines = [];
        bytes = 0;
        emit(event);
      };
      return {
        ...(charset === undefined ? {} : { charset }),
        delimiter: delimiterIn('\n', encoding),
        stateful: true,
        decode(record, emit) {
          if (idle !== undefined) lastLine = performance.now();
          eachPart(toText(record), '\n', (line) => {
            const belongs = matches(line);
            if (previous) {
              if (!belongs || isFull()) release(emit);
              hold(line);
            } else {
              hold(line);
              if (!belongs || isFull()) release(emit);
            }
          });
        },
        flush(emit, final) {
          if (final || (idle !== undefined && performance.now() - lastLine >= idle)) release(emit);
          else if (!compact) {
            lines = lines.map((line) => Buffer.from(line).toString());
            compact = true;
          }
        },
        get holding() {
          return lines.length > 0;
        },
        encode: eventText,
        fork,
      };
    };
    return fork();
  },
});
