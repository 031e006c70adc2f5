/** Tests for values of which no mapping is known: the value's own type decides. */
import { type Clause, type ConditionContext, clauseCondition } from './condition.ts';
import { type ValueTest, valueTest } from './condition-test.ts';
import { tryDateMath } from './date-math.ts';
import { millisOfValue } from './date-text.ts';
import type { FieldType } from './field-types.ts';
import { isRawNumber } from './field-value.ts';
import { parseCidr, parseIp } from './ip.ts';
import type { QueryValue } from './tree.ts';

export function dynamicTest(clause: Clause, context: ConditionContext): ValueTest {
  const lenient = { ...context, lenient: true };
  const as = (type: FieldType): ValueTest => {
    const tests = clauseCondition(clause, type, lenient).every.map((each) => valueTest(each, type));
    return tests.length === 1 ? tests[0]! : (value) => tests.every((test) => test(value));
  };
  const [keyword, integer, double, boolean] = [as('keyword'), as('long'), as('double'), as('boolean')];
  const hasPattern = clause.type === 'wildcard' || clause.type === 'prefix' || clause.type === 'regexp';
  const string = stringTest(clause, context, keyword, as);
  return (value) => {
    switch (typeof value) {
      case 'string':
        return string(value);
      case 'number':
        return hasPattern ? integer(value) : double(value);
      case 'bigint':
        return integer(value);
      case 'boolean':
        return boolean(value);
    }
    return isRawNumber(value) && double(value);
  };
}

/** Times and addresses are known by what they are compared with: it must be one, too. */
function stringTest(
  clause: Clause,
  context: ConditionContext,
  keyword: ValueTest,
  as: (type: FieldType) => ValueTest,
): ValueTest {
  const values = comparedWith(clause);
  if (values.length === 0) return keyword;
  const isRange = clause.type === 'range';
  const all = isRange ? 'every' : 'some';
  if (values[all](isAddress)) {
    const ip = as('ip');
    if (!isRange) return (value) => keyword(value) || ip(value);
    return (value) => (parseIp(value as string) === undefined ? keyword(value) : ip(value));
  }
  if (values[all]((value) => isTime(value, context.now))) {
    const date = as('date');
    const looksLikeTime = (value: unknown): boolean =>
      TIME.test(value as string) && !Number.isNaN(millisOfValue(value));
    if (!isRange) return (value) => keyword(value) || (looksLikeTime(value) && date(value));
    return (value) => (looksLikeTime(value) ? date(value) : keyword(value));
  }
  return keyword;
}

function comparedWith(clause: Clause): readonly QueryValue[] {
  switch (clause.type) {
    case 'term':
      return [clause.value];
    case 'terms':
      return clause.values;
    case 'match':
    case 'phrase':
      return [clause.text];
    case 'range':
      return [clause.gt, clause.gte, clause.lt, clause.lte].filter((bound) => bound !== undefined);
  }
  return [];
}

const TIME = /^\d{4}-\d\d-\d\d/;

const isAddress = (value: QueryValue): boolean =>
  typeof value === 'string' && (parseIp(value) ?? parseCidr(value)) !== undefined;

const isTime = (value: QueryValue, now: number): boolean =>
  typeof value === 'string' &&
  (TIME.test(value) || value.startsWith('now')) &&
  !Number.isNaN(tryDateMath(value, { now, roundUp: false }));
