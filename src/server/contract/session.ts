/** Who is there, and the first administrator. */
import { z } from 'zod';
import { roles } from '../../kernel/roles.ts';
import { defineRoutes } from './route.ts';

export const role = z.enum(roles);

export const sessionView = z.object({
  /** Undefined: nobody is signed in. */
  user: z.object({ name: z.string(), role, expires: z.number() }).optional(),
  /** There is no user yet: the wizard makes the first one. */
  setup: z.boolean(),
  /** To be sent as `x-millrace-csrf` with everything that changes something. */
  csrf: z.string().optional(),
  version: z.string(),
  /** Names of other ways to sign in (OIDC), for buttons. */
  providers: z.array(z.object({ id: z.string(), title: z.string() })),
});
export type SessionView = z.infer<typeof sessionView>;

export const password = z.string().min(1).max(1024);
export const userName = z.string().min(1).max(128);

export const sessionRoutes = defineRoutes({
  'GET /api/session': { summary: 'Who is signed in', access: 'open', answer: sessionView },
  'POST /api/session': {
    summary: 'Sign in',
    access: 'open',
    body: z.object({ name: userName, password, totp: z.string().max(16).optional() }),
    answer: sessionView,
  },
  'DELETE /api/session': { summary: 'Sign out', access: 'viewer', answer: sessionView },
  'GET /api/session/oidc/:id': {
    summary: 'Go to another provider to sign in there',
    access: 'open',
    query: z.object({ next: z.string().max(2048).default('/') }),
    stream: 'redirect',
    answer: z.string(),
  },
  'GET /api/session/oidc/:id/callback': {
    summary: 'Come back from there',
    access: 'open',
    query: z.record(z.string(), z.string().max(8192)),
    stream: 'redirect',
    answer: z.string(),
  },
  'POST /api/setup': {
    summary: 'Make the first administrator, with the code from the terminal',
    access: 'open',
    body: z.object({ code: z.string().max(64), name: userName, password }),
    answer: sessionView,
  },
});
