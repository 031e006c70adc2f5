/** Routes of server-sent events as state of React. */
import { useEffect, useState } from 'react';
import type { AnswerOf } from '../../../../src/server/contract.ts';
import { listen } from '../../lib/api.ts';

type LiveRoute = 'GET /api/pipelines/live' | 'GET /api/pipelines/:id/live';

/** The last that a stream said, and why there is nothing new. */
export function useLive<N extends LiveRoute>(
  name: N,
  id: string,
): { readonly data: AnswerOf<N> | undefined; readonly problem: string | undefined } {
  const [state, setState] = useState<{ id: string; data?: AnswerOf<N>; problem?: string }>({ id });
  useEffect(
    () =>
      listen(
        name,
        { params: { id } },
        {
          event: (data) => setState({ id, data }),
          problem: (problem) => setState((last) => ({ ...last, id, problem })),
        },
      ),
    [name, id],
  );
  const current = state.id === id ? state : undefined;
  return { data: current?.data, problem: current?.problem };
}
