/** Times in requests as milliseconds since the epoch. */
import { type DateMathOptions, parseDateMath } from '../../../query/date-math.ts';
import type { QueryValue } from '../../../query/tree.ts';

/** @throws QueryError when it is no time */
export function resolveDate(value: QueryValue, options: DateMathOptions): number {
  if (typeof value === 'string') return parseDateMath(value, options);
  if (options.format?.split('||')[0] === 'epoch_second') return Number(value) * 1000;
  return typeof value === 'boolean' ? Number.NaN : Number(value);
}
