import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkCustomFile, readFileList } from './custom-files.ts';
import { indentFault } from './yaml-indent.ts';

describe('wrong indentation has its exact line', () => {
  test.for([
    [
      'text less deep than its first line',
      '- file_name: a\n  file_text: |\n    one\n    two\n   three\n    four\n',
      5,
      4,
    ],
    ['text that is not indented at all', '- file_name: a\n  file_text: |\n-----BEGIN X-----\nabc\n', 3, 1],
    ['the end of a certificate at the key', 'a:\n  text: |\n    one\n  -----END X-----\n', 4, 3],
    ['a key deeper than its neighbour', 'a: 1\n b: 2\n', 2, 2],
    ['a key between two levels', 'a:\n    b: 1\n  c: 2\n', 3, 3],
    ['a tab', 'a:\n\tb: 1\n', 2, 1],
    ['a list item that is off', 'a:\n  - 1\n - 2\n', 3, 2],
  ] as const)('%s', ([, text, line, column]) => {
    expect(indentFault('f.yml', text)).toMatchObject({ line, column, severity: 'error' });
    expect(checkCustomFile('f.yml', text)).toMatchObject([{ line, column }]);
  });

  test.for([
    'a: 1\nb:\n  c: [1,\n    2]\n',
    '- file_name: a\n  file_text: |\n    one\n      deeper\n    two\n- file_name: b\n  file_text: x\n',
    'list:\n- a: 1\n  b: 2\n- a: 3\n',
    '# comment\na: "x: y"\n  # another\nb: plain\n  goes on\n',
    '"10.0.0.1": host\n192.0.2.1: other\n',
    '- - a\n  - b\n- c\n',
  ])('what is right is not blamed: %j', (text) => {
    expect(indentFault('f.yml', text)).toBeUndefined();
    expect(checkCustomFile('f.yml', text)).toEqual([]);
  });

  test('never throws', () => {
    const piece = fc.constantFrom(
      'a:',
      '- ',
      '  ',
      '\t',
      '|',
      '\n',
      'x',
      '#',
      '"',
      "'",
      ' b: 1',
      '-----BEGIN X-----',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(piece).map((pieces) => pieces.join('')),
        ),
        (text) => {
          indentFault('f.yml', text);
          readFileList(text);
          for (const name of ['a.yml', 'a.json', 'a.csv', 'a.crt']) checkCustomFile(name, text);
        },
      ),
    );
  });
});

test('a list gives its files, byte for byte', () => {
  expect(
    readFileList(
      '- file_name: a.txt\n  file_text: |\n    one\n\n      two\n- file_name: b\n  file_text: x\n',
    ),
  ).toEqual({
    files: [
      { name: 'a.txt', text: 'one\n\n  two\n' },
      { name: 'b', text: 'x' },
    ],
    diagnostics: [],
  });
});

test.for([
  ['a: 1', /no list of files/],
  ['- file_name: a\n', /no `file_text`/],
  ['- file_text: a\n', /no `file_name`/],
  ['- file_name: ../a\n  file_text: x\n', /can not be the name/],
  ['- file_name: a\n  file_text: x\n- file_name: a\n  file_text: y\n', /two files `a`/],
  ['- file_name: a\n  file_test: x\n', /no key `file_test`/],
] as const)('a list says what is wrong with it: %j', ([text, message]) => {
  const { files, diagnostics } = readFileList(text);
  expect(files).toEqual([]);
  expect(diagnostics[0]!.message).toMatch(message);
});

test('what is wrong inside of a listed file has the line of the list', () => {
  const { diagnostics } = readFileList('- file_name: a.json\n  file_text: |\n    {\n      "a": 1,\n    }\n');
  expect(diagnostics).toMatchObject([{ line: 5, severity: 'error' }]);
});

test('JSON, CSV and PEM are checked with line and column', () => {
  expect(checkCustomFile('a.json', '{\n  "a": 1,\n}')).toMatchObject([{ line: 3, column: 1 }]);
  expect(checkCustomFile('a.json', '{"a": "b"}')).toEqual([]);
  expect(checkCustomFile('a.csv', 'a,1\nb\n"c, d",2\n')).toMatchObject([{ line: 2 }]);
  expect(checkCustomFile('a.csv', 'a,"x\ny"\nb,"c ""d"""\n')).toEqual([]);
  expect(checkCustomFile('a.csv', 'a,1\nb,"2" x\n')).toMatchObject([{ line: 2 }]);
  const pem = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';
  expect(checkCustomFile('a.crt', pem)).toEqual([]);
  expect(checkCustomFile('a.crt', pem.replace('MIIB', '  MIIB'))).toMatchObject([{ line: 2 }]);
  expect(checkCustomFile('a.crt', pem.slice(0, 33))).toMatchObject([
    { line: 1, message: expect.stringContaining('does not end') },
  ]);
});
