/** `millrace demo`: says what a demo has left, and deletes it. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { MillraceError } from '../kernel/errors.ts';
import { lockOwner } from '../kernel/folder-lock.ts';
import type { DemoView } from '../server/contract.ts';
import type { Store } from '../store/store.ts';
import { type ConsoleArguments, ConsoleClient, consoleArguments, consoleHelp } from './console-client.ts';
import { demoFolders, demoIndices, hasDemoFiles, removeDemoData } from './demo-data.ts';
import { embeddedOptions } from './embedded-options.ts';

export const help = `Usage: millrace demo COMMAND [OPTIONS]

The demo is begun by "millrace up --demo" (npm start -- --demo): invented traffic through the default
listeners. Its events have the tag demo and are in indices named demo-*.

  status     what there is of it
  remove     end it, and delete its pipelines, indices and dead letters, and nothing else

${consoleHelp}

When no Millrace runs, the folder of --path.data itself is looked at, and no user is needed.

  millrace demo remove --user admin
`;

export async function demoCommand(argv: readonly string[]): Promise<number> {
  if (argv.length === 0 || argv.some((word) => word === '--help' || word === '-h')) {
    process.stdout.write(help);
    return 0;
  }
  const { connection, rest } = await consoleArguments(argv);
  const [command, ...others] = rest;
  if (others.length > 0 || (command !== 'status' && command !== 'remove'))
    throw new MillraceError(
      'ERR_USAGE',
      `millrace demo takes status or remove, and is "${rest.join(' ')}". See "millrace demo --help".`,
    );
  const isRemoval = command === 'remove';
  const sentence = isRunning(connection)
    ? await askConsole(connection, isRemoval)
    : await openFolder(connection, isRemoval);
  process.stdout.write(`${sentence}\n`);
  return 0;
}

const storeFolder = ({ settings }: ConsoleArguments): string =>
  resolve(settings.get<string | undefined>('store.path') ?? join(settings.get<string>('path.data'), 'store'));

/** A console was named, or another process has the store. */
function isRunning(connection: ConsoleArguments): boolean {
  const folder = storeFolder(connection);
  return connection.url !== undefined || (existsSync(folder) && lockOwner(folder) !== undefined);
}

async function askConsole(connection: ConsoleArguments, isRemoval: boolean): Promise<string> {
  const client = await ConsoleClient.connect(connection);
  try {
    const before = await client.call<DemoView>('GET', '/api/demo');
    if (!isRemoval || before.state === 'none') return describe(before);
    await client.call('DELETE', '/api/demo');
    return removed(before.indices.length);
  } finally {
    await client.close();
  }
}

async function openFolder(connection: ConsoleArguments, isRemoval: boolean): Promise<string> {
  const { settings } = connection;
  const folder = storeFolder(connection);
  const folders = demoFolders(settings);
  const { StoreClient } = await import('../store/embedded/store-client.ts');
  const store: Store | undefined = existsSync(folder)
    ? await StoreClient.start(embeddedOptions(settings, folder))
    : undefined;
  try {
    const indices = store ? await demoIndices(store) : [];
    const isLeft = indices.length > 0 || hasDemoFiles(folders);
    if (!isRemoval || !isLeft)
      return describe({ state: isLeft ? 'left' : 'none', filled: 1, sent: 0, indices });
    await removeDemoData(store ?? { indices: async () => [], deleteIndices: async () => [] }, folders);
    return removed(indices.length);
  } finally {
    await store?.close();
  }
}

const removed = (indices: number): string =>
  `The demo is removed: ${indices} ${indices === 1 ? 'index' : 'indices'}, its pipelines and dead letters.`;

function describe({ state, filled, sent, indices }: DemoView): string {
  if (state === 'none') return 'There is no demo.';
  if (state === 'left') return `A demo has left ${indices.length} indices: ${indices.join(', ')}`;
  const past =
    filled < 1 ? `, ${Math.round(filled * 100)} % of the hours before the start are filled in` : '';
  return `The demo plays: ${sent} messages so far${past}. Its indices: ${indices.join(', ')}`;
}
