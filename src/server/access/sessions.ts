/** Sessions of the console: a random token in a cookie, of which only the hash is kept, in a file each. */
import { createHash, createHmac, randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { User } from '../users.ts';

export interface SessionRecord {
  /** SHA-256 of the token, hexadecimal: the name of its file. */
  readonly hash: string;
  readonly user: string;
  /** Of the user's password, role and second factor when the session began: another one ends it. */
  readonly stamp: string;
  readonly created: number;
  readonly address: string;
  /** What the browser says that it is. */
  readonly agent: string;
  lastUsed: number;
}

export interface SessionTimes {
  /** Milliseconds. */
  readonly idle: number;
  readonly lifetime: number;
}

const TOKEN_BYTES = 32;
/** When a session was used last is written no more often. */
const WRITE_MS = 60_000;
const MAX_PER_USER = 50;

const hashOf = (token: string): string => createHash('sha256').update(token).digest('hex');

export class Sessions {
  readonly #folder: string;
  readonly #times: SessionTimes;
  readonly #now: () => number;
  readonly #sessions = new Map<string, SessionRecord & { written: number }>();

  constructor(dataPath: string, times: SessionTimes, now: () => number = Date.now) {
    this.#folder = join(dataPath, 'sessions');
    this.#times = times;
    this.#now = now;
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    this.#load();
  }

  /** A new session; what comes back is the token, which nobody else sees. */
  start(user: User, address: string, agent: string): string {
    this.#sweep();
    const own = this.of(user.name);
    for (const old of own.slice(MAX_PER_USER - 1)) this.end(old.hash);
    const token = randomBytes(TOKEN_BYTES).toString('base64url');
    const now = this.#now();
    const record = {
      hash: hashOf(token),
      user: user.name,
      stamp: stampOf(user),
      created: now,
      lastUsed: now,
      address,
      agent: agent.slice(0, 256),
      written: now,
    };
    this.#sessions.set(record.hash, record);
    this.#write(record);
    return token;
  }

  /** The session of a token that is still good, and notes that it is used. `find`: the user as of now. */
  use(token: string, find: (name: string) => User | undefined): SessionRecord | undefined {
    if (token.length > 128) return undefined;
    const record = this.#sessions.get(hashOf(token));
    if (!record) return undefined;
    const user = find(record.user);
    if (!user || stampOf(user) !== record.stamp || this.expires(record) <= this.#now()) {
      this.end(record.hash);
      return undefined;
    }
    record.lastUsed = this.#now();
    if (record.lastUsed - record.written > WRITE_MS) {
      record.written = record.lastUsed;
      this.#write(record);
    }
    return record;
  }

  /** When a session ends if nobody uses it from now on, in milliseconds since the epoch. */
  expires({ created, lastUsed }: SessionRecord): number {
    return Math.min(created + this.#times.lifetime, lastUsed + this.#times.idle);
  }

  /** Sessions of a user, the one used last first. */
  of(user: string): SessionRecord[] {
    const now = this.#now();
    return [...this.#sessions.values()]
      .filter((record) => record.user === user && this.expires(record) > now)
      .sort((a, b) => b.lastUsed - a.lastUsed);
  }

  end(hash: string): void {
    this.#sessions.delete(hash);
    rmSync(join(this.#folder, `${hash}.json`), { force: true });
  }

  /** All of a user but one. How many there were. */
  endAll(user: string, except?: string): number {
    const ended = [...this.#sessions.values()].filter((one) => one.user === user && one.hash !== except);
    for (const { hash } of ended) this.end(hash);
    return ended.length;
  }

  #sweep(): void {
    const now = this.#now();
    for (const record of this.#sessions.values()) if (this.expires(record) <= now) this.end(record.hash);
  }

  #load(): void {
    for (const name of readdirSync(this.#folder)) {
      const path = join(this.#folder, name);
      const [, hash] = /^([0-9a-f]{64})\.json$/.exec(name) ?? [];
      try {
        const record = JSON.parse(readFileSync(path, 'utf8')) as SessionRecord;
        if (hash === undefined || record.hash !== hash || !isRecord(record)) throw new Error('no session');
        this.#sessions.set(hash, { ...record, written: record.lastUsed });
      } catch {
        // Half written at a crash: who had it signs in again.
        rmSync(path, { force: true, recursive: true });
      }
    }
    this.#sweep();
  }

  #write({ hash, user, stamp, created, address, agent, lastUsed }: SessionRecord): void {
    const path = join(this.#folder, `${hash}.json`);
    const text = JSON.stringify({ hash, user, stamp, created, address, agent, lastUsed });
    writeFileSync(`${path}.new`, text, { mode: 0o600 });
    renameSync(`${path}.new`, path);
  }
}

const isRecord = (record: SessionRecord): boolean =>
  [record.user, record.stamp, record.address, record.agent].every((one) => typeof one === 'string') &&
  [record.created, record.lastUsed].every(Number.isFinite);

function stampOf({ password, role, created, totp }: User): string {
  return createHash('sha256')
    .update(JSON.stringify([password, role, created, totp?.secret ?? '']))
    .digest('base64url');
}

/** To be sent with everything that changes something: only our own pages can know it. */
export const csrfOf = (token: string): string =>
  createHmac('sha256', token).update('millrace csrf').digest('base64url');
