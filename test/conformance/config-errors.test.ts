/** Wrong options: every one gives an error with file, line, column and a caret under the place that is wrong. */
import { describe, expect, test } from 'vitest';
import type { Diagnostic } from '../../src/kernel/diagnostic.ts';
import type { Option } from '../../src/kernel/options.ts';
import { declaredOptions } from '../../src/lang/check-plugin.ts';
import { minimalOptions } from './minimal-options.ts';
import { allPlugins, type Checked, check, configOf, type Entry, FILE, makeFolder, rowOf } from './support.ts';

const folder = makeFolder();
const file = folder.file('some.pem');
const named = (await allPlugins()).map((entry) => [`${entry.kind} ${entry.name}`, entry] as const);

/** Literals that no option of the type takes; the types that take everything are not here. */
const wrong: Partial<Record<Option['type'], string>> = {
  string: '["one", "two"]',
  number: '"many"',
  boolean: '"perhaps"',
  hash: '"text"',
  password: '["one", "two"]',
  uri: '"http://two words/"',
  path: '"/no/such/file"',
  bytes: '"many"',
  duration: '"soon"',
  codec: 'no_such_codec',
  field_reference: '"[broken"',
};

/** Literals that every option of the type takes. */
const right = (option: Option): string => {
  if (option.oneOf) return JSON.stringify(option.oneOf[0]);
  const literals: Record<Option['type'], string> = {
    string: '"text"',
    number: String(option.min ?? 1),
    boolean: 'true',
    array: '["text"]',
    hash: '{ "key" => "value" }',
    password: '"secret"',
    uri: '"http://host:1"',
    path: JSON.stringify(file),
    bytes: '"1 KiB"',
    duration: '"1 second"',
    codec: 'plain',
    field_reference: '"[a][b]"',
    any: '"text"',
  };
  return literals[option.type];
};

/** The minimal options but those named, and `line` in the third line of the file. */
function withLine(entry: Entry, line: string, without: readonly string[] = []): string {
  const lines = rowOf(minimalOptions[entry.kind], entry, 'minimal-options.ts')
    .replaceAll('FILE', file)
    .split('\n')
    .filter((each) => !without.some((name) => each.startsWith(`${name} =>`)));
  return configOf(entry, ['', line, ...lines].join('\n'));
}

/** The error that stands at a place of line 3; its text has the line and a caret at the place. */
function errorAt(checked: Checked, line: string, column: number): Diagnostic {
  const at = checked.errors.find((each) => each.line === 3 && each.column === column);
  expect(at, `no error at ${FILE}:3:${column}, but:\n${checked.formatted.join('\n')}`).toBeDefined();
  const formatted = checked.formatted.find((each) =>
    each.startsWith(`${FILE}:3:${column}: error: ${at!.message}`),
  )!;
  const [, source, caret] = formatted.split('\n');
  // Secrets are shown as asterisks of the same length.
  expect(source).toHaveLength(line.length + 2);
  expect(caret!.indexOf('^')).toBe(column + 1);
  expect(caret).toMatch(/^ +\^+$/);
  return at!;
}

const columnOfValue = (line: string): number => line.indexOf('=> ') + 4;

