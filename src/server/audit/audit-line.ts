/** One line of the audit log and its place in the chain. */
import { createHash } from 'node:crypto';
import type { AuditEntry } from '../console/call.ts';

export interface Head {
  /** Number of the line, from 1. */
  readonly seq: number;
  readonly hash: string;
}

/** Before the first line. */
export const START: Head = { seq: 0, hash: '0'.repeat(64) };

export interface AuditRecord extends AuditEntry {
  readonly seq: number;
  readonly time: string;
  readonly previous: string;
  readonly hash: string;
}

const MAX_DETAILS = 16_384;

/** Hash of the line before, and of what the line says, byte for byte as it stands there. */
export const hashOf = (previous: string, content: string): string =>
  createHash('sha256').update(previous).update('\n').update(content).digest('hex');

export function lineOf(
  { seq, hash: previous }: Head,
  time: string,
  { action, user, address, outcome, details }: AuditEntry,
): { readonly line: string; readonly head: Head } {
  const text = details === undefined ? undefined : JSON.stringify(details);
  const content = JSON.stringify({
    seq: seq + 1,
    time,
    action,
    user: user ?? null,
    address,
    outcome,
    ...(text !== undefined && {
      details: text.length > MAX_DETAILS ? { cut: text.slice(0, MAX_DETAILS) } : details,
    }),
    previous,
  });
  const hash = hashOf(previous, content);
  return { line: `${content.slice(0, -1)},"hash":"${hash}"}\n`, head: { seq: seq + 1, hash } };
}

/** Undefined: no line of the log. `content` is what the hash is over. */
export function contentOf(line: string): (AuditRecord & { readonly content: string }) | undefined {
  const [, body] = /^(\{.*),"hash":"[0-9a-f]{64}"\}$/s.exec(line) ?? [];
  if (body === undefined) return undefined;
  try {
    const record = JSON.parse(line) as AuditRecord;
    if (!Number.isSafeInteger(record.seq)) return undefined;
    if (
      ![record.time, record.action, record.address, record.previous].every((one) => typeof one === 'string')
    )
      return undefined;
    return { ...record, user: record.user ?? undefined, content: `${body}}` };
  } catch {
    return undefined;
  }
}
