/** Plugins and the values of their options. */
import type { Attribute, PluginNode, Value } from './ast.ts';
import type { Scanner } from './scanner.ts';
import { isSecretName } from './secrets.ts';

/** A plugin `name { … }`; undefined, and nothing taken, if no { follows the name. */
export function parsePlugin(scanner: Scanner): PluginNode | undefined {
  const start = scanner.at;
  const name = scanner.word() ?? scanner.string();
  if (name === undefined) return undefined;
  scanner.skip();
  if (scanner.next !== '{') {
    scanner.at = start;
    return undefined;
  }
  if (name === '') scanner.fail('the name of this plugin is empty', {}, start);
  return scanner.nested(() => {
    const open = scanner.at;
    scanner.take('{');
    return {
      type: 'plugin',
      name,
      attributes: attributes(scanner, name, open),
      position: scanner.position(start),
    };
  });
}

function attributes(scanner: Scanner, plugin: string, open: number): Attribute[] {
  const list: Attribute[] = [];
  let separated = true;
  for (;;) {
    separated = scanner.skipSpace() || separated;
    const comment = scanner.next === '#' ? scanner.at : -1;
    scanner.skip();
    if (scanner.take('}')) return list;
    if (scanner.ended) {
      scanner.fail(
        `the { of \`${plugin}\` is never closed`,
        { expected: 'a } that closes it', found: 'the end of the file', length: 1 },
        open,
      );
    }
    if (!separated) failNotSeparated(scanner, comment);
    list.push(attribute(scanner, plugin, open));
    separated = false;
  }
}

function failNotSeparated(scanner: Scanner, comment: number): never {
  if (comment >= 0) {
    scanner.fail(
      'the comment stands directly behind the value',
      { expected: 'white space between a value and a comment, if more options follow', length: 1 },
      comment,
    );
  }
  if (scanner.next === ',' || scanner.next === ';') {
    scanner.fail(`options are not separated by \`${scanner.next}\``, {
      expected: 'white space and the next option, or }',
      length: 1,
      hint: `remove the ${scanner.next === ',' ? 'comma' : 'semicolon'}`,
    });
  }
  failBehindValue(scanner, 'white space and the next option, or }');
}