describe.each(named)('%s', (_title, entry) => {
  const declared = Object.entries(declaredOptions(entry.plugin));

  test('unknown options', async () => {
    const line = '  no_such_option => 1';
    const error = errorAt(await check(withLine(entry, line)), line, 3);
    expect(error.message).toContain('has no option `no_such_option`');
    expect(error.hint).toBeTruthy();
  });

  test('a near miss is answered with the name meant', async () => {
    const [name] = declared.find(([each, option]) => each.length > 3 && option.obsolete === undefined)!;
    const line = `  ${name.slice(0, -1)}${name.at(-1) === 'x' ? 'y' : 'x'} => 1`;
    const checked = await check(withLine(entry, line));
    expect(errorAt(checked, line, 3).hint).toMatch(/^did you mean `\w+`\?$/);
  });

  const required = declared.filter(([, option]) => option.required).map(([name]) => name);
  if (required.length > 0)
    test('missing options', async () => {
      const text = configOf(entry, '');
      const { errors, formatted } = await check(text);
      for (const name of required) {
        const error = errors.find(({ message }) => message.includes(`needs the option \`${name}\``));
        expect(error, `${name}: ${formatted.join('\n')}`).toBeDefined();
        // The name of the plugin.
        expect([error!.line, error!.column, error!.length]).toEqual([
          1,
          text.indexOf(entry.name) + 1,
          entry.name.length,
        ]);
      }
    });

  test('values of the wrong type', async () => {
    for (const [name, option] of declared) {
      if (option.obsolete !== undefined) continue;
      const target =
        option.renamedTo === undefined || option.renamedValue
          ? option
          : declaredOptions(entry.plugin)[option.renamedTo]!;
      const literal = target.oneOf
        ? '"no such value"'
        : target.mayBeAbsent
          ? wrong.string
          : wrong[target.type];
      if (literal === undefined || (target.list && literal.startsWith('['))) continue;
      const line = `  ${name} => ${literal}`;
      const error = errorAt(await check(withLine(entry, line, [name])), line, columnOfValue(line));
      expect(error.expected ?? error.hint, `${name}: ${error.message}`).toBeTruthy();
    }
  });

  test('numbers out of their range', async () => {
    for (const [name, { type, min, max, oneOf, renamedTo, obsolete }] of declared) {
      if (oneOf || renamedTo || obsolete || (type !== 'number' && type !== 'bytes')) continue;
      for (const value of [
        min === undefined ? undefined : min - 1,
        max === undefined ? undefined : max + 1,
      ]) {
        if (value === undefined) continue;
        const line = `  ${name} => ${value}`;
        errorAt(await check(withLine(entry, line, [name])), line, columnOfValue(line));
      }
    }
  });

  const old = declared.filter(([, option]) => option.renamedTo !== undefined);
  if (old.length > 0)
    test('old names are taken, and linted', async () => {
      for (const [name, option] of old) {
        const target = declaredOptions(entry.plugin)[option.renamedTo!]!;
        const line = `  ${name} => ${right(option.renamedValue ? option : target)}`;
        const checked = await check(withLine(entry, line, [option.renamedTo!]));
        const lint = checked.diagnostics.find(
          (each) => each.line === 3 && each.message.startsWith(`\`${name}\` is the old name`),
        );
        expect(lint, `${name}: ${checked.formatted.join('\n')}`).toMatchObject({
          severity: 'lint',
          column: 3,
        });
        const aboutValue = checked.errors.filter(
          (each) => each.line === 3 && each.column === columnOfValue(line),
        );
        expect(aboutValue, name).toEqual([]);
      }
    });

  const obsolete = declared.filter(([, option]) => option.obsolete !== undefined);
  if (obsolete.length > 0)
    test('options that are gone say what to do', async () => {
      for (const [name, option] of obsolete) {
        const line = `  ${name} => ${right(option)}`;
        const error = errorAt(await check(withLine(entry, line)), line, 3);
        expect(error.message).toContain(option.obsolete!);
      }
    });

  test('an option given twice in different ways', async () => {
    const line = '  id => "a" id => { "b" => "c" }';
    errorAt(await check(withLine(entry, line)), line, 13);
  });

  test('all errors are reported at once', async () => {
    const text = configOf(entry, '\nno_such_option => 1\nid => ["a", "b"]\nneither_this => 2');
    const lines = (await check(text)).errors.map((each) => each.line);
    expect(lines).toEqual(expect.arrayContaining([3, 4, 5]));
  });
});

test('unknown plugins of every kind', async () => {
  const text = 'input { stdiin { codec => jsonlines } }\nfilter { mutatee { } }\noutput { stdoutt { } }';
  const { errors } = await check(text);
  expect(errors.map(({ line, column, hint }) => [line, column, hint])).toEqual([
    [1, 9, 'did you mean `stdin`?'],
    [2, 10, 'did you mean `mutate`?'],
    [3, 10, 'did you mean `stdout`?'],
  ]);
});
