/** Signing in with a name and a password, or by another provider. */
import { Alert, Button, Divider, PasswordInput, PinInput, Stack, Text, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import type { SessionView } from '../../../../src/server/contract.ts';
import { useTakeSession } from '../../app/session.tsx';
import { ApiFailure, call } from '../../lib/api.ts';
import { SessionCard } from './card.tsx';

export default function SignIn({ providers }: { readonly providers: SessionView['providers'] }) {
  const take = useTakeSession();
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const [totp, setTotp] = useState('');
  const [wantsTotp, setWantsTotp] = useState(false);
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setProblem(undefined);
    try {
      take(await call('POST /api/session', { body: { name, password, ...(wantsTotp && { totp }) } }));
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
            <Stack gap={4}>
              <Text size="sm" fw={500} id="totp-label">
                Code of your authenticator
              </Text>
              <PinInput
                length={6}
                type="number"
                oneTimeCode
                autoFocus
                value={totp}
                onChange={setTotp}
                aria-labelledby="totp-label"
              />
            </Stack>
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
              href={`/api/session/oidc/${encodeURIComponent(id)}`}
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
