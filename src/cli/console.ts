/** Starts the web console: its access, and the handlers of every area, one line each. */
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Engine } from '../engine/engine.ts';
import type { Logger } from '../kernel/logger.ts';
import { VERSION } from '../kernel/version.ts';
import { registry } from '../plugins/registry.ts';
import { Sessions } from '../server/access/sessions.ts';
import { SetUpCode } from '../server/access/set-up-code.ts';
import { Throttle } from '../server/access/throttle.ts';
import type { AuditLog } from '../server/audit/audit-log.ts';
import { ConsoleAccess, type OpenSession } from '../server/console/access.ts';
import { accountHandlers } from '../server/console/account.ts';
import { auditHandlers } from '../server/console/audit.ts';
import {
  type AuditEntry,
  ConsoleError,
  type Handler,
  type Handlers,
  type HandlersOf,
} from '../server/console/call.ts';
import type { ConfigHost } from '../server/console/configs/config-host.ts';
import { configHandlers } from '../server/console/configs.ts';
import { type Console, startConsole as startServer } from '../server/console/console.ts';
import { deadLetterHandlers } from '../server/console/dead-letters.ts';
import { type DemoControl, demoHandlers } from '../server/console/demo.ts';
import { eventHandlers } from '../server/console/events.ts';
import { integrationHandlers } from '../server/console/integrations.ts';
import { keyHandlers } from '../server/console/keys.ts';
import { PipelineMonitor } from '../server/console/pipelines/pipeline-monitor.ts';
import { pipelineHandlers } from '../server/console/pipelines.ts';
import { sessionHandlers, sessionView } from '../server/console/session.ts';
import { storageHandlers } from '../server/console/storage.ts';
import { userHandlers } from '../server/console/users.ts';
import { eventRoutes } from '../server/contract/events.ts';
import { keyRoutes } from '../server/contract/keys.ts';
import { storageRoutes } from '../server/contract/storage.ts';
import type { RouteName, SessionView } from '../server/contract.ts';
import { Integrations } from '../server/integrations/integrations.ts';
import { NodeStats } from '../server/node-stats.ts';
import { storeAuthenticator } from '../server/store-authenticator.ts';
import { UserSignIn } from '../server/user-sign-in.ts';
import { Users } from '../server/users.ts';
import { ApiKeys } from '../store/api/api-keys.ts';
import { isLoopback } from '../store/api/authenticate.ts';
import { tlsOf } from '../store/api/tls-settings.ts';
import type { Store } from '../store/store.ts';
import { type ProcessSettings, pipelineSettings } from './configuration.ts';
import type { ReloadResult } from './configured-pipelines.ts';
import { oidcOf } from './console-settings.ts';
import type { EventStore } from './event-store.ts';
import { changeKeystore, keystoreLookup } from './keystore.ts';
import { snapshotFolder } from './snapshot-settings.ts';

export interface ConsoleParts {
  /** Brings what runs to what the files say now. */
  reload(): Promise<ReloadResult>;
  /** Pipelines that do not run as the files say, and why. */
  failed(): ReadonlyMap<string, string>;
  /** What is set up on the page of sources and destinations runs in this process. */
  readonly integrations: boolean;
  readonly settings: ProcessSettings;
  readonly engine: Engine;
  /** Undefined: this process has none. */
  readonly store: EventStore | undefined;
  readonly audit: AuditLog;
  /** Undefined: without an event store there is none. */
  readonly demo: DemoControl | undefined;
  readonly logger: Logger;
  readonly configs: ConfigHost;
}

/** Where `vite build` puts the pages, seen from the sources and from the build. */
const PAGES = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? '../../dist/ui' : '../ui', import.meta.url),
);

