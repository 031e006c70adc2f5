/** `millrace user`: who may use the event store and the console. */
import { resolve } from 'node:path';
import { MillraceError } from '../kernel/errors.ts';
import { type Role, roles } from '../kernel/roles.ts';
import { Users } from '../server/users.ts';
import { parseArguments } from './arguments.ts';
import { processSettings } from './configuration.ts';
import { ask } from './prompt.ts';

export const help = `Usage: millrace user COMMAND [--path.data DIR | --path.settings DIR]

Users of the event store and the console. Until there is one, everything is open on this machine and
closed to others. The password is asked for, or read from standard input.

  add NAME [--role ROLE]   make a user: the first an administrator, others viewers unless said
  list                     names, roles, and since when
  passwd NAME              another password
  role NAME ROLE           another role
  remove NAME              remove a user; its sessions and API keys end at once

Roles: viewer (search), analyst (viewer, and works on alerts), operator (analyst, and writes and
sets up pipelines), administrator (everything).

  millrace user add anna
  printf %s "$PASSWORD" | millrace user add beats --role operator
`;

export async function userCommand(argv: readonly string[]): Promise<number> {
  const words: string[] = [];
  const others: string[] = [];
  let role: string | undefined;
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at]!;
    if (word === '--help' || word === '-h') {
      process.stdout.write(help);
      return 0;
    }
    if (word === '--role') role = argv[++at] ?? '';
    else if (word.startsWith('--role=')) role = word.slice('--role='.length);
    else if (/^--path\.\w+$/.test(word)) others.push(word, argv[++at] ?? '');
    else if (word.startsWith('--path.')) others.push(word);
    else if (word.startsWith('-'))
      throw new MillraceError('ERR_USAGE', `unknown argument ${word}. See "millrace user --help".`);
    else words.push(word);
  }
  const settings = await processSettings(parseArguments(others).values);
  const users = new Users(resolve(settings.get<string>('path.data')));
  const [command, name = '', ...rest] = words;
  if (command !== undefined && command !== 'list' && name === '')
    throw new MillraceError(
      'ERR_USAGE',
      `millrace user ${command} needs a name. See "millrace user --help".`,
    );
  switch (command) {
    case 'add':
      await users.add(
        name,
        asRole(role ?? (users.size === 0 ? 'administrator' : 'viewer')),
        await newPassword(),
      );
      return say(`user ${name} is there, as ${users.find(name)!.role}`);
    case 'list':
      for (const user of users.list()) process.stdout.write(`${user.name}\t${user.role}\t${user.created}\n`);
      return 0;
    case 'passwd':
      await users.setPassword(name, await newPassword());
      return say(`user ${name} has another password`);
    case 'role':
      users.setRole(name, asRole(role ?? rest[0] ?? ''));
      return say(`user ${name} is ${users.find(name)!.role}`);
    case 'remove':
      users.remove(name);
      return say(`user ${name} is removed`);
    default:
      if (command !== undefined)
        throw new MillraceError(
          'ERR_USAGE',
          `there is no user command ${command}. See "millrace user --help".`,
        );
      process.stdout.write(help);
      return 0;
  }
}

function say(text: string): number {
  process.stdout.write(`${text}\n`);
  return 0;
}

function asRole(text: string): Role {
  const role = roles.find((one) => one === text);
  if (!role) throw new MillraceError('ERR_USAGE', `there is no role ${text}: ${roles.join(', ')} are`);
  return role;
}

async function newPassword(): Promise<string> {
  const password = await ask('Password: ', true);
  if (process.stdin.isTTY === true && (await ask('The same again: ', true)) !== password)
    throw new MillraceError('ERR_USAGE', 'the two passwords are not the same');
  return password;
}
