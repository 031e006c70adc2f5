/** The commands: what `millrace COMMAND …` runs, and what help and docs tell of it. Each is loaded when it is asked for. */

export interface Command {
  /** As the overview says it. */
  readonly summary: string;
  /** What `--help` prints. */
  readonly help: () => Promise<string>;
  /** Resolves to the exit status. */
  readonly run: (argv: readonly string[]) => Promise<number>;
}

export const commands: Readonly<Record<string, Command>> = {
  up: {
    summary: 'run with default listeners: beats 5044, syslog 5514, http 8080 (npm start)',
    help: async () => (await import('./up.ts')).help,
    run: async (argv) => (await import('./up.ts')).up(argv),
  },
  search: {
    summary: 'events of the event store in the terminal; --follow shows what comes',
    help: async () => (await import('./search-command.ts')).help,
    run: async (argv) => (await import('./search-command.ts')).searchCommand(argv),
  },
  export: {
    summary: 'everything that a search finds into a file: CSV, NDJSON, Parquet',
    help: async () => (await import('./export-command.ts')).help,
    run: async (argv) => (await import('./export-command.ts')).exportCommand(argv),
  },
  store: {
    summary: 'what the event store holds, for how long, and copies of it',
    help: async () => (await import('./store-command.ts')).help,
    run: async (argv) => (await import('./store-command.ts')).storeCommand(argv),
  },
  keystore: {
    summary: 'create, add, list, remove secrets that configs use as ${NAME}',
    help: async () => (await import('./keystore-command.ts')).help,
    run: async (argv) => (await import('./keystore-command.ts')).keystoreCommand(argv),
  },
  plugin: {
    summary: 'list the plugins',
    help: async () => (await import('./plugin-command.ts')).help,
    run: async (argv) => (await import('./plugin-command.ts')).pluginCommand(argv),
  },
  certs: {
    summary: 'make a CA and certificates for servers and clients',
    help: async () => (await import('./certs-command.ts')).help,
    run: async (argv) => (await import('./certs-command.ts')).certsCommand(argv),
  },
  user: {
    summary: 'add, list, remove users of the event store and the console',
    help: async () => (await import('./user-command.ts')).help,
    run: async (argv) => (await import('./user-command.ts')).userCommand(argv),
  },
  audit: {
    summary: 'who did what in the console and the event store, and whether that log is whole',
    help: async () => (await import('./audit-command.ts')).help,
    run: async (argv) => (await import('./audit-command.ts')).auditCommand(argv),
  },
  queue: {
    summary: 'look into a persisted queue, mend it, empty it',
    help: async () => (await import('./queue-command.ts')).help,
    run: async (argv) => (await import('./queue-command.ts')).queueCommand(argv),
  },
  relay: {
    summary: 'keep the datagrams of a UDP sender while its server is away',
    help: async () => (await import('./relay-command.ts')).help,
    run: async (argv) => (await import('./relay-command.ts')).relayCommand(argv),
  },
  dlq: {
    summary: 'look at, replay and purge events that outputs refused',
    help: async () => (await import('./dlq-command.ts')).help,
    run: async (argv) => (await import('./dlq-command.ts')).dlqCommand(argv),
  },
  test: {
    summary: 'run tests of configs',
    help: async () => (await import('./test-arguments.ts')).help,
    run: async (argv) => (await import('./test-command.ts')).testCommand(argv),
  },
  demo: {
    summary: 'what a demo (millrace up --demo) has left, and its removal',
    help: async () => (await import('./demo-command.ts')).help,
    run: async (argv) => (await import('./demo-command.ts')).demoCommand(argv),
  },
  tap: {
    summary: 'events as they pass a running pipeline, before and after each of its plugins',
    help: async () => (await import('./tap-command.ts')).help,
    run: async (argv) => (await import('./tap-command.ts')).tapCommand(argv),
  },
  top: {
    summary: 'live rates of every plugin in the terminal',
    help: async () => (await import('./top.ts')).help,
    run: async (argv) => (await import('./top.ts')).top(argv),
  },
};

/** Undefined also for what only looks like one, as `constructor` does. */
export const commandOf = (name: string): Command | undefined =>
  Object.hasOwn(commands, name) ? commands[name] : undefined;
