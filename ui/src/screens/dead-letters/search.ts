/** What the URL of the dead letters says. */

export interface DeadLetterSearch {
  readonly pipeline?: string;
  readonly text?: string;
  /** The letter that is open. */
  readonly letter?: string;
}

export function deadLetterSearch(search: Record<string, unknown>): DeadLetterSearch {
  const texts = ['pipeline', 'text', 'letter'] as const;
  return Object.fromEntries(
    texts.flatMap((name) =>
      typeof search[name] === 'string' && search[name] !== '' ? [[name, search[name]]] : [],
    ),
  );
}
