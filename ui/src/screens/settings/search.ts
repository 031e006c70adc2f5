/** What the URL of the audit log holds. */

export interface AuditSearch {
  readonly text?: string | undefined;
  readonly outcome?: 'success' | 'failure' | 'denied' | undefined;
}

const outcomes = ['success', 'failure', 'denied'] as const;

/** Whatever stands in the URL. */
export function auditSearch(given: Readonly<Record<string, unknown>>): AuditSearch {
  const { text, outcome } = given;
  const known = outcomes.find((one) => one === outcome);
  return {
    ...(typeof text === 'string' && text !== '' && { text: text.slice(0, 1024) }),
    ...(known && { outcome: known }),
  };
}
