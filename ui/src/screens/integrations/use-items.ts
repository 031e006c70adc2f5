/** Sources and destinations as they are now, every second. */
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import type { IntegrationItem } from '../../../../src/server/contract.ts';
import { call, listen } from '../../lib/api.ts';

export const useCatalogue = () =>
  useQuery({
    queryKey: ['integrations'],
    queryFn: ({ signal }) => call('GET /api/integrations', { signal }),
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
            setItems(answer.items);
            setProblem(undefined);
          },
          problem: setProblem,
        },
      ),
    [],
  );
  return { items, problem };
}
