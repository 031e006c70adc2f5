/** How far searches are while they run. */
import { useEffect, useState } from 'react';
import { call } from '../../lib/api.ts';

const EVERY = 400;

/** A name for a search, to ask about it. */
export const newProgressId = (): string =>
  `${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 12)}`;

/** What share is done of the slowest of some searches, from 0 to 1; undefined: nobody knows. Never goes back. */
export function useSearchProgress(active: boolean, running: () => readonly string[]): number | undefined {
  const [share, setShare] = useState<number>();
  // biome-ignore lint/correctness/useExhaustiveDependencies: `running` is asked anew each time
  useEffect(() => {
    setShare(undefined);
    if (!active) return undefined;
    const controller = new AbortController();
    let timer: ReturnType<typeof setTimeout>;
    const ask = async (): Promise<void> => {
      const ids = running();
      if (ids.length > 0) {
        try {
          const { shares } = await call('GET /api/events/progress', {
            query: { ids: ids.join(',') },
            signal: controller.signal,
          });
          const known = Object.values(shares);
          if (known.length > 0) setShare((before) => Math.max(before ?? 0, Math.min(...known)));
        } catch {
          // The search itself says what is wrong.
        }
      }
      if (!controller.signal.aborted) timer = setTimeout(() => void ask(), EVERY);
    };
    void ask();
    return () => {
      controller.abort();
      clearTimeout(timer);
    };
  }, [active]);
  return share;
}
