/** Sources and destinations as they are now, every second. */
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import type { IntegrationItem } from '../../../../src/server/contract.ts';
import { call, listen } from '../../lib/api.ts';
import { visible } from '../../lib/visible.ts';

/** Errors hold what other programs answered. */
export const readable = (item: IntegrationItem): IntegrationItem => ({
  ...item,
  ...(item.problem !== undefined && { problem: visible(item.problem, 2000) }),
  ...(item.place !== undefined && { place: visible(item.place) }),
});

export const useCatalogue = () =>
  useQuery({
    queryKey: ['integrations'],
    queryFn: async ({ signal }) => {
      const answer = await call('GET /api/integrations', { signal });
      return { ...answer, items: answer.items.map(readable) };
    },
    staleTime: 10_000,
  });

export function useItems(): {
  readonly items: readonly IntegrationItem[] | undefined;
  readonly problem: string | undefined;
} {
  const [items, setItems] = useState<readonly IntegrationItem[]>();
  const [problem, setProblem] = useState<string>();
  useEffect(
    () =>
      listen(
        'GET /api/integrations/live',
        {},
        {
          event: (answer) => {
            setItems(answer.items.map(readable));
            setProblem(undefined);
          },
          problem: setProblem,
        },
      ),
    [],
  );
  return { items, problem };
}
