/** The wizard of a fresh install: the first administrator. */
import { Alert, Button, Code, PasswordInput, Stack, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { useTakeSession } from '../../app/session.tsx';
import { call } from '../../lib/api.ts';
import { SessionCard } from './card.tsx';

const MIN_PASSWORD = 8;

export default function SetUp() {
  const take = useTakeSession();
  const [code, setCode] = useState('');
  const [name, setName] = useState('admin');
  const [password, setPassword] = useState('');
  const [again, setAgain] = useState('');
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);
  const short = password !== '' && password.length < MIN_PASSWORD;
  const differs = again !== '' && again !== password;
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (short || password !== again) return;
    setBusy(true);
    setProblem(undefined);
    try {
      take(await call('POST /api/setup', { body: { code: code.trim(), name: name.trim(), password } }));
    } catch (error) {
      setProblem((error as Error).message);
    } finally {
      setBusy(false);
    }
  };
  return (
    <SessionCard
      title="Welcome to Millrace"
      explanation={
        <>
          Make the first administrator. The one-time code is in the terminal where Millrace runs, in the line
          that begins with <Code>Set-up code</Code>: it proves that this machine is yours.
        </>
      }
    >
      <form onSubmit={(event) => void submit(event)}>
        <Stack>
          {problem !== undefined && (
            <Alert color="red" role="alert">
              {problem}
            </Alert>
          )}
          <TextInput
            label="Set-up code"
            required
            autoFocus
            autoComplete="one-time-code"
            value={code}
            onChange={({ currentTarget }) => setCode(currentTarget.value)}
          />
          <TextInput
            label="Name"
            required
            autoComplete="username"
            value={name}
            onChange={({ currentTarget }) => setName(currentTarget.value)}
          />
          <PasswordInput
            label="Password"
            description={`At least ${MIN_PASSWORD} characters, better 15; a sentence is fine.`}
            required
            autoComplete="new-password"
            value={password}
            error={short ? `${MIN_PASSWORD - password.length} more characters are needed` : undefined}
            onChange={({ currentTarget }) => setPassword(currentTarget.value)}
          />
          <PasswordInput
            label="The same password again"
            required
            autoComplete="new-password"
            value={again}
            error={differs ? 'The two passwords differ' : undefined}
            onChange={({ currentTarget }) => setAgain(currentTarget.value)}
          />
          <Button type="submit" loading={busy}>
            Make the administrator and sign in
          </Button>
        </Stack>
      </form>
    </SessionCard>
  );
}
