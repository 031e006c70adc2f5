/** Reads the audit log backwards, newest first. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AuditRecordView } from '../contract.ts';
import { contentOf } from './audit-line.ts';
import { auditFiles } from './audit-log.ts';

export interface AuditQuery {
  /** Words that must all occur. */
  readonly text: string;
  /** Empty: all. */
  readonly outcome: '' | AuditRecordView['outcome'];
  /** Begin below this number. */
  readonly before?: number | undefined;
  readonly size: number;
}

export function readAudit(
  folder: string,
  { text, outcome, before = Number.POSITIVE_INFINITY, size }: AuditQuery,
): { readonly records: AuditRecordView[]; readonly more: boolean } {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const records: AuditRecordView[] = [];
  for (const file of auditFiles(folder).reverse()) {
    const lines = readFileSync(join(folder, file), 'utf8').split('\n');
    for (const line of lines.reverse()) {
      if (line === '') continue;
      const found = contentOf(line);
      if (!found || found.seq >= before) continue;
      if (outcome !== '' && found.outcome !== outcome) continue;
      const searched = line.toLowerCase();
      if (!words.every((word) => searched.includes(word))) continue;
      if (records.length === size) return { records, more: true };
      const { seq, time, action, user, address, outcome: result, details, hash } = found;
      records.push({
        seq,
        time,
        action,
        user: user ?? null,
        address,
        outcome: result,
        ...(details && { details }),
        hash,
      });
    }
  }
  return { records, more: false };
}
