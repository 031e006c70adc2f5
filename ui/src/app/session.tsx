/** Who is signed in: everything else is shown only when somebody is. */
import { Center, Loader } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { createContext, lazy, type ReactNode, Suspense, useContext, useEffect } from 'react';
import type { Role, SessionView } from '../../../src/server/contract.ts';
import { call, onSignedOut, setCsrf } from '../lib/api.ts';
import { Problem } from '../lib/problem.tsx';

const SignIn = lazy(() => import('../screens/session/sign-in.tsx'));
const SetUp = lazy(() => import('../screens/session/set-up.tsx'));

type SignedIn = SessionView & { readonly user: NonNullable<SessionView['user']> };
const Session = createContext<SignedIn | undefined>(undefined);

/** The session of whoever is signed in. */
export function useSession(): SignedIn {
  const session = useContext(Session);
  if (!session) throw new Error('only inside of SessionGate');
  return session;
}

const order: readonly Role[] = ['viewer', 'analyst', 'operator', 'administrator'];

/** Whether the caller's role has the rights of another one. */
export function useMay(role: Role): boolean {
  return order.indexOf(useSession().user.role) >= order.indexOf(role);
}

const SESSION_KEY = ['session'];

/** Takes the answer of signing in, out, or setting up. */
export function useTakeSession(): (session: SessionView) => void {
  const client = useQueryClient();
  return (session) => {
    setCsrf(session.csrf);
    // What another user saw is forgotten.
    client.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== SESSION_KEY[0] });
    client.setQueryData(SESSION_KEY, session);
  };
}

export function SessionGate({ children }: { readonly children: ReactNode }) {
  const client = useQueryClient();
  const { data, error, refetch } = useQuery({
    queryKey: SESSION_KEY,
    queryFn: async () => {
      const session = await call('GET /api/session');
      setCsrf(session.csrf);
      return session;
    },
    staleTime: Number.POSITIVE_INFINITY,
  });
  useEffect(() => onSignedOut(() => void client.invalidateQueries({ queryKey: SESSION_KEY })), [client]);
  const waiting = (
    <Center h="100%">
      <Loader aria-label="Loading" />
    </Center>
  );
  if (error) return <Problem title="Millrace does not answer" error={error} retry={() => void refetch()} />;
  if (!data) return waiting;
  if (!data.user)
    return (
      <Suspense fallback={waiting}>{data.setup ? <SetUp /> : <SignIn providers={data.providers} />}</Suspense>
    );
  return <Session.Provider value={{ ...data, user: data.user }}>{children}</Session.Provider>;
}
