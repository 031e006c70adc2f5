/**
 * The plugins of a config with their places, read tolerantly: half-typed text has an outline, too. The server's parser
 * says what is wrong; this only says where things are, for completion, help and forms.
 */

export type Kind = 'input' | 'filter' | 'output' | 'codec';

export interface OutlineOption {
  readonly name: string;
  readonly from: number;
  /** Of the value; equal: there is none yet. */
  readonly valueFrom: number;
  readonly valueTo: number;
}

export interface OutlinePlugin {
  readonly kind: Kind;
  readonly name: string;
  readonly from: number;
  /** Behind the {, and of the }; the end of the text where it is missing. */
  readonly bodyFrom: number;
  readonly bodyTo: number;
  readonly options: readonly OutlineOption[];
  readonly closed: boolean;
}

/** What may stand where the text ends. */
export type Place =
  | { readonly at: 'section'; readonly from: number }
  | { readonly at: 'statement'; readonly from: number; readonly kind: Kind }
  | { readonly at: 'condition'; readonly from: number }
  | { readonly at: 'option'; readonly from: number; readonly plugin: OutlinePlugin }
  | { readonly at: 'value'; readonly from: number; readonly plugin: OutlinePlugin; readonly option: string }
  /** Inside of a string; `from`: of what is quoted. */
  | {
      readonly at: 'string';
      readonly from: number;
      readonly plugin: OutlinePlugin | undefined;
      readonly option: string | undefined;
    }
  | { readonly at: 'comment' | 'nowhere'; readonly from: number };

export interface Outline {
  readonly plugins: readonly OutlinePlugin[];
  readonly end: Place;
}

const SECTIONS: readonly string[] = ['input', 'filter', 'output'];
const MAX_DEPTH = 200;

export const outline = (text: string): Outline => new Reader(text).read();

/** What may stand at an offset. */
export const placeAt = (text: string, offset: number): Place => outline(text.slice(0, offset)).end;

/** The innermost plugin around an offset, its name included. */
export function pluginAt(plugins: readonly OutlinePlugin[], offset: number): OutlinePlugin | undefined {
  let found: OutlinePlugin | undefined;
  for (const plugin of plugins)
    if (plugin.from <= offset && offset <= plugin.bodyTo + 1 && (!found || plugin.from >= found.from))
      found = plugin;
  return found;
}

type Open = { -readonly [K in keyof OutlinePlugin]: OutlinePlugin[K] } & { options: OutlineOption[] };

