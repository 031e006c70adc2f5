/** What one route of the console's API takes and gives. Types of both sides and the OpenAPI document come from it. */
import type { z } from 'zod';
import type { Role } from '../../kernel/roles.ts';

export interface Route {
  readonly summary: string;
  /** `open`: without a session. */
  readonly access: Role | 'open';
  /** Of the URL, after `?`. */
  readonly query?: z.ZodType;
  readonly body?: z.ZodType;
  readonly answer: z.ZodType;
  /** The answer is a stream of server-sent events, each of this shape, a download, or an address to go to. */
  readonly stream?: 'events' | 'download' | 'redirect';
}

export type RouteTable = Readonly<Record<`${'GET' | 'POST' | 'PUT' | 'DELETE'} /api/${string}`, Route>>;

/** Keeps the exact types of a table while checking its shape. */
export const defineRoutes = <const T extends RouteTable>(table: T): T => table;
