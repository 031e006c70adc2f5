/** What a handler of the console's API gets, and how it says that something is wrong. */
import type { IncomingMessage } from 'node:http';
import type { AnswerOf, ParsedBody, ParsedQuery, Role, RouteName, Routes } from '../contract.ts';

export interface Caller {
  readonly name: string;
  readonly role: Role;
  /** Index patterns the caller may read; undefined: all. */
  readonly indices?: readonly string[];
  /** Fields that are never shown to the caller. */
  readonly hiddenFields?: readonly string[];
  /** KQL that every search of the caller is narrowed by. */
  readonly filter?: string;
}

export interface Call<N extends RouteName> {
  readonly body: ParsedBody<N>;
  readonly query: ParsedQuery<N>;
  /** Of the path: `:id`. */
  readonly params: Readonly<Record<string, string>>;
  /** Undefined only on routes that are open. */
  readonly caller: Caller | undefined;
  readonly address: string;
  readonly request: IncomingMessage;
  /** Aborted when the client is gone. */
  readonly signal: AbortSignal;
  setCookie(cookie: string): void;
}

/** A file that the browser saves, written as it is made. */
export interface Download {
  readonly fileName: string;
  readonly type: string;
  readonly chunks: AsyncIterable<string | Uint8Array>;
}

type Result<N extends RouteName> = Routes[N] extends { readonly stream: 'events' }
  ? AsyncIterable<AnswerOf<N>>
  : Routes[N] extends { readonly stream: 'download' }
    ? Download
    : AnswerOf<N>;

export type Handler<N extends RouteName> = (call: Call<N>) => Result<N> | Promise<Result<N>>;
export type Handlers = { readonly [N in RouteName]: Handler<N> };
/** The handlers of one area. */
export type HandlersOf<N extends RouteName> = { readonly [K in N]: Handler<K> };

/** An error that the UI is told of. */
export class ConsoleError extends Error {
  readonly status: number;
  readonly code: string;
  readonly details: { readonly position?: number; readonly hint?: string };

  constructor(
    status: number,
    code: string,
    message: string,
    details: { readonly position?: number; readonly hint?: string } = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.details = details;
  }
}

export const notThere = (what: string): ConsoleError =>
  new ConsoleError(404, 'not_found', `${what} does not exist`);

/** What the console must know of a request before it is answered. */
export interface Access {
  /** The session's or key's owner; undefined: nobody. */
  identify(request: IncomingMessage): Promise<Caller | undefined>;
  /** Whether a request that changes something comes from our own pages. Keys need no proof. */
  provesOrigin(request: IncomingMessage): boolean;
  /** Notes what somebody did, or was not allowed to do. */
  audit(entry: AuditEntry): void;
}

export interface AuditEntry {
  /** e.g. `session.sign_in`, `events.search`, `config.apply` */
  readonly action: string;
  readonly user: string | undefined;
  readonly address: string;
  readonly outcome: 'success' | 'failure' | 'denied';
  readonly details?: Readonly<Record<string, unknown>>;
}
