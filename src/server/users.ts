/** Local users: names, roles and hashed passwords in one file, which several processes may look at. */
import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { MillraceError } from '../kernel/errors.ts';
import type { Role } from '../kernel/roles.ts';
import { writeWhole } from '../lib/files/write-whole.ts';
import { weakness } from './access/weak-password.ts';

export interface User {
  readonly name: string;
  readonly role: Role;
  /** PHC string: `$argon2id$v=19$m=47104,t=1,p=1$salt$hash` */
  readonly password: string;
  readonly created: string;
  /** Patterns of the indices that the user may touch; undefined: all. */
  readonly indices?: readonly string[];
  /** Fields that are never shown to the user. */
  readonly hiddenFields?: readonly string[];
  /** KQL that everything the user searches is narrowed by. */
  readonly filter?: string;
  /** May not sign in; kept for its rules, keys and name. */
  readonly disabled?: true;
  /** Signs in through this OpenID Connect issuer, without a password here. */
  readonly external?: { readonly issuer: string; readonly subject: string };
  readonly totp?: SecondFactor;
}

/** Time-based one-time passwords, RFC 6238. */
export interface SecondFactor {
  /** Base32. */
  readonly secret: string;
  /** SHA-256 of codes for the day the phone is lost, each of use once. */
  readonly recovery: readonly string[];
  /** Time step of the last code that was taken: none is taken twice. */
  readonly lastStep: number;
}

/** What can be changed of a user; undefined takes it away. */
export type UserChange = {
  readonly [K in 'indices' | 'hiddenFields' | 'filter' | 'disabled' | 'totp']?: User[K] | undefined;
} & { readonly role?: Role };

/** As OWASP's ASVS 5.0 (11.4.2, appendix C) has it. */
const MEMORY = 47_104;
const PASSES = 1;
const HASH_BYTES = 32;
const SALT_BYTES = 16;
/** ASVS 6.2.1 and 6.2.9. */
const MIN_PASSWORD = 8;
const MAX_PASSWORD = 1024;

const derive = promisify(argon2);

async function hash(password: string, salt: Buffer, memory = MEMORY, passes = PASSES): Promise<Buffer> {
  return derive('argon2id', {
    message: password.normalize('NFKC'),
    nonce: salt,
    parallelism: 1,
    tagLength: HASH_BYTES,
    memory,
    passes,
  });
}

export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const text = (bytes: Buffer): string => bytes.toString('base64').replaceAll('=', '');
  return `$argon2id$v=19$m=${MEMORY},t=${PASSES},p=1$${text(salt)}$${text(await hash(password, salt))}`;
}

export async function verifyPassword(password: string, stored: string): Promise<boolean> {
  const [, memory, passes, salt, wanted] =
    /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=1\$([\w+/]+)\$([\w+/]+)$/.exec(stored) ?? [];
  if (wanted === undefined || password.length > MAX_PASSWORD) return false;
  const expected = Buffer.from(wanted, 'base64');
  const given = await hash(password, Buffer.from(salt!, 'base64'), Number(memory), Number(passes));
  return expected.length === given.length && timingSafeEqual(expected, given);
}

/** What takes as long as the password of a user that is there, so that names can not be found out. */
export async function wasteTime(password: string): Promise<void> {
  await hash(password.slice(0, MAX_PASSWORD), Buffer.alloc(SALT_BYTES));
}

/** @throws MillraceError */
function checkPassword(password: string, user: string): void {
  if (password.length < MIN_PASSWORD || password.length > MAX_PASSWORD)
    throw new MillraceError(
      'ERR_USAGE',
      `a password has at least ${MIN_PASSWORD} characters (15 are better) and at most ${MAX_PASSWORD}`,
    );
  const why = weakness(password, user);
  if (why !== undefined)
    throw new MillraceError(
      'ERR_USAGE',
      `this password ${why}, which others try first: take a few words that do not belong together`,
    );
}

/** @throws MillraceError */
function checkName(name: string): void {
  if (!NAME.test(name))
    throw new MillraceError(
      'ERR_USAGE',
      `\`${name}\` can not be a user's name: use letters, digits, and . _ @ + -, at most 128`,
    );
}

interface Content {
  readonly users: ReadonlyMap<string, User>;
  readonly stamp: string;
}

const NAME = /^[A-Za-z0-9_][A-Za-z0-9_.@+-]{0,127}$/;

/** `users.json` of a data path. What another process changes is seen at the next question. */
export class Users {
  readonly #file: string;
  #content: Content = { users: new Map(), stamp: '' };

