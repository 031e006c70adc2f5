/**
 * The keystore: secrets that configs name as `${NAME}`, in a file of our own. Names are case-insensitive, as in
 * Logstash. Values are sealed with AES-256-GCM under a key from scrypt; the password is LOGSTASH_KEYSTORE_PASS, or
 * a random one kept in the file (then the file's mode is the protection).
 */
import { createCipheriv, createDecipheriv, randomBytes, scrypt } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { promisify } from 'node:util';
import { MillraceError } from '../kernel/errors.ts';
import { writeWhole } from '../lib/files/write-whole.ts';

interface KeystoreFile {
  readonly format: 'millrace keystore';
  readonly version: 1;
  readonly salt: string;
  /** Present when no password of the user protects the file. */
  readonly password?: string;
  readonly iv: string;
  readonly tag: string;
  readonly sealed: string;
}

const MODE = 0o640;
const KEY_BYTES = 32;
const stretch = promisify(scrypt) as (password: string, salt: Buffer, length: number) => Promise<Buffer>;
const fail = (message: string): never => {
  throw new MillraceError('ERR_KEYSTORE', message);
};

export class Keystore {
  readonly #file: string;
  readonly #values: Map<string, string>;

  private constructor(file: string, values: Map<string, string>) {
    this.#file = file;
    this.#values = values;
  }

  static exists(file: string): boolean {
    return existsSync(file);
  }

  /** Makes an empty keystore, in place of one that is there. */
  static async create(file: string): Promise<Keystore> {
    const store = new Keystore(file, new Map());
    await store.save();
    return store;
  }

  /** @throws MillraceError with the command that mends it: not readable, wrong password, damaged */
  static async open(file: string): Promise<Keystore> {
    let text: string;
    try {
      text = readFileSync(file, 'utf8');
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === 'ENOENT')
        return fail(`there is no keystore ${file}: make one with "millrace keystore create"`);
      const user = userInfo().username;
      return fail(
        `the keystore ${file} can not be read by user ${user} (${code}): run "chown ${user} ${file}" as root`,
      );
    }
    let parsed: KeystoreFile;
    try {
      parsed = JSON.parse(text);
      if (parsed.format !== 'millrace keystore') throw new Error('another format');
    } catch {
      return fail(
        `${file} is no keystore of Millrace. A keystore of Logstash can not be converted: move it away, run "millrace keystore create" and add the secrets again`,
      );
    }
    const password = parsed.password ?? process.env['LOGSTASH_KEYSTORE_PASS'];
    if (password === undefined) return fail(`the keystore ${file} is protected: set LOGSTASH_KEYSTORE_PASS`);
    try {
      const key = await stretch(password, Buffer.from(parsed.salt, 'base64'), KEY_BYTES);
      const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(parsed.iv, 'base64'));
      decipher.setAuthTag(Buffer.from(parsed.tag, 'base64'));
      const plain = Buffer.concat([decipher.update(Buffer.from(parsed.sealed, 'base64')), decipher.final()]);
      return new Keystore(
        file,
        new Map(Object.entries(JSON.parse(plain.toString('utf8')) as Record<string, string>)),
      );
    } catch {
      return fail(
        `the keystore ${file} does not open: LOGSTASH_KEYSTORE_PASS is not its password, or the file is damaged`,
      );
    }
  }

  get(name: string): string | undefined {
    return this.#values.get(name.toLowerCase());
  }
  set(name: string, value: string): void {
    this.#values.set(name.toLowerCase(), value);
  }
  remove(name: string): boolean {
    return this.#values.delete(name.toLowerCase());
  }
  names(): string[] {
    return [...this.#values.keys()].sort();
  }

  /** Writes the file whole or not at all; mode 0640, owner and group of its directory. */
  async save(): Promise<void> {
    const own = process.env['LOGSTASH_KEYSTORE_PASS'];
    const password = own ?? randomBytes(32).toString('base64');
    const salt = randomBytes(16);
    const iv = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', await stretch(password, salt, KEY_BYTES), iv);
    const sealed = Buffer.concat([
      cipher.update(JSON.stringify(Object.fromEntries(this.#values)), 'utf8'),
      cipher.final(),
    ]);
    const content: KeystoreFile = {
      format: 'millrace keystore',
      version: 1,
      salt: salt.toString('base64'),
      ...(own === undefined ? { password } : {}),
      iv: iv.toString('base64'),
      tag: cipher.getAuthTag().toString('base64'),
      sealed: sealed.toString('base64'),
    };
    try {
      writeWhole(this.#file, `${JSON.stringify(content, null, 2)}\n`, { mode: MODE, ownedLikeFolder: true });
    } catch (error) {
      fail(`the keystore ${this.#file} can not be written: ${(error as Error).message}`);
    }
  }
}

/** Opens the keystore if the file is there, for the replacement of variables. */
export async function keystoreLookup(
  file: string,
): Promise<((name: string) => string | undefined) | undefined> {
  if (!Keystore.exists(file)) return undefined;
  const store = await Keystore.open(file);
  return (name) => store.get(name);
}

/** Sets and removes secrets (undefined), in a keystore that is made if there is none. @throws MillraceError */
export async function changeKeystore(
  file: string,
  changes: ReadonlyMap<string, string | undefined>,
): Promise<void> {
  const store = Keystore.exists(file) ? await Keystore.open(file) : await Keystore.create(file);
  for (const [name, value] of changes) {
    if (value === undefined) store.remove(name);
    else store.set(name, value);
  }
  await store.save();
}
