/** Edits that are not applied yet, of any number of files. */
import { useCallback, useMemo, useState } from 'react';

export interface Draft {
  /** Hash of the file when the edit began. */
  readonly base: string;
  readonly original: string;
  readonly text: string;
  /** The file's lines end with carriage returns: they are taken off here, and put back. */
  readonly crlf: boolean;
}

export interface Edit {
  readonly id: string;
  readonly text: string;
}

export interface Drafts {
  get(id: string): Draft | undefined;
  /** Begins with what the server holds, unless there is an edit. */
  open(id: string, text: string, hash: string): void;
  change(id: string, text: string): void;
  /** What is applied becomes the original. */
  applied(id: string, hash: string, text: string): void;
  discard(id: string): void;
  isDirty(id: string): boolean;
  /** Of all files that were changed, as files hold them. */
  readonly edits: readonly Edit[];
}

const plain = (text: string): string => text.replace(/\r\n?/g, '\n');
/** As the file holds it. */
export const asFile = ({ text, crlf }: Draft): string => (crlf ? text.replace(/\n/g, '\r\n') : text);
const dirty = ({ text, original }: Draft): boolean => text !== original;

export function useDrafts(): Drafts {
  const [all, setAll] = useState<ReadonlyMap<string, Draft>>(new Map());
  const set = useCallback((id: string, next: (draft: Draft | undefined) => Draft | undefined) => {
    setAll((before) => {
      const draft = next(before.get(id));
      if (draft === before.get(id)) return before;
      const after = new Map(before);
      if (draft) after.set(id, draft);
      else after.delete(id);
      return after;
    });
  }, []);
  const edits = useMemo(
    () => [...all].flatMap(([id, draft]) => (dirty(draft) ? [{ id, text: asFile(draft) }] : [])),
    [all],
  );
  return useMemo(
    () => ({
      get: (id) => all.get(id),
      open: (id, text, hash) =>
        set(id, (draft) => {
          if (draft && (dirty(draft) || draft.base === hash)) return draft;
          const shown = plain(text);
          return { base: hash, original: shown, text: shown, crlf: text.includes('\r\n') };
        }),
      change: (id, text) => set(id, (draft) => (draft && draft.text !== text ? { ...draft, text } : draft)),
      applied: (id, hash, text) =>
        set(id, (draft) => draft && { ...draft, base: hash, original: plain(text), text: plain(text) }),
      discard: (id) => set(id, (draft) => draft && { ...draft, text: draft.original }),
      isDirty: (id) => {
        const draft = all.get(id);
        return draft !== undefined && dirty(draft);
      },
      edits,
    }),
    [all, edits, set],
  );
}
