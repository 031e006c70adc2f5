/** The audit log, for administrators. */
import { z } from 'zod';
import { defineRoutes } from './route.ts';

const auditRecord = z.object({
  seq: z.number(),
  time: z.string(),
  action: z.string(),
  user: z.string().nullable(),
  address: z.string(),
  outcome: z.enum(['success', 'failure', 'denied']),
  details: z.record(z.string(), z.unknown()).optional(),
  hash: z.string(),
});
export type AuditRecordView = z.infer<typeof auditRecord>;

const auditVerdict = z.object({
  /** Nothing was changed, removed or put elsewhere. */
  intact: z.boolean(),
  lines: z.number(),
  files: z.number(),
  /** Of the last line. */
  head: z.object({ seq: z.number(), hash: z.string() }),
  faults: z.array(z.object({ file: z.string(), line: z.number(), message: z.string() })),
});
export type AuditVerdict = z.infer<typeof auditVerdict>;

export const auditRoutes = defineRoutes({
  'GET /api/audit': {
    summary: 'What was done, newest first',
    access: 'administrator',
    query: z.object({
      /** Words that must all occur in a line. */
      text: z.string().max(1024).default(''),
      outcome: z.enum(['', 'success', 'failure', 'denied']).default(''),
      /** Begin below this number. */
      before: z.coerce.number().int().min(1).optional(),
      size: z.coerce.number().int().min(1).max(500).default(100),
    }),
    answer: z.object({ records: z.array(auditRecord), more: z.boolean() }),
  },
  'POST /api/audit/verify': {
    summary: 'Check the chain of hashes',
    access: 'administrator',
    answer: auditVerdict,
  },
});
