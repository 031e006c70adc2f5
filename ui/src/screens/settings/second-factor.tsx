/** Begin with a second factor, or give it up. */
import {
  Alert,
  Button,
  Center,
  Code,
  CopyButton,
  Group,
  PasswordInput,
  Skeleton,
  Stack,
  Text,
  TextInput,
} from '@mantine/core';
import { lazy, Suspense, useState } from 'react';
import type { AccountView, AnswerOf } from '../../../../src/server/contract.ts';
import { useTakeSession } from '../../app/session.tsx';
import { call } from '../../lib/api.ts';
import { Dialogue } from './dialogue.tsx';

const QrCode = lazy(() => import('./qr-code.tsx'));

interface Props {
  readonly account: AccountView;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

export function AddSecondFactor({ account, onClose, onDone }: Props) {
  const take = useTakeSession();
  const [password, setPassword] = useState('');
  const [code, setCode] = useState('');
  const [begun, setBegun] = useState<AnswerOf<'POST /api/account/totp'>>();
  const [recovery, setRecovery] = useState<readonly string[]>();
  const close = (): void => {
    onClose();
    if (recovery) onDone();
  };
  const submit = async (): Promise<boolean> => {
    if (recovery) return true;
    if (!begun) {
      setBegun(await call('POST /api/account/totp', { body: account.external ? {} : { password } }));
      return false;
    }
    const answer = await call('POST /api/account/totp/confirm', { body: { code: code.trim() } });
    setRecovery(answer.recovery);
    take(answer.session);
    return false;
  };
  return (
    <Dialogue
      title="Second factor"
      submit={recovery ? 'I have kept them' : begun ? 'Confirm' : 'Continue'}
      onClose={close}
      onSubmit={submit}
    >
      {!begun && !account.external && (
        <PasswordInput
          label="Password"
          description="That it is you."
          required
          data-autofocus
          autoComplete="current-password"
          value={password}
          onChange={({ currentTarget }) => setPassword(currentTarget.value)}
        />
      )}
      {!begun && account.external && <Text size="sm">An authenticator app on your phone is needed.</Text>}
      {begun && !recovery && (
        <>
          <Text size="sm">
            Scan this with an authenticator app, or type the key, then enter the code it shows.
          </Text>
          <Center>
            <Suspense fallback={<Skeleton w={208} h={208} />}>
              <QrCode text={begun.uri} label="QR code for the authenticator; the key stands below" />
            </Suspense>
          </Center>
          <Code block>{begun.secret.replace(/(.{4})(?=.)/g, '$1 ')}</Code>
          <TextInput
            label="Code"
            required
            inputMode="numeric"
            autoComplete="one-time-code"
            maxLength={7}
            value={code}
            onChange={({ currentTarget }) => setCode(currentTarget.value)}
          />
        </>
      )}
      {recovery && (
        <>
          <Alert color="yellow" title="Keep these codes">
            Each signs you in once if the phone is lost. They are not shown again.
          </Alert>
          <Code block>{recovery.join('\n')}</Code>
          <CopyButton value={recovery.join('\n')}>
            {({ copied, copy }) => (
              <Group>
                <Button variant="light" size="xs" onClick={copy}>
                  {copied ? 'Copied' : 'Copy'}
                </Button>
              </Group>
            )}
          </CopyButton>
        </>
      )}
    </Dialogue>
  );
}

export function RemoveSecondFactor({ account, onClose, onDone }: Props) {
  const take = useTakeSession();
  const [password, setPassword] = useState('');
  const [code, setCode] = useState('');
  return (
    <Dialogue
      title="Remove the second factor"
      submit="Remove"
      danger
      onClose={onClose}
      onSubmit={async () => {
        const body = { code: code.trim(), ...(!account.external && { password }) };
        take(await call('POST /api/account/totp/remove', { body }));
        onDone();
      }}
    >
      <Stack>
        <Text size="sm">From then on your password alone signs you in.</Text>
        {!account.external && (
          <PasswordInput
            label="Password"
            required
            data-autofocus
            autoComplete="current-password"
            value={password}
            onChange={({ currentTarget }) => setPassword(currentTarget.value)}
          />
        )}
        <TextInput
          label="Code of the authenticator, or a recovery code"
          required
          autoComplete="one-time-code"
          value={code}
          onChange={({ currentTarget }) => setCode(currentTarget.value)}
        />
      </Stack>
    </Dialogue>
  );
}
