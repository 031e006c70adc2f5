/** Errors of what somebody typed, as the console tells them. */
import { MillraceError } from '../../kernel/errors.ts';
import { ConsoleError } from './call.ts';

/** Other errors stay what they are. */
export const asProblem = (error: unknown): unknown =>
  error instanceof MillraceError && error.code === 'ERR_USAGE'
    ? new ConsoleError(400, 'invalid', error.message)
    : error;
