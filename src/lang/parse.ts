/**
 * The parser of Logstash's config language: recursive descent over the grammar of lscl_grammar.treetop. Linear in
 * the length of the text; nesting is bounded, so that no text can overflow the stack.
 */
import { suggest } from '../kernel/diagnostic.ts';
import type { Branch, Config, Expression, Section, SectionKind, Statement } from './ast.ts';
import { parseCondition } from './parse-condition.ts';
import { parsePlugin } from './parse-plugin.ts';
import { Scanner } from './scanner.ts';

export { ConfigSyntaxError } from './syntax-error.ts';

export interface ParseOptions {
  /** `config.support_escapes`. */
  readonly supportEscapes: boolean;
}

const SECTIONS: readonly string[] = ['input', 'filter', 'output'];
const isSection = (word: string): word is SectionKind => SECTIONS.includes(word);
const NOT_ELSE_IF = new Set(['elsif', 'elif']);

/**
 * Parses one source.
 * @throws ConfigSyntaxError, and nothing else, for any text
 */
export function parseConfig(source: string, file: string, options: ParseOptions): Config {
  const scanner = new Scanner(source, file, options.supportEscapes);
  const sections: Section[] = [];
  for (scanner.skip(); !scanner.ended; scanner.skip()) sections.push(section(scanner));
  return scanner.lints.length > 0 ? { sections, lints: scanner.lints } : { sections };
}

function section(scanner: Scanner): Section {
  const start = scanner.at;
  const kind = scanner.word();
  if (kind === undefined || !isSection(kind)) failNoSection(scanner, start, kind);
  scanner.skip();
  if (scanner.next !== '{') {
    scanner.fail(`the section \`${kind}\` needs a body`, { expected: `{ behind \`${kind}\`` });
  }
  return { kind, body: body(scanner, kind, start), position: scanner.position(start) };
}

function failNoSection(scanner: Scanner, start: number, word: string | undefined): never {
  const expected = 'one of the sections input { … }, filter { … }, output { … }';
  if (scanner.source[start] === '}') {
    scanner.fail(
      'this } closes nothing',
      { expected, hint: 'there is one } too many before or here' },
      start,
    );
  }
  const near = word === undefined ? undefined : suggest(word, SECTIONS);
  scanner.fail(
    'no section begins here',
    {
      expected,
      ...(near !== undefined
        ? { hint: `did you mean \`${near}\`?` }
        : word === 'if'
          ? { hint: 'conditions stand inside of a section' }
          : word !== undefined && {
              hint: `if \`${word}\` is a plugin, put it into a section; if the text belongs to the section before, there is one } too many above`,
            }),
    },
    start,
  );
}

/** `{ … }` of a section or of an arm of a condition. `owner` began at `start`, for messages. */
function body(scanner: Scanner, owner: string, start: number): Statement[] {
  return scanner.nested(() => {
    const open = scanner.at;
    scanner.take('{');
    const statements: Statement[] = [];
    for (;;) {
      scanner.skip();
      if (scanner.take('}')) return statements;
      if (scanner.ended) {
        scanner.fail(
          `the { of \`${owner}\` is never closed`,
          { expected: 'a } that closes it', found: 'the end of the file', length: 1 },
          open,
        );
      }
      statements.push(statement(scanner, owner, start));
    }
  });
}

