/** The audit log in the console. */
import type { AuditLog } from '../audit/audit-log.ts';
import { readAudit } from '../audit/read-audit.ts';
import { verifyAudit } from '../audit/verify-audit.ts';
import type { auditRoutes } from '../contract/audit.ts';
import type { HandlersOf } from './call.ts';

export function auditHandlers(log: AuditLog): HandlersOf<keyof typeof auditRoutes> {
  return {
    'GET /api/audit': async ({ query }) => {
      await log.flush();
      return readAudit(log.folder, query);
    },
    'POST /api/audit/verify': async ({ caller, address }) => {
      await log.flush();
      const verdict = await verifyAudit(log.folder);
      log.append({
        action: 'audit.verify',
        user: caller!.name,
        address,
        outcome: verdict.intact ? 'success' : 'failure',
        details: { head: verdict.head },
      });
      return verdict;
    },
  };
}
