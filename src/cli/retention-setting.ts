/** The setting `store.retention`: a list of rules as YAML. */
import { parse } from 'yaml';
import { MillraceError } from '../kernel/errors.ts';
import type { RetentionRule } from '../store/store.ts';
import { convertSetting } from './settings.ts';

const KEYS = ['pattern', 'max_age', 'max_bytes', 'archive_after'];

const wrong = (message: string): MillraceError =>
  new MillraceError('ERR_SETTING', `store.retention: ${message}`);

/** @throws MillraceError ERR_SETTING */
export function retentionRules(text: string | undefined): readonly RetentionRule[] | undefined {
  if (text === undefined) return undefined;
  let list: unknown;
  try {
    list = parse(text);
  } catch (error) {
    throw wrong((error as Error).message);
  }
  if (!Array.isArray(list))
    throw wrong('expected a list of rules: "- pattern: firewall-*" with max_age, max_bytes or archive_after');
  return list.map(ruleOf);
}

function ruleOf(given: unknown): RetentionRule {
  if (typeof given !== 'object' || given === null) throw wrong('a rule has a pattern and ages or sizes');
  const values = given as Readonly<Record<string, unknown>>;
  const unknown = Object.keys(values).find((key) => !KEYS.includes(key));
  if (unknown !== undefined) throw wrong(`a rule has no ${unknown}; it has ${KEYS.join(', ')}`);
  const { pattern, max_age: age, max_bytes: bytes, archive_after: archive } = values;
  if (typeof pattern !== 'string' || pattern === '') throw wrong('a rule needs a pattern of index names');
  const milliseconds = (name: string, value: unknown): number =>
    1000 * (convertSetting('dead_letter_queue.retain.age', value, `store.retention: ${name}`) as number);
  return {
    pattern,
    ...(age != null && { maxAge: milliseconds('max_age', age) }),
    ...(bytes != null && {
      maxBytes: convertSetting('dead_letter_queue.max_bytes', bytes, 'store.retention: max_bytes') as number,
    }),
    ...(archive != null && { archiveAfter: milliseconds('archive_after', archive) }),
  };
}
