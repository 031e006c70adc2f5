/** The built pages: `index.html` for every path that is a screen, and its assets, which never change under a name. */

import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.json': 'application/json',
  '.map': 'application/json',
};
const zip = promisify(gzip);

interface Asset {
  readonly bytes: Buffer;
  readonly zipped: Buffer | undefined;
  readonly type: string;
}

export class Pages {
  readonly #folder: string;
  readonly #assets = new Map<string, Promise<Asset>>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  async answer(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { allow: 'GET, HEAD' }).end();
      return;
    }
    // Names of assets are flat: nothing that comes from outside becomes a path.
    const [, name] = /^\/assets\/([\w.-]+)$/.exec(path) ?? /^\/(favicon\.(?:svg|ico))$/.exec(path) ?? [];
    if (name !== undefined)
      return this.#asset(request, response, path.startsWith('/assets/') ? `assets/${name}` : name);
    if (/\.\w+$/.test(path)) {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('not found\n');
      return;
    }
    await this.#index(response);
  }

  async #index(response: ServerResponse): Promise<void> {
    let html: string;
    try {
      html = await readFile(join(this.#folder, 'index.html'), 'utf8');
    } catch {
      response
        .writeHead(503, { 'content-type': 'text/plain; charset=utf-8' })
        .end('The console is not built: run "npm run build:ui". The API under /api works.\n');
      return;
    }
    const nonce = randomBytes(16).toString('base64');
    const policy = [
      "default-src 'none'",
      `script-src 'self' 'nonce-${nonce}'`,
      `style-src 'self' 'nonce-${nonce}'`,
      // Positions that scripts set on elements; style sheets still need the nonce.
      "style-src-attr 'unsafe-inline'",
      "img-src 'self' data:",
      "font-src 'self'",
      "connect-src 'self'",
      "form-action 'self'",
      "frame-ancestors 'none'",
      "base-uri 'none'",
    ].join('; ');
    response.writeHead(200, {
      'content-type': types['.html'],
      'content-security-policy': policy,
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'same-origin',
      'cross-origin-opener-policy': 'same-origin',
    });
    response.end(html.replaceAll('%NONCE%', nonce).replaceAll('<script ', `<script nonce="${nonce}" `));
  }

  async #asset(request: IncomingMessage, response: ServerResponse, name: string): Promise<void> {
    let asset = this.#assets.get(name);
    if (!asset) {
      asset = this.#read(name);
      this.#assets.set(name, asset);
      asset.catch(() => this.#assets.delete(name));
    }
    let found: Asset;
    try {
      found = await asset;
    } catch {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('not found\n');
      return;
    }
    const zipped = /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''))
      ? found.zipped
      : undefined;
    const bytes = zipped ?? found.bytes;
    response.writeHead(200, {
      'content-type': found.type,
      'content-length': bytes.length,
      'cache-control': name.startsWith('assets/') ? 'public, max-age=31536000, immutable' : 'max-age=3600',
      'x-content-type-options': 'nosniff',
      'cross-origin-resource-policy': 'same-origin',
      vary: 'accept-encoding',
      ...(zipped && { 'content-encoding': 'gzip' }),
    });
    response.end(request.method === 'HEAD' ? undefined : bytes);
  }

  async #read(name: string): Promise<Asset> {
    const bytes = await readFile(join(this.#folder, name));
    const extension = extname(name);
    return {
      bytes,
      type: types[extension] ?? 'application/octet-stream',
      zipped: /^\.(?:js|css|svg|json|map)$/.test(extension) ? await zip(bytes) : undefined,
    };
  }
}
