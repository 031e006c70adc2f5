/** Errors in Elasticsearch's shape. */
import { StoreError } from '../errors.ts';
import type { Answer } from './call.ts';
import { PlainError } from './router.ts';

interface Known {
  readonly status: number;
  readonly type: string;
  readonly message: string;
  /** Of a query: what it says to programs, where `message` may have several lines. */
  readonly reason?: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

const isKnown = (error: unknown): error is Known =>
  error instanceof StoreError ||
  (error instanceof Error &&
    typeof (error as Partial<Known>).status === 'number' &&
    typeof (error as Partial<Known>).type === 'string');

/** `{"error":{"root_cause":[…],"type","reason"},"status"}`; 500 for what nobody foresaw, which tells nothing. */
export function errorAnswer(error: unknown): Answer {
  if (error instanceof PlainError)
    return { status: error.status, body: error.body, headers: error.headers, filtered: true };
  const known = isKnown(error) ? error : undefined;
  const status = known?.status ?? 500;
  return {
    status,
    body: errorBody(error),
    filtered: true,
    ...(status === 401 && {
      headers: { 'www-authenticate': 'Basic realm="security", charset="UTF-8", ApiKey' },
    }),
    ...(status === 429 && { headers: { 'retry-after': '1' } }),
  };
}

/** The same as one answer among several (`_msearch`). */
export function errorBody(error: unknown): { error: Record<string, unknown>; status: number } {
  const known = isKnown(error) ? error : undefined;
  const cause = known
    ? { type: known.type, reason: known.reason ?? known.message, ...known.details }
    : { type: 'exception', reason: 'something went wrong in Millrace: its log has the details' };
  return { error: { root_cause: [cause], ...cause }, status: known?.status ?? 500 };
}

/** Whether the log should have it: nobody's fault but ours. */
export const isUnforeseen = (error: unknown): boolean => !(error instanceof PlainError) && !isKnown(error);
