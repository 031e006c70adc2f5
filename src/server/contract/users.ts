/** Users, for administrators. */
import { z } from 'zod';
import { defineRoutes } from './route.ts';
import { password, role, userName } from './session.ts';

const rules = {
  /** Patterns of the indices that may be read; null: all. */
  indices: z.array(z.string().min(1).max(512)).max(200).nullable(),
  hiddenFields: z.array(z.string().min(1).max(1024)).max(500),
  /** KQL. */
  filter: z.string().max(32_768),
};

const userView = z.object({
  name: z.string(),
  role,
  created: z.string(),
  disabled: z.boolean(),
  external: z.boolean(),
  secondFactor: z.boolean(),
  sessions: z.number(),
  ...rules,
});
export type UserView = z.infer<typeof userView>;

export const userRoutes = defineRoutes({
  'GET /api/users': {
    summary: 'All users',
    access: 'administrator',
    answer: z.object({ users: z.array(userView) }),
  },
  'POST /api/users': {
    summary: 'Make a user',
    access: 'administrator',
    body: z.object({
      name: userName,
      role,
      password,
      indices: rules.indices.default(null),
      hiddenFields: rules.hiddenFields.default([]),
      filter: rules.filter.default(''),
    }),
    answer: userView,
  },
  'PUT /api/users/:name': {
    summary: "Change a user's role and rules, or whether it may sign in",
    access: 'administrator',
    body: z.object({ role, disabled: z.boolean(), ...rules }).partial(),
    answer: userView,
  },
  'POST /api/users/:name/reset': {
    summary: 'Another password, or no second factor any more; all sessions of the user end',
    access: 'administrator',
    body: z.object({ password: password.optional(), secondFactor: z.boolean().default(false) }),
    answer: userView,
  },
  'DELETE /api/users/:name': {
    summary: 'Delete a user; its sessions and API keys end',
    access: 'administrator',
    answer: z.object({}),
  },
});
