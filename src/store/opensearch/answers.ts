/** Parts of the cluster's answers as the bytes they are: documents and aggregations are not parsed, so nothing changes. */
import { skipValue, space, stringEnd, textOf } from '../mapping/json-scan.ts';

export interface SearchAnswer {
  /** All but documents and aggregations. */
  readonly rest: Record<string, any>;
  /** `_source` of each hit, in order. */
  readonly sources: readonly (string | undefined)[];
  readonly aggregations: string | undefined;
}

/** Takes an answer of `_search` apart. @throws Error when it is no JSON */
export function parseSearchAnswer(body: Buffer): SearchAnswer {
  const sources: (string | undefined)[] = [];
  let aggregations: string | undefined;
  const rest = pieces(body, (keep) =>
    eachMember(body, space(body, 0), (name, from) => {
      if (name === 'aggregations') return keep.without(from, (text) => (aggregations = text));
      if (name !== 'hits') return undefined;
      return eachMember(body, from, (inner, at) => {
        if (inner !== 'hits' || body[at] !== 0x5b) return undefined;
        return eachElement(body, at, (hit) => {
          const place = sources.push(undefined) - 1;
          return eachMember(body, hit, (field, value) =>
            field === '_source' ? keep.without(value, (text) => (sources[place] = text)) : undefined,
          );
        });
      });
    }),
  );
  return { rest: exactJson(rest), sources, aggregations };
}

/** An answer of `_doc/id`. */
export function parseDocument(body: Buffer): { rest: Record<string, any>; source: string | undefined } {
  let source: string | undefined;
  const rest = pieces(body, (keep) =>
    eachMember(body, space(body, 0), (name, from) =>
      name === '_source' ? keep.without(from, (text) => (source = text)) : undefined,
    ),
  );
  return { rest: exactJson(rest), source };
}

/** Whole numbers that a double would alter become text: as values of `search_after` the cluster takes them as such. */
function exactJson(text: string): Record<string, any> {
  if (!/\d{16}/.test(text)) return JSON.parse(text) as Record<string, any>;
  const exact = (_: string, value: unknown, { source }: { source: string }): unknown =>
    typeof value === 'number' && /^-?\d{16,}$/.test(source) && !Number.isSafeInteger(value) ? source : value;
  return JSON.parse(text, exact as (key: string, value: unknown) => unknown) as Record<string, any>;
}

interface Keep {
  /** Gives a value's text away, puts `null` in its place and answers where it ends. */
  without(from: number, give: (text: string) => void): number;
}

function pieces(body: Buffer, walk: (keep: Keep) => unknown): string {
  const kept: string[] = [];
  let at = 0;
  walk({
    without(from, give) {
      const end = skipValue(body, from, body.length, 0);
      give(textOf(body, from, end));
      kept.push(textOf(body, at, from), 'null');
      at = end;
      return end;
    },
  });
  kept.push(textOf(body, at, body.length));
  return kept.join('');
}

/** `visit` answers where the value ends, or undefined when it did not look. Answers where the object ends. */
function eachMember(
  body: Buffer,
  from: number,
  visit: (name: string, from: number) => number | undefined,
): number {
  if (body[from] !== 0x7b) return skipValue(body, from, body.length, 0);
  let at = space(body, from + 1);
  while (body[at] === 0x22) {
    const nameEnd = stringEnd(body, at + 1, body.length);
    const name = textOf(body, at + 1, nameEnd);
    const value = space(body, space(body, nameEnd + 1) + 1);
    at = space(body, visit(name, value) ?? skipValue(body, value, body.length, 0));
    if (body[at] === 0x2c) at = space(body, at + 1);
  }
  return at + 1;
}

function eachElement(body: Buffer, from: number, visit: (from: number) => number): number {
  let at = space(body, from + 1);
  while (body[at] !== 0x5d && at < body.length) {
    at = space(body, visit(at));
    if (body[at] === 0x2c) at = space(body, at + 1);
  }
  return at + 1;
}
