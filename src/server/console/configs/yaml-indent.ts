/** Finds the line of a YAML file whose indentation is wrong. Parsers point to where they could not go on: often later. */
import type { Diagnostic } from '../../../kernel/diagnostic.ts';

/** Text behind `key: |`: lines that are deeper than the key. */
interface Block {
  readonly key: string;
  readonly keyIndent: number;
  readonly line: number;
  /** Of its first line; undefined until there is one. */
  indent: number | undefined;
}

const SPACES = /^[ \t]*/;
const spaces = (count: number): string => `${count} ${count === 1 ? 'space' : 'spaces'}`;

/** The first fault of indentation; undefined: there is none, whatever else is wrong. */
export function indentFault(file: string, text: string): Diagnostic | undefined {
  return new IndentCheck(file).run(text.split(/\r\n|\n|\r/));
}

class IndentCheck {
  readonly #file: string;
  /** Columns at which keys and list items stand that are still open. */
  #open: number[] = [];
  #block: Block | undefined;
  /** The line before opened a deeper level, or went on with a text. */
  #mayGoDeeper = true;

  constructor(file: string) {
    this.#file = file;
  }

  run(lines: readonly string[]): Diagnostic | undefined {
    for (const [at, line] of lines.entries()) {
      const content = line.trim();
      if (content === '') continue;
      const white = SPACES.exec(line)![0];
      if (!this.#block?.indent && /\t/.test(white) && !content.startsWith('#'))
        return this.#fault(at, white.indexOf('\t'), 1, 'this line is indented with a tab', {
          expected: 'spaces: YAML takes no tabs',
          hint: 'replace the tab by spaces, as many as the lines around it have',
        });
      const fault = this.#line(at, white.length, content);
      if (fault) return fault;
    }
    return undefined;
  }

  #line(at: number, indent: number, content: string): Diagnostic | undefined {
    const block = this.#block;
    if (block) {
      if (block.indent === undefined && indent > block.keyIndent) block.indent = indent;
      if (block.indent !== undefined && indent >= block.indent) return undefined;
      const wanted = block.indent ?? block.keyIndent + 2;
      if (indent > block.keyIndent || !isStructure(content))
        return this.#fault(
          at,
          indent,
          content.length,
          `this line is indented by ${spaces(indent)}, and the text of \`${block.key}\` (line ${block.line}) by ${spaces(wanted)}`,
          {
            expected: `${spaces(wanted)} in front`,
            hint: `indent every line of the text by at least ${spaces(wanted)}`,
          },
        );
      this.#block = undefined;
    }
    if (content.startsWith('#') || /^(?:---|\.\.\.)(?:\s|$)/.test(content)) return undefined;
    return this.#structure(at, indent, content);
  }

  #structure(at: number, indent: number, content: string): Diagnostic | undefined {
    const deepest = this.#open.at(-1) ?? -1;
    if (indent > deepest && !this.#mayGoDeeper && isStructure(content))
      return this.#fault(
        at,
        indent,
        content.length,
        `this line is indented by ${spaces(indent)}, and nothing above it opens a deeper level`,
        {
          expected: this.#levels(),
          hint: `the line before has its value already; to stand beside it, indent by ${spaces(Math.max(0, deepest))}`,
        },
      );
    if (indent < deepest && isStructure(content)) {
      const levels = [...new Set(this.#open)];
      while ((this.#open.at(-1) ?? -1) > indent) this.#open.pop();
      if (this.#open.at(-1) !== indent)
        return this.#fault(
          at,
          indent,
          content.length,
          `this line is indented by ${spaces(indent)}, and no line above it stands there`,
          {
            expected: levels.map(spaces).join(' or '),
            hint: 'keys of one map, and items of one list, stand below each other',
          },
        );
    }
    this.#enter(at, indent, content);
    return undefined;
  }

  /** Notes the levels that a line opens: `- a: |` opens two. */
  #enter(at: number, indent: number, content: string): void {
    let column = indent;
    let rest = content;
    const open = (): void => {
      if (this.#open.at(-1) !== column) this.#open.push(column);
    };
    for (let item = /^-(\s+|$)/.exec(rest); item; item = /^-(\s+|$)/.exec(rest)) {
      open();
      column += item[0].length;
      rest = rest.slice(item[0].length);
    }
    const [, key, value] =
      /^("(?:[^"\\]|\\.)*"|'[^']*'|[^\s#:[\]{}][^:#]*?)\s*:(?:\s+(.*))?$/.exec(rest) ?? [];
    if (key !== undefined) open();
    const shown = (value ?? '').replace(/\s+#.*$/, '');
    if (key !== undefined && /^(?:[&!]\S+\s+)*[|>][-+0-9]*$/.test(shown)) {
      this.#block = {
        key: key.replace(/^["']|["']$/g, ''),
        keyIndent: column,
        line: at + 1,
        indent: undefined,
      };
      this.#mayGoDeeper = false;
    } else
      this.#mayGoDeeper =
        rest === '' ||
        (key === undefined ? true : shown === '' || /^[&!]\S+$/.test(shown) || /^[[{"']/.test(shown));
  }

  #levels(): string {
    return [...new Set(this.#open)].map(spaces).join(' or ');
  }

  #fault(
    at: number,
    column: number,
    length: number,
    message: string,
    more: { expected: string; hint: string },
  ): Diagnostic {
    return {
      file: this.#file,
      line: at + 1,
      column: column + 1,
      length: Math.max(1, length),
      severity: 'error',
      message,
      ...more,
    };
  }
}

/** A list item or a key, not a line of a text. PEM's dashes are neither. */
const isStructure = (content: string): boolean =>
  /^-(?:\s|$)/.test(content) ||
  /^(?:"(?:[^"\\]|\\.)*"|'[^']*'|[^\s#:[\]{}-][^:#]*)\s*:(?:\s|$)/.test(content);