/** Text that touches a value: mostly quotes that are missing, or one that closed too early. */
function failBehindValue(scanner: Scanner, expected: string): never {
  const before = scanner.source[scanner.at - 1]!;
  if (/[\w.-]/.test(before) && /[^\s,;{}[\]"'#]/.test(scanner.next)) {
    let start = scanner.at;
    while (start > 0 && /[^\s,{}[\]"'#>]/.test(scanner.source[start - 1]!)) start--;
    const { length } = scanner.found(start);
    scanner.fail(
      'this text needs quotes',
      {
        expected: 'a quoted string, a word of letters, digits and _, or a number',
        length,
        hint: quoted(scanner, start),
      },
      start,
    );
  }
  const hint = before === '"' || before === "'" ? stringHint(scanner) : undefined;
  scanner.fail('the value ends here, but text goes on', { expected, ...(hint !== undefined && { hint }) });
}

/** Why the string that ends at the cursor probably ends at the wrong quote. */
function stringHint(scanner: Scanner): string {
  const { start } = scanner.lastString;
  const text = scanner.source.slice(start, scanner.at);
  const swallowed = text.slice(1, -1).search(/\\["'](?=[\s,\]}])/);
  if (swallowed >= 0) {
    return `the backslash at ${scanner.place(start + 1 + swallowed)} takes the quote behind it into the string: a string can not end with a backslash`;
  }
  if (/[\r\n]/.test(text)) {
    return `the string that began at ${scanner.place(start)} goes on to here: its closing quote is missing`;
  }
  return 'is a quote missing above, or one too many here? A quote inside of a string is written \\"';
}

/** `write "10.0.0.1"`. */
function quoted(scanner: Scanner, start: number): string {
  const text = /[%$]\{[^}\s]*\}[^\s,}]*|[^\s,;]*/y;
  text.lastIndex = start;
  const all = text.exec(scanner.source)![0];
  const run = /^[%$]\{/.test(all) ? all : all.replace(/["'}\]]+$/, '');
  return run.length <= 60 && !/["']/.test(run) ? `write "${run}"` : 'put it in quotes';
}

function attribute(scanner: Scanner, plugin: string, open: number): Attribute {
  const start = scanner.at;
  const quotedName = scanner.next === '"' || scanner.next === "'";
  const word = scanner.word() ?? scanner.string();
  if (word === undefined) {
    const next = scanner.next;
    scanner.fail(`no option of \`${plugin}\` begins here`, {
      expected: 'the name of an option, or }',
      ...(/[,;]/.test(next) && { hint: 'options are separated by white space alone' }),
      ...(next === '[' && { hint: 'fields stand in the values of options, or in conditions around plugins' }),
      ...(next === '{' && { hint: 'options are written without braces around them: name => value' }),
      ...(next === ']' && { hint: 'no [ is open here' }),
      ...(next === ')' && { hint: 'there are no parentheses in plugins' }),
      ...(next === '=' && { hint: 'the option before has no value' }),
    });
  }
  // Names keep their backslashes: escapes are for values.
  const name = quotedName ? scanner.source.slice(start + 1, scanner.at - 1) : word;
  const end = scanner.at;
  scanner.skip();
  if (!scanner.take('=>')) failNoArrow(scanner, { name, plugin, open, start, end });
  scanner.skip();
  scanner.confidential = isSecretName(name);
  const value = parseValue(scanner, `the value of \`${name}\``);
  // Stays set for text that touches the value: it may be the rest of the secret.
  if (!/[^\s}\]]/.test(scanner.next)) scanner.confidential = false;
  return { name, value, position: scanner.position(start) };
}

interface AttributeStart {
  readonly name: string;
  readonly plugin: string;
  readonly open: number;
  readonly start: number;
  readonly end: number;
}

function failNoArrow(scanner: Scanner, { name, plugin, open, start, end }: AttributeStart): never {
  const expected = `=> behind the option name \`${name}\``;
  if (name === 'if' || name === 'else') {
    scanner.fail(
      'conditions stand around plugins, not inside of them',
      {
        expected: `the name of an option of \`${plugin}\`, or }`,
        hint: `close \`${plugin}\` with } before, or write two plugins`,
      },
      start,
    );
  }
  if (scanner.next === '{') {
    scanner.fail(`\`${name}\` stands among the options of \`${plugin}\``, {
      expected,
      hint: `if \`${name}\` is a plugin or section, the } of \`${plugin}\`, opened at ${scanner.place(open)}, is missing before it`,
    });
  }
  if (scanner.at === end && /[.@:/\\]/.test(scanner.next) && /[^\s>]/.test(scanner.source[end + 1] ?? '')) {
    if (scanner.next !== ':' || /[\w/]/.test(scanner.source[end + 1]!)) {
      const { length } = scanner.found(start);
      if (scanner.next !== ':') {
        scanner.fail(
          'the name of an option holds letters, digits, _ and - only',
          { expected: 'the name of an option', length, hint: 'is the quote of a value missing?' },
          start,
        );
      }
    }
  }
  const wrong = scanner.peek(/==>|->|=>|=|:|~>|>/y);
  scanner.fail(`=> is missing behind \`${name}\``, {
    expected,
    ...(wrong !== undefined && {
      length: wrong.length,
      hint: `write \`${name} => …\` instead of \`${wrong}\``,
    }),
  });
}

/** Any value; `what` names it in messages. */
export function parseValue(scanner: Scanner, what: string): Value {
  const start = scanner.at;
  const next = scanner.next;
  if (next === '[') return scanner.nested(() => array(scanner));
  if (next === '{') return scanner.nested(() => hash(scanner));
  const plugin = parsePlugin(scanner);
  if (plugin) return plugin;
  const position = scanner.position(start);
  if (next === '"' || next === "'")
    return { type: 'string', text: scanner.string()!, quoted: true, position };
  const bareword = scanner.bareword();
  if (bareword !== undefined) {
    if (/[^\s,;{}[\]"'#=]/.test(scanner.next)) failBehindValue(scanner, '');
    return { type: 'string', text: bareword, quoted: false, position };
  }
  const number = scanner.number();
  if (number !== undefined) {
    if (/[^\s,;{}[\]"'#=]/.test(scanner.next)) failBehindValue(scanner, '');
    return { type: 'number', ...number, position };
  }
  failNoValue(scanner, what, start);
}

function failNoValue(scanner: Scanner, what: string, start: number): never {
  const next = scanner.next;
  const expected = 'a string in quotes, a word, a number, [list], {hash} or plugin { … }';
  if (/[A-Za-z_]/.test(next)) {
    scanner.fail(
      'a word without quotes has at least two characters',
      { expected, hint: quoted(scanner, start) },
      start,
    );
  }
  if (next === '}' || next === ']' || next === ',' || next === '' || next === '=') {
    scanner.fail(`${what} is missing`, {
      expected,
      length: 1,
      ...(next === '=' && { hint: 'one => is enough' }),
    });
  }
  scanner.fail(
    `${what} does not begin like this`,
    { expected, ...(/[\w%/\\*.$~@^+<-]/.test(next) && { hint: quoted(scanner, start) }) },
    start,
  );
}

function array(scanner: Scanner): Value {
  const open = scanner.at;
  scanner.take('[');
  const items: Value[] = [];
  scanner.skip();
  if (!scanner.take(']')) {
    for (;;) {
      items.push(parseValue(scanner, 'the next element of the list'));
      scanner.skip();
      if (scanner.take(']')) break;
      if (!scanner.take(',')) failInArray(scanner, open);
      const comma = scanner.at - 1;
      scanner.skip();
      if (scanner.next === ']') {
        scanner.fail(
          'the list ends with a comma',
          { expected: 'another element', found: '`]`', length: 1, hint: 'remove the comma' },
          comma,
        );
      }
    }
  }
  return { type: 'array', items, position: scanner.position(open) };
}

function failInArray(scanner: Scanner, open: number): never {
  const opened = `the list began at ${scanner.place(open)}`;
  if (scanner.ended) {
    scanner.fail(
      'this [ is never closed',
      { expected: 'a ] that closes it', found: 'the end of the file', length: 1 },
      open,
    );
  }
  const next = scanner.next;
  scanner.fail('the list does not go on like this', {
    expected: ', and the next element, or ]',
    hint:
      next === '"' || next === "'" || /[\w[{]/.test(next)
        ? `a comma is missing before it, or the ] of the list above (${opened})`
        : next === '}'
          ? `the ] is missing: ${opened}`
          : scanner.startsWith('=>')
            ? `pairs stand in braces: { "key" => "value" } (${opened})`
            : opened,
  });
}

function hash(scanner: Scanner): Value {
  const open = scanner.at;
  scanner.take('{');
  const entries: { key: Value; value: Value; position: Value['position'] }[] = [];
  for (;;) {
    scanner.skip();
    if (scanner.take('}')) return { type: 'hash', entries, position: scanner.position(open) };
    if (scanner.ended) {
      scanner.fail(
        'this { is never closed',
        { expected: 'a } that closes it', found: 'the end of the file', length: 1 },
        open,
      );
    }
    const start = scanner.at;
    const key = hashKey(scanner, open);
    const end = scanner.at;
    scanner.skip();
    if (!scanner.take('=>')) failNoHashArrow(scanner, start, end);
    scanner.skip();
    const value = parseValue(scanner, 'the value behind =>');
    entries.push({ key, value, position: scanner.position(start) });
  }
}

function hashKey(scanner: Scanner, open: number): Value {
  const start = scanner.at;
  const position = scanner.position(start);
  const number = scanner.number();
  if (number !== undefined) return { type: 'number', ...number, position };
  const bareword = scanner.bareword();
  if (bareword !== undefined) return { type: 'string', text: bareword, quoted: false, position };
  if (scanner.next === '"' || scanner.next === "'") {
    return { type: 'string', text: scanner.string()!, quoted: true, position };
  }
  const next = scanner.next;
  scanner.fail('no key begins here', {
    expected: 'a key in quotes, a word or a number, or }',
    hint:
      next === ',' || next === ';'
        ? 'pairs of a hash are separated by white space alone'
        : next === ']'
          ? `the } of the hash is missing: it began at ${scanner.place(open)}`
          : next === '['
            ? 'a field reference as a key stands in quotes: "[a][b]"'
            : /^[A-Za-z_]$/.test(scanner.found().text.replaceAll('`', ''))
              ? 'a key of one character needs quotes'
              : `put the key in quotes (the hash began at ${scanner.place(open)})`,
  });
}

function failNoHashArrow(scanner: Scanner, start: number, end: number): never {
  if (scanner.at === end && /[^\s=>:,{}[\]"'#]/.test(scanner.next)) {
    const { length } = scanner.found(start);
    scanner.fail(
      'this key needs quotes',
      { expected: '=> behind the key', length, hint: quoted(scanner, start) },
      start,
    );
  }
  const wrong = scanner.peek(/==>|->|=|:|,|~>|>/y);
  scanner.fail('=> is missing behind the key', {
    expected: '=> and a value',
    ...(wrong !== undefined && {
      length: wrong.length,
      hint: wrong === ',' ? 'a list stands in brackets: ["a", "b"]' : `write => instead of \`${wrong}\``,
    }),
  });
}
