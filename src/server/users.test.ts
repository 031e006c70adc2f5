import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { UserSignIn } from './user-sign-in.ts';
import { hashPassword, Users, verifyPassword } from './users.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});
function folder(): string {
  folders.push(mkdtempSync(join(tmpdir(), 'millrace-users-')));
  return folders.at(-1)!;
}

test('users are kept, changed and removed, and other processes see it', async () => {
  const path = folder();
  const users = new Users(path);
  const elsewhere = new Users(path);
  expect([users.size, users.list()]).toEqual([0, []]);
  await users.add('root', 'administrator', 'long enough');
  await users.add('anna', 'viewer', 'also enough', { indices: ['a-*'] });
  expect(elsewhere.list().map(({ name, role }) => [name, role])).toEqual([
    ['anna', 'viewer'],
    ['root', 'administrator'],
  ]);
  elsewhere.setRole('anna', 'operator');
  expect(users.find('anna')).toMatchObject({ role: 'operator', indices: ['a-*'] });
  await elsewhere.setPassword('anna', 'another one');
  expect(await verifyPassword('another one', users.find('anna')!.password)).toBe(true);
  users.remove('anna');
  expect(elsewhere.find('anna')).toBeUndefined();
  expect(statSync(join(path, 'users.json')).mode & 0o777).toBe(0o600);
  expect(readFileSync(join(path, 'users.json'), 'utf8')).not.toContain('enough');
});

test('what must not be is refused with a sentence', async () => {
  const users = new Users(folder());
  await expect(users.add('anna', 'viewer', 'long enough')).rejects.toThrow(
    'the first user is an administrator',
  );
  await expect(users.add('root', 'administrator', 'short')).rejects.toThrow('at least 8 characters');
  await expect(users.add('root', 'administrator', 'Passw0rd!')).rejects.toThrow('which others try first');
  await expect(users.add('a:b', 'administrator', 'long enough')).rejects.toThrow("can not be a user's name");
  await users.add('root', 'administrator', 'long enough');
  await expect(users.add('root', 'viewer', 'long enough')).rejects.toThrow('there is a user root already');
  expect(() => users.remove('root')).toThrow('the last administrator stays');
  expect(() => users.setRole('root', 'viewer')).toThrow('the last administrator stays');
  expect(() => users.setRole('nobody', 'viewer')).toThrow('there is no user nobody');
});

test('a file that can not be read does not open the door', () => {
  const path = folder();
  writeFileSync(join(path, 'users.json'), '{');
  expect(() => new Users(path).size).toThrow('can not be read');
});

test('a hash has its own salt, and nonsense is no hash', async () => {
  const [one, other] = await Promise.all([hashPassword('the same'), hashPassword('the same')]);
  expect(one).not.toBe(other);
  expect(await verifyPassword('the same', one)).toBe(true);
  expect(await verifyPassword('The same', one)).toBe(false);
  for (const nonsense of ['', 'the same', '$argon2id$', one.slice(0, -1)])
    expect(await verifyPassword('the same', nonsense)).toBe(false);
});

test('a right password is fast the second time, until it is changed', async () => {
  const users = new Users(folder());
  await users.add('root', 'administrator', 'long enough');
  const signIn = new UserSignIn(users);
  const started = performance.now();
  expect(await signIn.signIn('root', 'long enough', '127.0.0.1')).toMatchObject({ name: 'root' });
  const hashed = performance.now();
  for (let times = 0; times < 100; times++) await signIn.signIn('root', 'long enough', '127.0.0.1');
  // Hashing a hundred times takes a hundred times as long.
  expect(performance.now() - hashed).toBeLessThan(30 * (hashed - started));
  await users.setPassword('root', 'something else');
  expect(await signIn.signIn('root', 'long enough', '127.0.0.1')).toBeUndefined();
  expect(await signIn.signIn('root', 'something else', '127.0.0.1')).toMatchObject({ name: 'root' });
});
