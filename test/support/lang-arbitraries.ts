/** Random field values, events, conditions and common options for property tests of the language. */
import fc from 'fast-check';
import { Event } from '../../src/event/event.ts';
import type { Position } from '../../src/kernel/diagnostic.ts';
import type { Fields, FieldValue } from '../../src/kernel/event-types.ts';
import type { Expression, Operand } from '../../src/lang/ast.ts';

export const nowhere: Position = { file: 'test.conf', line: 1, column: 1 };

const TEXTS = [
  '',
  'a',
  'b',
  'ab',
  'abc',
  'x\ny',
  'false',
  'true',
  '1',
  '10',
  '1.0',
  'ü',
  '😀',
  '\uffff',
  'null',
];
const NAMES = [
  'a',
  'b',
  'c',
  'n',
  'tags',
  'length',
  'constructor',
  '__proto__',
  'toString',
  'rawJSON',
  'ü b',
];

const number: fc.Arbitrary<FieldValue> = fc.oneof(
  fc.constantFrom<FieldValue>(0, 1, -1, 1.5, 10, 5, 255, 1e21, 2 ** 53, 5n, 2n ** 53n + 1n, -(2n ** 70n)),
  fc
    .constantFrom(
      '1.00000000000000000001',
      '10.0000000000000000000',
      '1e400',
      '-1e-400',
      '0e999',
      '9007199254740993.5',
    )
    .map((text) => JSON.rawJSON(text) as unknown as FieldValue),
  fc.integer({ min: -20, max: 20 }),
);
const text = fc.oneof(fc.constantFrom(...TEXTS), fc.string({ maxLength: 4, unit: 'binary' }));
const scalar: fc.Arbitrary<FieldValue> = fc.oneof(
  text,
  text,
  number,
  fc.boolean(),
  fc.constant(null),
  fc.constant(undefined),
);

/** Maps are made with defined properties: a key `__proto__` is data. */
function mapOf(entries: readonly (readonly [string, FieldValue])[]): Fields {
  const map: Fields = {};
  for (const [name, value] of entries)
    Object.defineProperty(map, name, { value, writable: true, enumerable: true, configurable: true });
  return map;
}

export const fieldName = fc.constantFrom(...NAMES);

export const fieldValue: fc.Arbitrary<FieldValue> = fc.letrec<{ value: FieldValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    { arbitrary: scalar, weight: 5 },
    { arbitrary: fc.array(tie('value'), { maxLength: 3 }), weight: 1 },
    { arbitrary: fc.array(fc.tuple(fieldName, tie('value')), { maxLength: 4 }).map(mapOf), weight: 2 },
  ),
})).value;

const fields = fc.array(fc.tuple(fieldName, fieldValue), { maxLength: 7 }).map(mapOf);

/** What an event is made of: made anew for each side of a comparison. */
export const eventParts = fc.record({ fields, metadata: fc.option(fields, { nil: undefined }) });

export const makeEvent = (parts: { fields: Fields; metadata: Fields | undefined }): Event =>
  new Event(copy(parts.fields) as Fields, copy(parts.metadata) as Fields | undefined);

/** A deep copy that keeps even removed (undefined) fields. */
function copy(value: FieldValue): FieldValue {
  if (typeof value !== 'object' || value === null || JSON.isRawJSON(value)) return value;
  if (Array.isArray(value)) return value.map((item) => copy(item));
  return mapOf(Object.entries(value).map(([name, inner]) => [name, copy(inner)]));
}

/** An event as text, removed fields left out, so that two can be compared. */
export function shown(event: { fields: Fields; metadata: Fields | undefined; cancelled: boolean }): string {
  const plain = (value: FieldValue): unknown => {
    if (typeof value === 'bigint') return `${value}n`;
    if (typeof value !== 'object' || value === null) return value;
    if (JSON.isRawJSON(value)) return `raw ${(value as unknown as { rawJSON: string }).rawJSON}`;
    if (Array.isArray(value)) return value.map(plain);
    const kept = Object.entries(value).filter(([, inner]) => inner !== undefined);
    return kept.map(([name, inner]) => [name, plain(inner)]).sort((a, b) => (a[0]! < b[0]! ? -1 : 1));
  };
  const metadata = plain(event.metadata ?? {});
  return JSON.stringify([plain(event.fields), metadata, event.cancelled]);
}

export const reference = fc.oneof(
  { arbitrary: fieldName.map((name) => `[${name}]`), weight: 4 },
  { arbitrary: fc.tuple(fieldName, fieldName).map(([a, b]) => `[${a}][${b}]`), weight: 2 },
  {
    arbitrary: fc.tuple(fieldName, fc.integer({ min: -3, max: 3 })).map(([a, i]) => `[${a}][${i}]`),
    weight: 1,
  },
  { arbitrary: fieldName.map((name) => `[@metadata][${name}]`), weight: 1 },
  { arbitrary: fc.constantFrom('[@metadata]', '[[a][b]][c]', '[@timestamp]'), weight: 1 },
);

