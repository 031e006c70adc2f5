/**
 * Date math of Elasticsearch: `now`, or a time followed by `||`, and then `+1h`, `-2d`, `/d` any number of times.
 *
 * Rounding: `gt` and `lte` round up (to the last millisecond of the unit), `gte` and `lt` round down. So `lte: now/d`
 * takes all of today and `gt: 2026-11||/M` begins with December. Missing parts of a time are filled in the same way.
 */
import { add, type DateUnit, dateReader, endOf, startOf, zoneNamed } from './date-text.ts';
import { QueryError } from './query-error.ts';

export interface DateMathOptions {
  /** Epoch milliseconds that `now` stands for. */
  readonly now: number;
  readonly roundUp: boolean;
  /** For times without one, and for where days begin; UTC if not given. */
  readonly timeZone?: string | undefined;
  readonly format?: string | undefined;
}

/** Epoch milliseconds. @throws QueryError when it is no time, or the zone or format is not known */
export function parseDateMath(text: string, options: DateMathOptions): number {
  const millis = tryDateMath(text, options);
  if (Number.isNaN(millis)) {
    throw new QueryError(
      'parse_exception',
      `failed to parse date field [${text}] with format [${options.format ?? 'strict_date_optional_time||epoch_millis'}]`,
    );
  }
  return millis;
}

/** Epoch milliseconds; NaN when it is no time. @throws QueryError when the zone or the format is not known */
export function tryDateMath(text: string, options: DateMathOptions): number {
  if (text.length > 200) return Number.NaN;
  const zone = zoneNamed(options.timeZone);
  if (text.startsWith('now')) return calculate(options.now, text.slice(3), zone, options.roundUp);
  const bars = text.indexOf('||');
  const read = dateReader(options.format);
  if (bars < 0) return read(text, zone, options.roundUp);
  const math = text.slice(bars + 2);
  // Parts are filled up only where no math follows.
  return calculate(
    read(text.slice(0, bars), zone, options.roundUp && math === ''),
    math,
    zone,
    options.roundUp,
  );
}

const STEP = /([+-]\d{0,9}|\/)([yMwdhHms])/y;

function calculate(from: number, math: string, zone: ReturnType<typeof zoneNamed>, roundUp: boolean): number {
  let millis = from;
  STEP.lastIndex = 0;
  for (let at = 0; at < math.length; at = STEP.lastIndex) {
    STEP.lastIndex = at;
    const match = STEP.exec(math);
    if (!match) return Number.NaN;
    const unit = (match[2] === 'H' ? 'h' : match[2]) as DateUnit;
    if (match[1] === '/') millis = roundUp ? endOf(millis, unit, zone) : startOf(millis, unit, zone);
    else {
      const digits = match[1]!.slice(1);
      const count = digits === '' ? 1 : Number(digits);
      millis = add(millis, match[1]![0] === '-' ? -count : count, unit, zone);
    }
    // -0 is no literal of SQL.
    millis = Math.abs(millis) <= 8.64e15 ? millis + 0 : Number.NaN;
    if (Number.isNaN(millis)) return millis;
  }
  return millis;
}
