/** The state of the screen as it stands in the URL. What is not there is as it is by default. */
import type { EventQuery, FilterPill } from '../../../../src/server/contract.ts';

export interface DiscoverState {
  readonly q?: string;
  readonly from?: string;
  readonly to?: string;
  readonly filters?: readonly FilterPill[];
  /** Fields shown as columns; none: a summary of each event. */
  readonly cols?: readonly string[];
  /** `field:asc` or `field:desc`. */
  readonly sort?: string;
  /** Index names and patterns. */
  readonly sources?: readonly string[];
  readonly interval?: string;
  /** Seconds between searches. */
  readonly refresh?: number;
  readonly live?: true;
  readonly chart?: false;
  /** `index/id` of the event that is looked at. */
  readonly event?: string;
}

export const DEFAULT_FROM = 'now-15m';
export const DEFAULT_TO = 'now';
export const DEFAULT_SORT = '@timestamp:desc';

const operators: readonly string[] = [
  'is',
  'is_not',
  'exists',
  'not_exists',
  'one_of',
  'not_one_of',
  'range',
];

const text = (value: unknown, max: number): string | undefined => {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return typeof value === 'string' && value !== '' && value.length <= max ? value : undefined;
};
const texts = (value: unknown): string[] | undefined => {
  if (!Array.isArray(value)) return undefined;
  const all = value.flatMap((one) => text(one, 1024) ?? []).slice(0, 100);
  return all.length > 0 ? [...new Set(all)] : undefined;
};

function isPill(value: unknown): value is FilterPill {
  if (typeof value !== 'object' || value === null) return false;
  const { field, operator } = value as Record<string, unknown>;
  return typeof field === 'string' && typeof operator === 'string' && operators.includes(operator);
}

/** Takes whatever stands in a URL: what makes no sense is left out. */
export function discoverSearch(given: Record<string, unknown>): DiscoverState {
  const state: { -readonly [K in keyof DiscoverState]: DiscoverState[K] } = {};
  const set = <K extends keyof DiscoverState>(key: K, value: DiscoverState[K] | undefined): void => {
    if (value !== undefined) state[key] = value;
  };
  set('q', text(given['q'], 32_768));
  set('from', text(given['from'], 100));
  set('to', text(given['to'], 100));
  const pills = Array.isArray(given['filters']) ? given['filters'].filter(isPill).slice(0, 200) : [];
  set('filters', pills.length > 0 ? pills : undefined);
  set('cols', texts(given['cols']));
  const sort = text(given['sort'], 1100);
  set('sort', sort !== undefined && /.:(?:asc|desc)$/.test(sort) ? sort : undefined);
  set('sources', texts(given['sources']));
  set('interval', text(given['interval'], 20));
  const refresh = Number(given['refresh']);
  set('refresh', refresh >= 1 && refresh <= 86_400 ? Math.round(refresh) : undefined);
  set('live', given['live'] === true ? true : undefined);
  set('chart', given['chart'] === false ? false : undefined);
  set('event', text(given['event'], 2048));
  return state;
}

export interface SortOrder {
  readonly field: string;
  readonly order: 'asc' | 'desc';
}

export function sortOf({ sort = DEFAULT_SORT }: DiscoverState): SortOrder {
  const at = sort.lastIndexOf(':');
  return { field: sort.slice(0, at), order: sort.slice(at + 1) === 'asc' ? 'asc' : 'desc' };
}

/** The part of the state that decides which events there are. */
export const queryOf = (state: DiscoverState): EventQuery => ({
  query: state.q ?? '',
  filters: [...(state.filters ?? [])],
  from: state.from ?? DEFAULT_FROM,
  to: state.to ?? DEFAULT_TO,
  indices: [...(state.sources ?? [])],
  timeZone,
});

/** The browser's. */
const timeZone = Intl.DateTimeFormat().resolvedOptions().timeZone;

export const eventKey = (index: string, id: string): string => `${index}/${id}`;
