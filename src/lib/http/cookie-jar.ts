/** Cookies of an HTTP client, as far as RFC 6265 matters to one: kept in memory, sent back where they belong. */

interface Cookie {
  readonly name: string;
  readonly value: string;
  readonly domain: string;
  /** Only for exactly this host. */
  readonly hostOnly: boolean;
  readonly path: string;
  readonly secure: boolean;
  /** Milliseconds since the epoch; Infinity: until the end of the session. */
  readonly expires: number;
}

/** Servers that set more than that lose their oldest ones. */
const MAX_COOKIES = 300;
const MAX_LENGTH = 4096;

export class CookieJar {
  readonly #cookies = new Map<string, Cookie>();

  get size(): number {
    return this.#cookies.size;
  }

  /** Takes the Set-Cookie headers of an answer from `url`. */
  store(headers: string | readonly string[] | undefined, url: URL, now = Date.now()): void {
    if (headers === undefined) return;
    for (const header of typeof headers === 'string' ? [headers] : headers) {
      const cookie = header.length > MAX_LENGTH ? undefined : parseSetCookie(header, url, now);
      if (cookie === undefined) continue;
      const key = `${cookie.name};${cookie.domain};${cookie.path}`;
      this.#cookies.delete(key);
      if (cookie.expires <= now) continue;
      this.#cookies.set(key, cookie);
      if (this.#cookies.size > MAX_COOKIES) this.#cookies.delete(this.#cookies.keys().next().value!);
    }
  }

  /** The Cookie header for a request; undefined if there is nothing to send. */
  header(url: URL, now = Date.now()): string | undefined {
    if (this.#cookies.size === 0) return undefined;
    const found: Cookie[] = [];
    for (const [key, cookie] of this.#cookies) {
      if (cookie.expires <= now) this.#cookies.delete(key);
      else if (fits(cookie, url)) found.push(cookie);
    }
    if (found.length === 0) return undefined;
    // Longer paths first, as the RFC wants; the sort is stable.
    found.sort((a, b) => b.path.length - a.path.length);
    return found.map(({ name, value }) => `${name}=${value}`).join('; ');
  }
}

function parseSetCookie(header: string, url: URL, now: number): Cookie | undefined {
  const [pair = '', ...attributes] = header.split(';');
  const equals = pair.indexOf('=');
  const name = pair.slice(0, equals).trim();
  const value = pair.slice(equals + 1).trim();
  // Control characters would break the header that goes back.
  if (equals < 1 || name === '' || /\p{Cc}/u.test(name + value)) return undefined;
  const host = url.hostname;
  let domain = host;
  let hostOnly = true;
  let path = defaultPath(url.pathname);
  let secure = false;
  let expires = Number.POSITIVE_INFINITY;
  let maxAge: number | undefined;
  for (const attribute of attributes) {
    const [key = '', ...rest] = attribute.split('=');
    const text = rest.join('=').trim();
    switch (key.trim().toLowerCase()) {
      case 'domain': {
        const wanted = text.replace(/^\./, '').toLowerCase();
        if (wanted === '' || wanted === host) break;
        // Never for a whole top-level domain, nor for others.
        if (!wanted.includes('.') || !host.endsWith(`.${wanted}`)) return undefined;
        domain = wanted;
        hostOnly = false;
        break;
      }
      case 'path':
        if (text.startsWith('/')) path = text;
        break;
      case 'secure':
        secure = true;
        break;
      case 'max-age':
        if (/^-?\d+$/.test(text)) maxAge = Number(text);
        break;
      case 'expires':
        if (!Number.isNaN(Date.parse(text))) expires = Date.parse(text);
        break;
    }
  }
  if (maxAge !== undefined) expires = maxAge <= 0 ? 0 : now + maxAge * 1000;
  return { name, value, domain, hostOnly, path, secure, expires };
}

function defaultPath(path: string): string {
  const end = path.lastIndexOf('/');
  return end <= 0 ? '/' : path.slice(0, end);
}

function fits(cookie: Cookie, { protocol, hostname, pathname }: URL): boolean {
  if (cookie.secure && protocol !== 'https:') return false;
  if (cookie.hostOnly ? hostname !== cookie.domain : !`.${hostname}`.endsWith(`.${cookie.domain}`))
    return false;
  if (cookie.path === '/' || pathname === cookie.path) return true;
  return pathname.startsWith(cookie.path.endsWith('/') ? cookie.path : `${cookie.path}/`);
}
