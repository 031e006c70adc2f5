/** `millrace keystore` and `logstash-keystore`. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { MillraceError } from '../kernel/errors.ts';
import { Keystore } from './keystore.ts';
import { ask, readStdin } from './prompt.ts';

export const help = `Usage: millrace keystore [--path.settings DIR] COMMAND

Keeps secrets out of configs: a config names them as \${NAME}.

  create               make an empty keystore in path.settings
  add NAME… [--stdin]  add or change secrets; asks for each value, or reads it from standard input
  list                 print the names
  remove NAME…         remove secrets

  millrace keystore --path.settings /etc/logstash create
  millrace keystore --path.settings /etc/logstash add ES_PASSWORD
  printf %s "$PASSWORD" | millrace keystore add ES_PASSWORD --stdin

The file is encrypted with the password in LOGSTASH_KEYSTORE_PASS, if that is set when the keystore
is created.
`;

const NAME = /^[A-Za-z_.][A-Za-z0-9_.]*$/;

export async function keystoreCommand(argv: readonly string[]): Promise<number> {
  const words: string[] = [];
  let directory = process.env['LS_SETTINGS_DIR'];
  let fromStdin = false;
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at]!;
    if (word === '--path.settings') {
      directory = argv[++at];
      if (directory === undefined) throw new MillraceError('ERR_USAGE', '--path.settings needs a directory');
    } else if (word.startsWith('--path.settings=')) directory = word.slice('--path.settings='.length);
    else if (word === '--stdin' || word === '-x') fromStdin = true;
    else if (word === '--help' || word === '-h') return print(help);
    else if (word === '--force' || word === '-f') words.push(word);
    else if (word.startsWith('-'))
      throw new MillraceError('ERR_USAGE', `unknown argument ${word}. See "millrace keystore --help".`);
    else words.push(word);
  }
  const [command, ...names] = words;
  if (directory !== undefined && !existsSync(directory)) {
    throw new MillraceError('ERR_KEYSTORE', `path.settings: there is no directory ${directory}`);
  }
  const file = join(resolve(directory ?? (existsSync('config') ? 'config' : '.')), 'logstash.keystore');
  switch (command) {
    case 'create':
      return create(file, names.includes('--force') || names.includes('-f'));
    case 'add':
      return add(file, names, fromStdin);
    case 'list':
      for (const name of (await Keystore.open(file)).names()) process.stdout.write(`${name}\n`);
      return 0;
    case 'remove':
      return remove(file, names);
    default:
      if (command !== undefined)
        throw new MillraceError(
          'ERR_USAGE',
          `there is no keystore command ${command}. See "millrace keystore --help".`,
        );
      return print(help);
  }
}

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}

async function confirmed(question: string): Promise<boolean> {
  return /^y(es)?$/i.test((await ask(`${question} [y/N] `)).trim());
}

async function create(file: string, force: boolean): Promise<number> {
  if (
    Keystore.exists(file) &&
    !force &&
    !(await confirmed('An existing Logstash keystore already exists. Overwrite ?'))
  ) {
    process.stdout.write('Exiting without creating the keystore.\n');
    return 0;
  }
  if (process.env['LOGSTASH_KEYSTORE_PASS'] === undefined) {
    process.stderr.write(
      'WARNING: The keystore password is not set. Please set the environment variable `LOGSTASH_KEYSTORE_PASS`. Failure to do so will result in reduced security.\n',
    );
    // Scripts made the decision when they were written.
    if (process.stdin.isTTY && !(await confirmed('Continue without password protection on the keystore?'))) {
      process.stdout.write('Exiting without creating the keystore.\n');
      return 0;
    }
  }
  await Keystore.create(file);
  process.stdout.write(`Created Logstash keystore at ${file}\n`);
  return 0;
}

async function add(file: string, names: readonly string[], fromStdin: boolean): Promise<number> {
  if (names.length === 0)
    throw new MillraceError(
      'ERR_USAGE',
      'keystore add needs the name of a secret: "millrace keystore add NAME"',
    );
  for (const name of names) {
    if (!NAME.test(name))
      throw new MillraceError(
        'ERR_KEYSTORE',
        `${name} can not be a name: it takes letters, digits, "_" and ".", and begins with no digit`,
      );
  }
  if (!Keystore.exists(file)) {
    if (!fromStdin && !(await confirmed('The keystore does not exist. Create it ?'))) return 1;
    await Keystore.create(file);
  }
  const store = await Keystore.open(file);
  for (const name of names) {
    if (
      store.get(name) !== undefined &&
      !fromStdin &&
      !(await confirmed(`${name} already exists. Overwrite ?`))
    )
      continue;
    const value = fromStdin
      ? (await readStdin()).replace(/\r?\n$/, '')
      : await ask(`Enter value for ${name}: `, true);
    if (value === '') throw new MillraceError('ERR_KEYSTORE', `no value for ${name}: nothing was changed`);
    if (!/^[\x20-\x7e]*$/.test(value))
      throw new MillraceError(
        'ERR_KEYSTORE',
        `the value of ${name} has characters that are not printable ASCII: nothing was changed`,
      );
    store.set(name, value);
    await store.save();
    process.stdout.write(`Added '${name.toLowerCase()}' to the Logstash keystore.\n`);
  }
  return 0;
}

async function remove(file: string, names: readonly string[]): Promise<number> {
  if (names.length === 0)
    throw new MillraceError(
      'ERR_USAGE',
      'keystore remove needs the name of a secret: "millrace keystore remove NAME"',
    );
  const store = await Keystore.open(file);
  for (const name of names) {
    if (store.remove(name)) {
      await store.save();
      process.stdout.write(`Removed '${name.toLowerCase()}' from the Logstash keystore.\n`);
    } else process.stdout.write(`ERROR: '${name.toLowerCase()}' does not exist in the Logstash keystore.\n`);
  }
  return 0;
}
