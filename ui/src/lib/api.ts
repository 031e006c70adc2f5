/** Calls of the console's API, with the types of its contract. */
import type { AnswerOf, ApiProblem, BodyOf, QueryOf, RouteName } from '../../../src/server/contract.ts';

/** What the API says is wrong. */
export class ApiFailure extends Error {
  readonly status: number;
  readonly code: string;
  readonly position: number | undefined;
  readonly hint: string | undefined;

  constructor(status: number, problem: ApiProblem) {
    super(problem.error);
    this.status = status;
    this.code = problem.code;
    this.position = problem.position;
    this.hint = problem.hint;
  }
}

let csrf: string | undefined;
let signedOut: (() => void) | undefined;

/** The proof that a request comes from this page; every answer about the session brings it. */
export const setCsrf = (token: string | undefined): void => {
  csrf = token;
};
/** Called when an answer says that the session is over. */
export const onSignedOut = (callback: () => void): void => {
  signedOut = callback;
};

export interface CallOptions<N extends RouteName> {
  readonly body?: BodyOf<N>;
  readonly query?: QueryOf<N>;
  readonly params?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** URL of a route: `:id` of its path filled in, `query` behind it. */
function routeUrl<N extends RouteName>(name: N, { params, query }: CallOptions<N> = {}): string {
  const path = name
    .slice(name.indexOf(' ') + 1)
    .replace(/:(\w+)/g, (_, key: string) => encodeURIComponent(params?.[key] ?? ''));
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries((query ?? {}) as Record<string, unknown>))
    if (value !== undefined) search.set(key, String(value));
  return search.size > 0 ? `${path}?${search}` : path;
}

function send<N extends RouteName>(name: N, options: CallOptions<N>): Promise<Response> {
  const method = name.slice(0, name.indexOf(' '));
  return fetch(routeUrl(name, options), {
    method,
    credentials: 'same-origin',
    headers: {
      ...(options.body !== undefined && { 'content-type': 'application/json' }),
      ...(method !== 'GET' && csrf !== undefined && { 'x-millrace-csrf': csrf }),
    },
    ...(options.body !== undefined && { body: JSON.stringify(options.body) }),
    ...(options.signal && { signal: options.signal }),
  });
}

function failureOf(response: Response, text: string, answer: unknown): ApiFailure {
  const problem =
    typeof answer === 'object' && answer !== null
      ? (answer as ApiProblem)
      : { error: text || response.statusText, code: 'invalid' };
  const failure = new ApiFailure(response.status, problem);
  if (failure.code === 'signed_out') signedOut?.();
  return failure;
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** @throws ApiFailure; the signal's reason */
export async function call<N extends RouteName>(name: N, options: CallOptions<N> = {}): Promise<AnswerOf<N>> {
  const response = await send(name, options);
  const text = await response.text();
  const answer = parsed(text);
  if (!response.ok || answer === undefined) throw failureOf(response, text, answer);
  return answer as AnswerOf<N>;
}

/** The answer of a download, to be read as it comes. @throws ApiFailure; the signal's reason */
export async function open<N extends RouteName>(name: N, options: CallOptions<N>): Promise<Response> {
  const response = await send(name, options);
  if (response.ok) return response;
  const text = await response.text();
  throw failureOf(response, text, parsed(text));
}

/** Listens to a route of server-sent events until the returned function is called. */
export function listen<N extends RouteName>(
  name: N,
  options: CallOptions<N>,
  on: { event(answer: AnswerOf<N>): void; problem(message: string): void; open?(): void },
): () => void {
  const source = new EventSource(routeUrl(name, options));
  source.onmessage = (message) => on.event(JSON.parse(message.data as string) as AnswerOf<N>);
  source.addEventListener('problem', (message) => {
    on.problem((JSON.parse((message as MessageEvent<string>).data) as ApiProblem).error);
    source.close();
  });
  source.onerror = () => {
    if (source.readyState === EventSource.CLOSED) on.problem('the connection to Millrace was closed');
  };
  if (on.open) source.onopen = on.open;
  return () => source.close();
}