function statement(scanner: Scanner, owner: string, ownerStart: number): Statement {
  const start = scanner.at;
  const word = scanner.peekWord();
  if (word === 'if') return branch(scanner);
  const expected = 'a plugin such as `name { … }`, `if`, or }';
  if (word === undefined && scanner.next !== '"' && scanner.next !== "'") {
    scanner.fail('no plugin begins here', {
      expected,
      ...(/[,;]/.test(scanner.next) && { hint: 'plugins are not separated by commas or semicolons' }),
    });
  }
  if (word !== undefined && isSection(word)) {
    scanner.fail(`the section \`${word}\` can not begin inside of \`${owner}\``, {
      expected,
      hint: `a } is missing above: \`${owner}\` began at ${scanner.place(ownerStart)} and is still open`,
    });
  }
  if (word === 'else') {
    scanner.fail('this `else` belongs to no `if`', {
      expected,
      hint: 'it must follow the } of its `if` directly, without a plugin between',
    });
  }
  if (word !== undefined && NOT_ELSE_IF.has(word)) {
    scanner.fail(`\`${word}\` is not a word of the language`, { expected, hint: 'write `else if`' });
  }
  const node = parsePlugin(scanner);
  if (node === undefined) {
    scanner.fail(
      'this plugin has no body',
      {
        expected: word === undefined ? '{ behind the name' : `{ behind \`${word}\``,
        found: behind(scanner, start),
        length: word?.length ?? 1,
      },
      start,
    );
  }
  return node;
}

/** What stands behind the word at `start`. */
function behind(scanner: Scanner, start: number): string {
  scanner.at = start;
  scanner.match(/[A-Za-z0-9_-]+|"[^"]*"|'[^']*'/y);
  scanner.skip();
  const found = scanner.found().text;
  scanner.at = start;
  return found;
}

function branch(scanner: Scanner): Branch {
  const start = scanner.at;
  const arms: { condition: Expression | undefined; body: Statement[]; position: Branch['position'] }[] = [];
  const arm = (word: string, armStart: number, withCondition: boolean): void => {
    let condition: Expression | undefined;
    if (withCondition) {
      scanner.skip();
      condition = parseCondition(scanner);
    }
    scanner.skip();
    if (scanner.next !== '{') failNoArmBody(scanner, word);
    arms.push({ condition, body: body(scanner, word, armStart), position: scanner.position(armStart) });
  };
  scanner.take('if');
  arm('if', start, true);
  for (;;) {
    const end = scanner.at;
    scanner.skip();
    const armStart = scanner.at;
    const word = scanner.peekWord();
    if (word !== undefined && NOT_ELSE_IF.has(word)) {
      scanner.fail(`\`${word}\` is not a word of the language`, {
        expected: '`else if`, `else`, a plugin or }',
        hint: 'write `else if`',
      });
    }
    if (word === 'elseif') {
      scanner.take('elseif');
      arm('else if', armStart, true);
      continue;
    }
    if (word !== 'else') {
      scanner.at = end;
      break;
    }
    scanner.take('else');
    scanner.skip();
    if (scanner.peekWord() === 'if') {
      scanner.take('if');
      arm('else if', armStart, true);
      continue;
    }
    arm('else', armStart, false);
    break;
  }
  return { type: 'branch', arms, position: scanner.position(start) };
}

function failNoArmBody(scanner: Scanner, word: string): never {
  if (word === 'else') {
    scanner.fail('this `else` needs a body', {
      expected: '{ or `if` behind `else`',
      ...(scanner.next === '[' && { hint: 'a condition needs `else if`' }),
    });
  }
  const next = scanner.peekWord();
  const hints: Record<string, string> = {
    '&': 'write `and`',
    '|': 'write `or`',
    '=': 'equality is written ==, a match against a pattern =~',
    '~': 'a match against a pattern is written =~',
    ')': 'there is no ( that it closes',
    ',': 'a comma stands between the elements of a list only; conditions are joined by `and` or `or`',
    '[': 'the names of a field reference stand directly behind each other: [a][b]',
  };
  const hint =
    next === 'then'
      ? 'there is no `then`: the body begins with {'
      : next !== undefined && /^(?:AND|OR|XOR|NAND|IN|NOT)$/.test(next)
        ? `write \`${next.toLowerCase()}\``
        : hints[scanner.next];
  scanner.fail('the condition does not go on like this', {
    expected: 'an operator (==, !=, <, >, <=, >=, =~, !~, in, not in, and, or, xor, nand) or {',
    ...(hint !== undefined && { hint }),
  });
}