  constructor(dataPath: string) {
    this.#file = join(dataPath, 'users.json');
  }

  /** In order of names. @throws MillraceError when the file can not be read */
  list(): readonly User[] {
    return [...this.#read().values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** A user who may sign in. */
  find(name: string): User | undefined {
    const user = this.get(name);
    return user?.disabled ? undefined : user;
  }

  /** Also one who is disabled. */
  get(name: string): User | undefined {
    return this.#read().get(name);
  }

  get size(): number {
    return this.#read().size;
  }

  /**
   * `first`: only while there is nobody else.
   * @throws MillraceError for a name that is taken or none, and for weak passwords
   */
  async add(
    name: string,
    role: Role,
    password: string,
    more: Pick<User, 'indices' | 'hiddenFields' | 'filter'> = {},
    { first = false }: { readonly first?: boolean } = {},
  ): Promise<void> {
    checkName(name);
    checkPassword(password, name);
    const users = new Map(this.#read());
    if (users.has(name)) throw new MillraceError('ERR_USAGE', `there is a user ${name} already`);
    if (users.size === 0 && role !== 'administrator')
      throw new MillraceError('ERR_USAGE', 'the first user is an administrator');
    const hashed = await hashPassword(password);
    this.#change((now) => {
      if (first && now.size > 0) throw new MillraceError('ERR_USAGE', 'there are users already');
      if (now.has(name)) throw new MillraceError('ERR_USAGE', `there is a user ${name} already`);
      now.set(name, { name, role, password: hashed, created: new Date().toISOString(), ...more });
    });
  }

  async setPassword(name: string, password: string): Promise<void> {
    this.#known(name);
    checkPassword(password, name);
    const hashed = await hashPassword(password);
    this.#change((users) => users.set(name, { ...this.#known(name), password: hashed }));
  }

  setRole(name: string, role: Role): void {
    this.update(name, { role });
  }

  /** @throws MillraceError when nobody could administrate any more */
  update(name: string, change: UserChange): void {
    this.#known(name);
    this.#change((users) => {
      users.set(name, { ...users.get(name)!, ...change } as User);
      requireAdministrator(users);
    });
  }

  /** Somebody whom an OpenID Connect issuer knows. @throws MillraceError when the name is another one's */
  addExternal(name: string, role: Role, external: NonNullable<User['external']>): void {
    checkName(name);
    this.#change((users) => {
      if (users.has(name)) throw new MillraceError('ERR_USAGE', `there is a user ${name} already`);
      users.set(name, { name, role, password: '', created: new Date().toISOString(), external });
    });
  }

  remove(name: string): void {
    this.#known(name);
    this.#change((users) => {
      users.delete(name);
      requireAdministrator(users);
    });
  }

  #known(name: string): User {
    const user = this.get(name);
    if (!user) throw new MillraceError('ERR_USAGE', `there is no user ${name}`);
    return user;
  }

  #read(): ReadonlyMap<string, User> {
    let stamp = '';
    try {
      const { mtimeNs, size, ino } = statSync(this.#file, { bigint: true });
      stamp = `${mtimeNs} ${size} ${ino}`;
      if (stamp === this.#content.stamp) return this.#content.users;
      const { users } = JSON.parse(readFileSync(this.#file, 'utf8')) as { users: readonly User[] };
      this.#content = { users: new Map(users.map((user) => [user.name, user])), stamp };
    } catch (error) {
      // Only a file that is not there means that there are no users: anything else must not open the door.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
        throw new MillraceError(
          'ERR_IO',
          `the users in ${this.#file} can not be read: ${(error as Error).message}`,
        );
      this.#content = { users: new Map(), stamp: '' };
    }
    return this.#content.users;
  }

  /** Writes a new file and puts it in the old one's place. */
  #change(change: (users: Map<string, User>) => void): void {
    const users = new Map(this.#read());
    change(users);
    writeWhole(this.#file, `${JSON.stringify({ users: [...users.values()] }, undefined, 2)}\n`, {
      mode: 0o600,
      folderMode: 0o700,
    });
    this.#content = { users: new Map(), stamp: '' };
  }
}

/** Without one nobody could make another, or everybody could do everything. */
function requireAdministrator(users: ReadonlyMap<string, User>): void {
  if (![...users.values()].some(({ role, disabled }) => role === 'administrator' && !disabled))
    throw new MillraceError('ERR_USAGE', 'the last administrator stays: make another one first');
}
