/** API keys: one list with those of the event store. */
import { z } from 'zod';
import { roles } from '../../kernel/roles.ts';
import { defineRoutes } from './route.ts';

/** `write`: for shippers; may add events and read nothing. The others: as the role, at most as the owner. */
export const keyScopes = ['write', ...roles] as const;

const keyView = z.object({
  id: z.string(),
  name: z.string(),
  owner: z.string(),
  created: z.number(),
  expires: z.number().optional(),
  /** Of keys that were made elsewhere, `custom`. */
  scope: z.enum([...keyScopes, 'custom']),
  indices: z.array(z.string()),
  state: z.enum(['valid', 'expired', 'revoked']),
});
export type KeyView = z.infer<typeof keyView>;

export const keyRoutes = defineRoutes({
  'GET /api/keys': {
    summary: "API keys of the caller; everybody's for administrators",
    access: 'viewer',
    answer: z.object({ keys: z.array(keyView) }),
  },
  'POST /api/keys': {
    summary: 'Make an API key; its secret is shown this once',
    access: 'viewer',
    body: z.object({
      name: z.string().min(1).max(256),
      scope: z.enum(keyScopes),
      indices: z.array(z.string().min(1).max(512)).max(100).default([]),
      /** Days; undefined: until it is revoked. */
      days: z.number().int().min(1).max(3650).optional(),
    }),
    answer: z.object({
      key: keyView,
      /** For `Authorization: ApiKey …`. */
      encoded: z.string(),
    }),
  },
  'DELETE /api/keys/:id': { summary: 'Revoke an API key', access: 'viewer', answer: z.object({}) },
});
