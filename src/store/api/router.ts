/** From a method and a path to a route, or to the words that Elasticsearch has for what there is not. */
import { pathParts } from '../../lib/http/path-parts.ts';
import { StoreError } from '../errors.ts';
import type { Json, Method, Route } from './call.ts';

interface Node {
  readonly literal: Map<string, Node>;
  parameter?: { readonly name: string; readonly node: Node };
  readonly routes: Map<Method, { readonly route: Route; readonly names: readonly string[] }>;
}

const newNode = (): Node => ({ literal: new Map(), routes: new Map() });

/** Answers that have no type and root cause. */
export class PlainError extends Error {
  readonly status: number;
  readonly body: Json;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, body: Json, headers: Readonly<Record<string, string>> = {}) {
    super(String(body['error']));
    this.status = status;
    this.body = body;
    this.headers = headers;
  }
}

export interface Found {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
}

export class Router {
  readonly #root = newNode();

  constructor(routes: readonly Route[]) {
    for (const route of routes) for (const path of route.paths) this.#add(route, path);
  }

  /** @throws PlainError 400 or 405, StoreError for a path that is not encoded well */
  find(method: string, uri: string): Found {
    const [path = '/'] = uri.split('?', 1);
    const parts = pathParts(path);
    if (!parts) throw new StoreError(400, 'illegal_argument_exception', 'the path is not encoded well');
    const values: string[] = [];
    const asked = (method === 'HEAD' ? 'GET' : method) as Method;
    const found =
      match(this.#root, parts, 0, values, asked) ?? match(this.#root, parts, 0, values, undefined);
    if (!found) throw noHandler(method, uri);
    const entry = found.routes.get(asked);
    if (!entry) {
      const allowed = [...found.routes.keys()].flatMap((one) => (one === 'GET' ? ['GET', 'HEAD'] : [one]));
      throw new PlainError(
        405,
        {
          error: `Incorrect HTTP method for uri [${uri}] and method [${method}], allowed: [${allowed.join(', ')}]`,
          status: 405,
        },
        { allow: allowed.join(', ') },
      );
    }
    const params: Record<string, string> = Object.create(null) as Record<string, string>;
    for (const [at, name] of entry.names.entries()) params[name] = values[at]!;
    return { route: entry.route, params };
  }

  #add(route: Route, path: string): void {
    let at = this.#root;
    const parameterNames: string[] = [];
    for (const part of path.split('/').filter((one) => one !== '')) {
      const name = /^\{(.+)\}$/.exec(part)?.[1];
      if (name === undefined) {
        let next = at.literal.get(part);
        if (!next) at.literal.set(part, (next = newNode()));
        at = next;
      } else {
        parameterNames.push(name);
        at.parameter ??= { name, node: newNode() };
        at = at.parameter.node;
      }
    }
    for (const method of route.methods) at.routes.set(method, { route, names: parameterNames });
  }
}

/** Words come before parameters; a first part with `_` is no index, but for `_all`. */
function match(
  node: Node,
  parts: readonly string[],
  at: number,
  values: string[],
  method: Method | undefined,
): Node | undefined {
  if (at === parts.length) {
    if (node.routes.size === 0 || (method !== undefined && !node.routes.has(method))) return undefined;
    return node;
  }
  const part = parts[at]!;
  const literal = node.literal.get(part);
  if (literal) {
    const found = match(literal, parts, at + 1, values, method);
    if (found) return found;
  }
  if (!node.parameter || (at === 0 && part.startsWith('_') && part !== '_all')) return undefined;
  values.push(part);
  const found = match(node.parameter.node, parts, at + 1, values, method);
  if (!found) values.pop();
  return found;
}

const noHandler = (method: string, uri: string): PlainError =>
  new PlainError(400, { error: `no handler found for uri [${uri}] and method [${method}]` });
