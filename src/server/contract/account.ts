/** One's own account: password, second factor, sessions. */
import { z } from 'zod';
import { defineRoutes } from './route.ts';
import { password, role, sessionView } from './session.ts';

const accountView = z.object({
  name: z.string(),
  role,
  created: z.string(),
  /** Signs in elsewhere, and has no password here. */
  external: z.boolean(),
  secondFactor: z.boolean(),
  /** Codes for the day the phone is lost that are left. */
  recoveryCodes: z.number(),
  indices: z.array(z.string()).optional(),
  hiddenFields: z.array(z.string()),
  filter: z.string(),
});
export type AccountView = z.infer<typeof accountView>;

const ownSession = z.object({
  id: z.string(),
  created: z.number(),
  lastUsed: z.number(),
  expires: z.number(),
  address: z.string(),
  agent: z.string(),
  /** The one that asks. */
  current: z.boolean(),
});

export const accountRoutes = defineRoutes({
  'GET /api/account': { summary: 'The account of the caller', access: 'viewer', answer: accountView },
  'POST /api/account/password': {
    summary: 'Change the password; every other session ends',
    access: 'viewer',
    body: z.object({ current: password, password }),
    answer: sessionView,
  },
  'POST /api/account/totp': {
    summary: 'Begin with a second factor: a secret for the authenticator',
    access: 'viewer',
    body: z.object({ password: password.optional() }),
    answer: z.object({
      secret: z.string(),
      /** `otpauth://…`, for a QR code. */
      uri: z.string(),
    }),
  },
  'POST /api/account/totp/confirm': {
    summary: 'Prove that the authenticator works; recovery codes are shown this once',
    access: 'viewer',
    body: z.object({ code: z.string().max(16) }),
    answer: z.object({ recovery: z.array(z.string()), session: sessionView }),
  },
  'POST /api/account/totp/remove': {
    summary: 'Give the second factor up',
    access: 'viewer',
    body: z.object({ password: password.optional(), code: z.string().max(32) }),
    answer: sessionView,
  },
  'GET /api/account/sessions': {
    summary: 'Where the caller is signed in',
    access: 'viewer',
    answer: z.object({ sessions: z.array(ownSession) }),
  },
  'DELETE /api/account/sessions': {
    summary: 'End all sessions but this one',
    access: 'viewer',
    answer: z.object({ ended: z.number() }),
  },
  'DELETE /api/account/sessions/:id': { summary: 'End a session', access: 'viewer', answer: z.object({}) },
});