const constantText = fc.oneof(fc.constantFrom(...TEXTS), fc.string({ maxLength: 3 }));
const constant: fc.Arbitrary<Operand> = fc.oneof(
  constantText.map((value): Operand => ({ type: 'string', text: value, quoted: true, position: nowhere })),
  fc
    .constantFrom<number | bigint>(0, 1, -1, 5, 10, 255, 2n ** 53n + 1n)
    .map((value): Operand => ({ type: 'number', value, float: false, position: nowhere })),
  fc
    .constantFrom(1, 1.5, -1, 10)
    .map((value): Operand => ({ type: 'number', value, float: true, position: nowhere })),
);
const list = fc
  .array(constant, { maxLength: 7 })
  .map((items): Operand => ({ type: 'array', items, position: nowhere }));
const field = reference.map((name): Operand => ({ type: 'field', reference: name, position: nowhere }));
const operand = fc.oneof(
  { arbitrary: field, weight: 5 },
  { arbitrary: constant, weight: 2 },
  { arbitrary: list, weight: 1 },
);

const PATTERNS = ['a', '^a', 'b$', 'a.c', '[0-9]+', 'x$', '^y', '', 'ü'];

export const expression: fc.Arbitrary<Expression> = fc.letrec<{ expression: Expression }>((tie) => ({
  expression: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    operand.map((each): Expression => ({ type: 'truth', operand: each, position: nowhere })),
    fc
      .tuple(
        fc.constantFrom(
          '==' as const,
          '!=' as const,
          '<' as const,
          '>' as const,
          '<=' as const,
          '>=' as const,
        ),
        operand,
        operand,
      )
      .map(
        ([operator, left, right]): Expression => ({
          type: 'compare',
          operator,
          left,
          right,
          position: nowhere,
        }),
      ),
    fc
      .tuple(fc.boolean(), operand, operand)
      .map(([negated, left, right]): Expression => ({ type: 'in', negated, left, right, position: nowhere })),
    fc.tuple(fc.boolean(), operand, fc.constantFrom(...PATTERNS), fc.boolean()).map(
      ([negated, left, pattern, regexp]): Expression => ({
        type: 'match',
        negated,
        left,
        pattern: { text: pattern, regexp },
        position: nowhere,
      }),
    ),
    tie('expression').map((inner): Expression => ({ type: 'not', operand: inner, position: nowhere })),
    fc
      .tuple(
        fc.constantFrom('and' as const, 'or' as const, 'xor' as const, 'nand' as const),
        tie('expression'),
        tie('expression'),
      )
      .map(
        ([operator, left, right]): Expression => ({
          type: 'logical',
          operator,
          left,
          right,
          position: nowhere,
        }),
      ),
  ),
})).expression;

const template = fc
  .array(
    fc.oneof(
      reference.map((name) => `%{${name}}`),
      fieldName.map((name) => `%{${name}}`),
      fc.constantFrom('x', '-', '%', '{', '}', '%{}', '%{', ' '),
    ),
    { maxLength: 3 },
  )
  // What happens to be a date or an odd reference is not the interpreter's business.
  .map((parts) => parts.join(''))
  .filter(
    (text) =>
      !/%\{[{+]/.test(text) && [...text.matchAll(/%\{([^}]*)\}/g)].every(([, name]) => plainName(name!)),
  );
const plainName = (name: string): boolean =>
  name === '' || /^(?:[^[\]{}%]+|(?:\[[^[\]]+\])+|\[\[a\]\[b\]\]\[c\])$/.test(name);

const fieldTemplate = fc.oneof(
  { arbitrary: fc.oneof(fieldName, reference), weight: 5 },
  { arbitrary: fieldName.map((name) => `f %{${name}}`), weight: 1 },
);

/** Common options of filters. */
export const commonOptions = fc.record(
  {
    add_field: fc
      .array(
        fc.tuple(
          fieldTemplate,
          fc.oneof(template, fc.array(template, { maxLength: 2 }), fc.constantFrom(1, 2.5)),
        ),
        {
          maxLength: 3,
        },
      )
      .map((entries) => mapOf(entries as [string, FieldValue][])),
    remove_field: fc.array(fieldTemplate, { maxLength: 2 }),
    add_tag: fc.array(template, { maxLength: 2 }),
    remove_tag: fc.array(fc.oneof(template, constantText), { maxLength: 2 }),
  },
  { requiredKeys: [] },
);
