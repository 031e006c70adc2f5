/** Conditions as functions over the values of live events. */
import type { Condition } from './condition.ts';
import type { FieldType } from './field-types.ts';
import { type StoredValue, storedValue, textOfValue } from './field-value.ts';
import { type IpRange, isV4, parseIp } from './ip.ts';
import { compareText, foldCase, tokensOf } from './text-analysis.ts';
import { wildcardTest } from './wildcard.ts';

export type ValueTest = (value: unknown) => boolean;

/** Tests one value of an event (as it came: `'5'` is a number in a `long` field). */
export function valueTest(condition: Condition, type: FieldType): ValueTest {
  if (condition.op === 'never') return () => false;
  if (isText(type)) {
    const test = textTest(condition);
    return (value) => {
      if (typeof value === 'string') return test(value);
      const text = textOfValue(value);
      return text !== undefined && test(text);
    };
  }
  const test = storedTest(condition, type);
  return (value) => {
    const stored = storedValue(type, value);
    return stored !== undefined && test(stored);
  };
}

const isText = (type: FieldType): boolean => type === 'keyword' || type === 'text' || type === 'flattened';

/** Tests a value as its field's type stores it. */
function storedTest(condition: Condition, type: FieldType): (value: StoredValue) => boolean {
  switch (condition.op) {
    case 'in': {
      const { values } = condition;
      const [only] = values;
      if (values.length === 1) return (value) => value === only;
      const known = new Set(values);
      return (value) => known.has(value);
    }
    case 'range': {
      if (type === 'keyword') return rangeOfText(condition);
      const { min, max, minOpen, maxOpen } = condition;
      return (value) =>
        (min === undefined || (minOpen ? value > min : value >= min)) &&
        (max === undefined || (maxOpen ? value < max : value <= max));
    }
    case 'addresses': {
      const exact = new Set(condition.exact);
      const ranges = condition.ranges.map(addressTest);
      return (value) => exact.has(value as string) || ranges.some((test) => test(value as string));
    }
    case 'any':
      return () => true;
    case 'some': {
      const tests = condition.of.map((each) => storedTest(each, type));
      return (value) => tests.some((test) => test(value));
    }
    default: {
      const test = textTest(condition);
      return (value) => test(String(value));
    }
  }
}

/** Tests a text: keywords, words, and the text of numbers and addresses. */
function textTest(condition: Condition): (text: string) => boolean {
  switch (condition.op) {
    case 'in':
    case 'any':
    case 'addresses':
    case 'some':
      return storedTest(condition, 'keyword');
    case 'range':
      return rangeOfText(condition);
    case 'folded':
      return (text) => foldCase(text) === condition.value;
    case 'wildcard': {
      const test = wildcardTest(condition.parts);
      return condition.fold ? (text) => test(foldCase(text)) : test;
    }
    case 'regexp': {
      const pattern = new RegExp(condition.source.javascript, 's');
      return (text) => pattern.test(text);
    }
    case 'token': {
      const test = textTest(condition.of);
      return (text) => tokensOf(text).some(test);
    }
    case 'phrase': {
      const wanted = ` ${condition.words.join(' ')}${condition.prefix ? '' : ' '}`;
      return (text) => ` ${tokensOf(text).join(' ')} `.includes(wanted);
    }
    case 'never':
      return () => false;
  }
}

function rangeOfText(range: Extract<Condition, { op: 'range' }>): (text: StoredValue) => boolean {
  const { min, max, minOpen, maxOpen } = range;
  return (value) => {
    const text = value as string;
    if (min !== undefined) {
      const order = compareText(text, min as string);
      if (minOpen ? order <= 0 : order < 0) return false;
    }
    if (max === undefined) return true;
    const order = compareText(text, max as string);
    return maxOpen ? order < 0 : order <= 0;
  };
}

function addressTest(range: IpRange): (text: string) => boolean {
  const { first, last } = range;
  const within = (text: string): boolean => {
    const address = parseIp(text);
    return address !== undefined && address >= first && address <= last;
  };
  if (!isV4(first) || !isV4(last)) return within;
  const [from, to] = [Number(first & 0xffff_ffffn), Number(last & 0xffff_ffffn)];
  return (text) => {
    const address = v4Number(text);
    return address >= from && address <= to;
  };
}

/** Of canonical text, or -1: a tight loop, since networks are asked of every event. */
function v4Number(text: string): number {
  let number = 0;
  let octet = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 46) {
      number = number * 256 + octet;
      octet = 0;
    } else if (code >= 48 && code <= 57) octet = octet * 10 + code - 48;
    else return -1;
  }
  return number * 256 + octet;
}
