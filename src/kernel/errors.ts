/** Every error that a user can meet: code, exit status, and what it says. */
export const errors = {
  ERR_CONFIG: { exit: 1, status: 400 },
  ERR_USAGE: { exit: 1, status: 400 },
  ERR_SETTING: { exit: 1, status: 400 },
  ERR_KEYSTORE: { exit: 1, status: 500 },
  ERR_LISTEN: { exit: 1, status: 500 },
  ERR_IO: { exit: 1, status: 500 },
  ERR_PLUGIN: { exit: 1, status: 500 },
  ERR_INTERNAL: { exit: 70, status: 500 },
} as const;

export type ErrorCode = keyof typeof errors;

/** An error with a sentence for the user: what, where and what to do. No stack is shown for it. */
export class MillraceError extends Error {
  readonly code: ErrorCode;
  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'MillraceError';
    this.code = code;
  }
}