class Reader {
  readonly #text: string;
  #at = 0;
  readonly #plugins: OutlinePlugin[] = [];
  #end: Place | undefined;
  /** Around the place that is read. */
  #plugin: Open | undefined;
  #option: string | undefined;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  read(): Outline {
    for (;;) {
      this.#skip();
      const from = this.#at;
      if (this.#ended) return this.#finish({ at: 'section', from });
      const word = this.#word();
      if (word === undefined) {
        this.#at++;
        continue;
      }
      if (this.#ended) return this.#finish({ at: 'section', from });
      this.#skip();
      if (this.#ended) return this.#finish({ at: 'nowhere', from: this.#at });
      if (SECTIONS.includes(word) && this.#take('{')) this.#body(word as Kind);
    }
  }

  #finish(end: Place): Outline {
    return { plugins: this.#plugins, end: this.#end ?? end };
  }

  get #ended(): boolean {
    return this.#end !== undefined || this.#at >= this.#text.length;
  }

  #stop(place: Place): void {
    this.#end ??= place;
    this.#at = this.#text.length;
  }

  /** White space and comments. */
  #skip(): void {
    for (;;) {
      while (/\s/.test(this.#text[this.#at] ?? 'x')) this.#at++;
      if (this.#text[this.#at] !== '#') return;
      const end = this.#text.indexOf('\n', this.#at);
      if (end < 0) {
        this.#stop({ at: 'comment', from: this.#at });
        return;
      }
      this.#at = end + 1;
    }
  }

  #word(): string | undefined {
    const word = /[A-Za-z0-9_-]+/y;
    word.lastIndex = this.#at;
    const found = word.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  #take(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  /** A quoted text; what follows is behind it. */
  #string(): void {
    const quote = this.#text[this.#at]!;
    const from = ++this.#at;
    while (this.#at < this.#text.length) {
      const character = this.#text[this.#at]!;
      if (character === '\\') this.#at += 2;
      else if (character === quote) {
        this.#at++;
        return;
      } else this.#at++;
    }
    this.#stop({ at: 'string', from, plugin: this.#plugin, option: this.#option });
  }

  /** Statements up to the }. */
  #body(kind: Kind): void {
    if (++this.#depth > MAX_DEPTH) {
      this.#stop({ at: 'nowhere', from: this.#at });
      return;
    }
    for (;;) {
      this.#skip();
      const from = this.#at;
      if (this.#ended) {
        this.#stop({ at: 'statement', from, kind });
        break;
      }
      if (this.#take('}')) break;
      const word = this.#word();
      if (word === undefined) {
        this.#at++;
        continue;
      }
      if (this.#ended) {
        this.#stop({ at: 'statement', from, kind });
        break;
      }
      if (word === 'if' || word === 'else') this.#condition(kind);
      else {
        this.#skip();
        if (this.#take('{')) this.#pluginBody(kind, word, from);
        else if (this.#ended) this.#stop({ at: 'nowhere', from: this.#at });
      }
    }
    this.#depth--;
  }

  #condition(kind: Kind): void {
    for (;;) {
      this.#skip();
      if (this.#ended) {
        this.#stop({ at: 'condition', from: this.#at });
        return;
      }
      const character = this.#text[this.#at]!;
      if (character === '{') {
        this.#at++;
        this.#body(kind);
        return;
      }
      if (character === '}') return;
      if (character === '"' || character === "'") this.#string();
      else if (character === '/') this.#regexp();
      else {
        const from = this.#at;
        const token = /\[[^\]\n]*\]?|[A-Za-z0-9_.-]+|[^\s]/y;
        token.lastIndex = from;
        this.#at += token.exec(this.#text)?.[0].length ?? 1;
        if (this.#ended && /[[\w]/.test(this.#text[from]!)) {
          this.#stop({ at: 'condition', from });
          return;
        }
      }
    }
  }

  #regexp(): void {
    const regexp = /\/(?:\\.|[^/\\\n])*\/?/y;
    regexp.lastIndex = this.#at;
    this.#at += regexp.exec(this.#text)?.[0].length ?? 1;
  }

  #pluginBody(kind: Kind, name: string, from: number): void {
    const outer = this.#plugin;
    const outerOption = this.#option;
    const plugin: Open = {
      kind,
      name,
      from,
      bodyFrom: this.#at,
      bodyTo: this.#text.length,
      options: [],
      closed: false,
    };
    this.#plugins.push(plugin);
    this.#plugin = plugin;
    this.#option = undefined;
    while (!this.#options(plugin));
    this.#plugin = outer;
    this.#option = outerOption;
  }

  /** One option; true: the plugin, or the text, has ended. */
  #options(plugin: Open): boolean {
    this.#skip();
    const from = this.#at;
    if (this.#ended) {
      this.#stop({ at: 'option', from, plugin });
      return true;
    }
    if (this.#take('}')) {
      plugin.bodyTo = this.#at - 1;
      plugin.closed = true;
      return true;
    }
    const quoted = /["']/.test(this.#text[from]!);
    if (quoted) this.#string();
    const name = quoted ? this.#text.slice(from + 1, this.#at - 1) : this.#word();
    if (name === undefined) {
      this.#at++;
      return false;
    }
    if (this.#ended) {
      this.#stop({ at: 'option', from, plugin });
      return true;
    }
    this.#skip();
    if (!this.#text.startsWith('=>', this.#at)) {
      if (this.#ended) this.#stop({ at: 'nowhere', from: this.#at });
      return this.#ended;
    }
    this.#at += 2;
    const behindArrow = this.#at;
    this.#skip();
    this.#option = name;
    const valueFrom = this.#at;
    if (this.#ended) {
      this.#stop({ at: 'value', from: valueFrom, plugin, option: name });
      plugin.options.push({ name, from, valueFrom: behindArrow, valueTo: behindArrow });
      return true;
    }
    this.#value(plugin, name);
    plugin.options.push({ name, from, valueFrom, valueTo: Math.min(this.#at, this.#text.length) });
    this.#option = undefined;
    return this.#end !== undefined;
  }

  #value(plugin: Open, option: string): void {
    const from = this.#at;
    const character = this.#text[from]!;
    if (character === '"' || character === "'") {
      this.#string();
      return;
    }
    if (character === '[' || character === '{') {
      this.#brackets();
      return;
    }
    const word = /[^\s{}[\],#"']+/y;
    word.lastIndex = from;
    this.#at += word.exec(this.#text)?.[0].length ?? 1;
    const name = this.#text.slice(from, this.#at);
    if (this.#ended) {
      this.#stop({ at: 'value', from, plugin, option });
      return;
    }
    const behind = this.#at;
    this.#skip();
    if (/^[A-Za-z_]/.test(name) && this.#take('{')) this.#pluginBody('codec', name, from);
    else if (this.#end === undefined) this.#at = behind;
  }

  /** A list or hash, up to its end. */
  #brackets(): void {
    let depth = 0;
    do {
      this.#skip();
      if (this.#ended) {
        this.#stop({ at: 'nowhere', from: this.#at });
        return;
      }
      const character = this.#text[this.#at]!;
      if (character === '"' || character === "'") this.#string();
      else {
        if (character === '[' || character === '{') depth++;
        if (character === ']' || character === '}') depth--;
        this.#at++;
      }
    } while (depth > 0 && this.#end === undefined);
  }
}