/** Serves the console and says where. @throws MillraceError when it can not be served, or not safely */
export async function startConsole({
  settings,
  engine,
  store,
  audit,
  demo = noDemo,
  logger,
  reload,
  failed,
  integrations: runs,
  configs,
}: ConsoleParts): Promise<Console> {
  const setting = (name: string): unknown => settings.get(name as never);
  const host = settings.get<string>('console.http.host');
  const tls = await tlsOf(setting, !isLoopback(host), 'console');
  const dataPath = resolve(settings.get<string>('path.data'));
  const users = new Users(dataPath);
  const signIn = new UserSignIn(users);
  const sessions = new Sessions(dataPath, {
    idle: settings.get<number>('console.session.idle_timeout') * 1000,
    lifetime: settings.get<number>('console.session.lifetime') * 1000,
  });
  const openStore = (): Promise<Store> =>
    store?.open() ??
    Promise.reject(
      new ConsoleError(503, 'no_store', 'this process has no event store: set store.enabled to true'),
    );
  let keys: Promise<ApiKeys> | undefined;
  const openKeys = (): Promise<ApiKeys> => {
    keys ??= openStore()
      .then((open) => new ApiKeys(open, storeAuthenticator(users, signIn)))
      .catch((error: unknown) => {
        keys = undefined;
        throw error;
      });
    return keys;
  };
  const access = new ConsoleAccess({
    users,
    sessions,
    audit,
    secure: tls !== undefined,
    keys: store ? openKeys : undefined,
  });
  const throttle = new Throttle();
  const oidc = oidcOf(settings, users);
  const providers = oidc ? [{ id: oidc.id, title: oidc.title }] : [];
  const view = (session: OpenSession | undefined): SessionView =>
    sessionView({ users, sessions, providers, version: VERSION }, session);
  const note = (entry: AuditEntry): void => audit.append(entry);
  const stats = new NodeStats(engine);
  const monitor = new PipelineMonitor(engine, stats);
  const integrations = new Integrations({
    engine,
    registry,
    stats,
    logger,
    dataPath,
    hasStore: store !== undefined,
    runs,
    settings: pipelineSettings(
      { id: 'test', values: {}, loaded: { sources: [], diagnostics: [] } },
      settings,
    ),
    keystore: () => keystoreLookup(settings.keystoreFile),
    saveSecrets: (changes) => changeKeystore(settings.keystoreFile, changes),
    reload,
    failed,
  });
  const place = { url: '' };
  const setUp = new SetUpCode((code) => {
    process.stderr.write(`Set-up code: ${code}  (open ${place.url} and make the first administrator)\n`);
  });

  const configArea = configHandlers({ host: configs, audit: note });

  // Every area of the API: a line each, by the name of its table of routes.
  const handlers: Handlers = {
    ...sessionHandlers({ access, users, signIn, setUp, throttle, oidc, view }),
    ...accountHandlers({ access, users, sessions, signIn, throttle, view }),
    ...userHandlers({ users, sessions, audit: note }),
    ...later(keyRoutes, async () => keyHandlers({ access, keys: await openKeys() })),
    ...auditHandlers(audit),
    ...later(eventRoutes, async () => eventHandlers({ store: await openStore(), audit: note })),
    ...demoHandlers(demo, note),
    ...pipelineHandlers({ engine, monitor, audit: note }),
    ...deadLetterHandlers({
      engine,
      root: resolve(
        settings.get<string | undefined>('path.dead_letter_queue') ?? join(dataPath, 'dead_letter_queue'),
      ),
      dataPath,
      audit: note,
    }),
    ...later(storageRoutes, async () =>
      storageHandlers({
        store: await openStore(),
        audit: note,
        snapshotFolder: snapshotFolder(settings),
      }),
    ),
    ...integrationHandlers({ integrations, audit: note }),
    ...configArea.handlers,
  };

  const hosts = (settings.get<string | undefined>('console.http.hosts') ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '');
  const stop = (): void => {
    integrations.close();
    monitor.close();
    stats.close();
  };
  const server = await startServer({
    handlers,
    access,
    logger,
    host,
    port: settings.get<number>('console.http.port'),
    hosts: [hostname().toLowerCase(), ...hosts],
    pages: PAGES,
    ...(tls && { tls }),
  }).catch((error: unknown) => {
    stop();
    throw error;
  });
  place.url = server.url;
  logger.info({}, `Console at ${server.url}`);
  if (users.size === 0) setUp.offer();
  return {
    ...server,
    close: async () => {
      stop();
      await server.close();
      await configArea.close();
    },
  };
}

const noDemo: DemoControl = {
  view: async () => ({ state: 'none', filled: 1, sent: 0, indices: [] }),
  remove: async () => {},
};

/** Handlers of an area that are made at the first call, such as when the event store has opened. */
function later<N extends RouteName>(
  routes: Readonly<Record<N, unknown>>,
  make: () => Promise<HandlersOf<N>>,
): HandlersOf<N> {
  let made: Promise<HandlersOf<N>> | undefined;
  const area = (): Promise<HandlersOf<N>> => {
    made ??= make().catch((error: unknown) => {
      made = undefined;
      throw error instanceof ConsoleError
        ? error
        : new ConsoleError(503, 'not_ready', (error as Error).message);
    });
    return made;
  };
  const entries = (Object.keys(routes) as N[]).map((name) => [
    name,
    (async (call) => (await area())[name](call)) as Handler<N>,
  ]);
  return Object.fromEntries(entries) as HandlersOf<N>;
}
