/** Colours of Logstash's configs and of the files beside them. The server parses; this only tells words apart. */
import {
  HighlightStyle,
  indentService,
  indentUnit,
  StreamLanguage,
  type StreamParser,
  syntaxHighlighting,
} from '@codemirror/language';
import type { Extension } from '@codemirror/state';
import { tags } from '@lezer/highlight';

interface ConfigState {
  /** Quote of a text that goes on over the end of a line. */
  quote: string | undefined;
  /** Behind `if`, until the {: there regular expressions stand between slashes. */
  condition: boolean;
}

/** Of a text, up to its quote. */
function text(stream: Parameters<StreamParser<ConfigState>['token']>[0], state: ConfigState): string {
  while (!stream.eol()) {
    const character = stream.next();
    if (character === '\\') stream.next();
    else if (character === state.quote) {
      state.quote = undefined;
      break;
    }
  }
  return 'string';
}

const logstash: StreamParser<ConfigState> = {
  name: 'logstash',
  startState: () => ({ quote: undefined, condition: false }),
  token(stream, state) {
    if (state.quote !== undefined) return text(stream, state);
    if (stream.eatSpace()) return null;
    if (stream.peek() === '#') {
      stream.skipToEnd();
      return 'comment';
    }
    const quote = stream.match(/^["']/) as RegExpMatchArray | null;
    if (quote) {
      state.quote = quote[0];
      return text(stream, state);
    }
    if (stream.match(/^(?:input|filter|output)(?=\s*\{)/)) return 'heading';
    if (stream.match(/^(?:if|else)\b/)) {
      state.condition = true;
      return 'keyword';
    }
    if (stream.match(/^(?:and|or|xor|nand|not|in)\b(?!\s*(?:\{|=>))/)) return 'keyword';
    if (state.condition && stream.match(/^\/(?:\\.|[^/\\])*\/?/)) return 'regexp';
    if (state.condition && stream.match(/^\[[^\]]*\]/)) return 'propertyName';
    if (stream.match(/^(?:=>|==|!=|<=|>=|=~|!~|<|>|!)/)) return 'operator';
    if (stream.match(/^(?:true|false)\b/) || stream.match(/^-?\d+(?:\.\d+)?\b/)) return 'number';
    if (stream.match(/^[A-Za-z0-9_-]+(?=\s*\{)/)) return 'className';
    if (stream.match(/^[A-Za-z0-9_-]+(?=\s*=>)/)) return 'attributeName';
    if (stream.eat('{')) {
      state.condition = false;
      return 'bracket';
    }
    if (stream.match(/^[}[\]()]/)) return 'bracket';
    if (!stream.match(/^[A-Za-z0-9_.:-]+/)) stream.next();
    return null;
  },
  languageData: { commentTokens: { line: '#' }, closeBrackets: { brackets: ['{', '[', '"', "'"] } },
};

const yaml: StreamParser<{ block: number | undefined }> = {
  name: 'yaml',
  startState: () => ({ block: undefined }),
  token(stream, state) {
    if (stream.sol() && state.block !== undefined) {
      if (stream.indentation() > state.block || /^\s*$/.test(stream.string)) {
        stream.skipToEnd();
        return 'string';
      }
      state.block = undefined;
    }
    if (stream.eatSpace()) return null;
    if (stream.match(/^#.*/)) return 'comment';
    if (stream.match(/^-(?=\s|$)/)) return 'operator';
    if (stream.match(/^(?:"(?:[^"\\]|\\.)*"|'[^']*'|[^\s#:[\]{},"'][^:#]*?)(?=\s*:(?:\s|$))/))
      return 'attributeName';
    if (stream.match(/^:(?=\s|$)/)) {
      if (/^\s*[|>][-+0-9]*\s*(?:#.*)?$/.test(stream.string.slice(stream.pos)))
        state.block = stream.indentation();
      return 'operator';
    }
    if (stream.match(/^(?:"(?:[^"\\]|\\.)*"?|'[^']*'?)/)) return 'string';
    if (stream.match(/^(?:true|false|null)\b/) || stream.match(/^-?\d+(?:\.\d+)?(?=\s*(?:#|,|\]|\}|$))/))
      return 'number';
    if (stream.match(/^[[\]{},|>]/)) return 'bracket';
    if (!stream.match(/^[^\s#[\]{},]+/)) stream.next();
    return null;
  },
  languageData: { commentTokens: { line: '#' } },
};

/** As the line before, deeper behind an opening bracket; a closing one goes back. */
const indentation = indentService.of((context, offset) => {
  const { doc } = context.state;
  const line = doc.lineAt(offset);
  const isBreak = context.simulatedBreak !== null;
  const before = isBreak ? line : line.number > 1 ? doc.line(line.number - 1) : undefined;
  const after = isBreak ? line.text.slice(offset - line.from) : line.text;
  const head = isBreak ? line.text.slice(0, offset - line.from) : (before?.text ?? '');
  const indent = /^\s*/.exec(before?.text ?? '')![0].length;
  const opens = /[{[]\s*(?:#.*)?$/.test(head) ? 2 : 0;
  return Math.max(0, indent + opens - (/^\s*[}\]]/.test(after) ? 2 : 0));
});

const style = HighlightStyle.define([
  { tag: tags.heading, color: 'var(--code-keyword)', fontWeight: '600' },
  { tag: tags.keyword, color: 'var(--code-keyword)', fontWeight: '600' },
  { tag: tags.className, color: 'var(--code-plugin)', fontWeight: '600' },
  { tag: [tags.attributeName, tags.propertyName], color: 'var(--code-option)' },
  { tag: [tags.string, tags.regexp], color: 'var(--code-string)' },
  { tag: tags.number, color: 'var(--code-number)' },
  { tag: tags.comment, color: 'var(--code-comment)', fontStyle: 'italic' },
  { tag: tags.operator, color: 'var(--code-quiet)' },
]);

export type LanguageName = 'logstash' | 'yaml' | 'plain';

export function languageOf(name: LanguageName): Extension {
  if (name === 'plain') return [];
  return [
    name === 'logstash' ? StreamLanguage.define(logstash) : StreamLanguage.define(yaml),
    syntaxHighlighting(style),
    indentUnit.of('  '),
    ...(name === 'logstash' ? [indentation] : []),
  ];
}
