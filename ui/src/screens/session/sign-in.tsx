/** Signing in with a name and a password, or by another provider. */
import { Alert, Button, Divider, PasswordInput, Stack, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import type { SessionView } from '../../../../src/server/contract.ts';
import { useTakeSession } from '../../app/session.tsx';
import { ApiFailure, call } from '../../lib/api.ts';
import { SessionCard } from './card.tsx';

/** Why another provider's sign-in did not lead in. */
const refusals: Readonly<Record<string, string>> = {
  expired: 'Signing in took too long, or began in another browser: try again.',
  no_role: 'Your account there has no role here: ask an administrator.',
  name_taken: 'Another user has your name here already: ask an administrator.',
  disabled: 'Your account is disabled: ask an administrator.',
  failed: 'Signing in there did not work: try again, or ask an administrator to look at the audit log.',
};

function refusal(): string | undefined {
  const reason = new URLSearchParams(location.search).get('sign-in') ?? '';
  return Object.hasOwn(refusals, reason) ? refusals[reason] : undefined;
}

/** Where to go on after the way to another provider. */
const here = (): string =>
  new URLSearchParams(location.search).has('sign-in') ? '/' : `${location.pathname}${location.search}`;

export default function SignIn({ providers }: { readonly providers: SessionView['providers'] }) {
  const take = useTakeSession();
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const [totp, setTotp] = useState('');
  const [wantsTotp, setWantsTotp] = useState(false);
  const [problem, setProblem] = useState<string | undefined>(refusal);
  const [busy, setBusy] = useState(false);
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setProblem(undefined);
    try {
      take(
        await call('POST /api/session', {
          body: { name, password, ...(wantsTotp && { totp: totp.trim() }) },
        }),
      );
    } catch (error) {
      if (error instanceof ApiFailure && error.code === 'totp') {
        setWantsTotp(true);
        if (wantsTotp) setProblem(error.message);
      } else setProblem((error as Error).message);
    } finally {
      setBusy(false);
    }
  };
  return (
    <SessionCard title="Sign in" explanation="Millrace: events, pipelines and detections in one place.">
      <form onSubmit={(event) => void submit(event)}>
        <Stack>
          {problem !== undefined && (
            <Alert color="red" role="alert">
              {problem}
            </Alert>
          )}
          <TextInput
            label="Name"
            autoComplete="username"
            required
            autoFocus
            value={name}
            onChange={({ currentTarget }) => setName(currentTarget.value)}
          />
          <PasswordInput
            label="Password"
            autoComplete="current-password"
            required
            value={password}
            onChange={({ currentTarget }) => setPassword(currentTarget.value)}
          />
          {wantsTotp && (
            <TextInput
              label="Code of your authenticator"
              description="Or one of your recovery codes."
              required
              autoFocus
              autoComplete="one-time-code"
              maxLength={16}
              value={totp}
              onChange={({ currentTarget }) => setTotp(currentTarget.value)}
            />
          )}
          <Button type="submit" loading={busy}>
            Sign in
          </Button>
        </Stack>
      </form>
      {providers.length > 0 && (
        <>
          <Divider label="or" />
          {providers.map(({ id, title }) => (
            <Button
              key={id}
              component="a"
              href={`/api/session/oidc/${encodeURIComponent(id)}?next=${encodeURIComponent(here())}`}
              variant="default"
            >
              {title}
            </Button>
          ))}
        </>
      )}
    </SessionCard>
  );
}
