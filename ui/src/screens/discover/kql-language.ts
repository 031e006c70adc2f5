/** Colours of KQL. The server parses it; this only tells names, values and operators apart. */
import { HighlightStyle, StreamLanguage, syntaxHighlighting } from '@codemirror/language';
import { tags } from '@lezer/highlight';

interface KqlState {
  /** Behind an operator a value is expected; in brackets there many of them. */
  value: boolean;
  depth: number;
}

const kql = StreamLanguage.define<KqlState>({
  name: 'kql',
  startState: () => ({ value: false, depth: 0 }),
  token(stream, state) {
    if (stream.eatSpace()) return null;
    if (stream.match(/^(?:and|or|not)(?=[\s()]|$)/i)) {
      if (state.depth === 0) state.value = false;
      return 'keyword';
    }
    if (stream.match(/^(?:<=|>=|:|<|>|~)/)) {
      state.value = true;
      return 'operator';
    }
    if (stream.eat('(')) {
      if (state.value) state.depth++;
      return 'bracket';
    }
    if (stream.eat(')')) {
      if (state.depth > 0 && --state.depth === 0) state.value = false;
      return 'bracket';
    }
    if (stream.match(/^[{}]/)) {
      state.value = false;
      return 'bracket';
    }
    const quoted = stream.match(/^"(?:[^"\\]|\\.)*"?/) !== null;
    const regexp = !quoted && state.value && stream.match(/^\/(?:[^/\\]|\\.)*\/?i?/) !== null;
    if (!quoted && !regexp) stream.match(/^(?:[^\s():<>{}"\\]|\\.)+/) ?? stream.next();
    if (!state.value)
      return /^\s*(?::|<|>|~)/.test(stream.string.slice(stream.pos)) ? 'propertyName' : 'string';
    if (state.depth === 0) state.value = false;
    return regexp ? 'regexp' : 'string';
  },
});

const style = HighlightStyle.define([
  { tag: tags.propertyName, color: 'var(--kql-field)' },
  { tag: tags.string, color: 'var(--kql-value)' },
  { tag: tags.regexp, color: 'var(--kql-value)' },
  { tag: tags.keyword, color: 'var(--kql-keyword)', fontWeight: '600' },
  { tag: tags.operator, color: 'var(--kql-keyword)' },
]);

export const kqlLanguage = [kql, syntaxHighlighting(style)];
