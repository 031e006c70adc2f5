/** The console over handlers of the test's choice, with a caller of its choice instead of sessions. */
import { fileURLToPath } from 'node:url';
import type { Logger } from '../../src/kernel/logger.ts';
import { type AuditEntry, type Caller, ConsoleError, type Handlers } from '../../src/server/console/call.ts';
import { type Console, startConsole } from '../../src/server/console/console.ts';
import type { RouteName } from '../../src/server/contract.ts';

export interface ConsoleServer {
  readonly console: Console;
  readonly url: string;
  readonly audited: AuditEntry[];
  /** Errors of the server that nobody expected. */
  readonly errors: string[];
  /** Who asks from now on. */
  caller: Caller | undefined;
}

/** `handlers` gets the function that notes what is audited. Routes without a handler answer 501. */
export async function consoleServer(
  handlers: (audit: (entry: AuditEntry) => void) => object,
  caller: Caller | undefined,
  port = 0,
): Promise<ConsoleServer> {
  const audited: AuditEntry[] = [];
  const errors: string[] = [];
  const logger = {
    warn: (_: unknown, text: string) => errors.push(text),
    error: (_: unknown, text: string) => errors.push(text),
  } as unknown as Logger;
  const audit = (entry: AuditEntry): void => void audited.push(entry);
  const session = (): object => ({
    user: state.caller && {
      name: state.caller.name,
      role: state.caller.role,
      expires: Date.now() + 3_600_000,
    },
    setup: false,
    csrf: 'proof',
    version: 'test',
    providers: [],
  });
  const known: Record<string, unknown> = { ...handlers(audit), 'GET /api/session': session };
  const console = await startConsole({
    handlers: new Proxy(known, {
      get: (target, name: RouteName) =>
        target[name] ??
        (() => {
          throw new ConsoleError(501, 'not_here', `${name} is not part of this test`);
        }),
    }) as unknown as Handlers,
    access: {
      identify: async () => state.caller,
      provesOrigin: ({ headers }) => headers['x-millrace-csrf'] === 'proof',
      audit,
    },
    logger,
    host: '127.0.0.1',
    port,
    pages: fileURLToPath(new URL('../../dist/ui', import.meta.url)),
  });
  const state: ConsoleServer = { console, url: console.url, audited, errors, caller };
  return state;
}
