/** My account: who I am, password, second factor, where I am signed in. */
import { Badge, Button, Code, Group, PasswordInput, Skeleton, Table, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTakeSession } from '../../app/session.tsx';
import { call } from '../../lib/api.ts';
import { Problem } from '../../lib/problem.tsx';
import { browserName } from './browser-name.ts';
import { Dialogue } from './dialogue.tsx';
import { NewPassword } from './new-password.tsx';
import { scrollable } from './scrollable.ts';
import { AddSecondFactor, RemoveSecondFactor } from './second-factor.tsx';
import { Section } from './section.tsx';
import { Ago } from './times.tsx';

export function Account() {
  const client = useQueryClient();
  const [open, setOpen] = useState<'password' | 'add' | 'remove'>();
  const {
    data: account,
    error,
    refetch,
  } = useQuery({
    queryKey: ['account'],
    queryFn: ({ signal }) => call('GET /api/account', { signal }),
  });
  if (error)
    return <Problem title="Your account can not be shown" error={error} retry={() => void refetch()} />;
  if (!account) return <Skeleton h={320} />;
  const close = (): void => setOpen(undefined);
  const done = (message: string) => (): void => {
    void client.invalidateQueries({ queryKey: ['account'] });
    void client.invalidateQueries({ queryKey: ['account-sessions'] });
    notifications.show({ message });
  };
  const { name, role, external, secondFactor, recoveryCodes, indices, hiddenFields, filter } = account;
  return (
    <div className="settings-narrow">
      <Section
        title={name}
        explanation={`Role: ${role}${external ? ', signs in through single sign-on' : ''}`}
      >
        {(indices || hiddenFields.length > 0 || filter !== '') && (
          <Text size="sm" component="div">
            {indices && <div>May read: {indices.length > 0 ? indices.join(', ') : 'no index'}</div>}
            {hiddenFields.length > 0 && <div>Hidden fields: {hiddenFields.join(', ')}</div>}
            {filter !== '' && (
              <div>
                Sees only events with <Code>{filter}</Code>
              </div>
            )}
          </Text>
        )}
      </Section>
      {!external && (
        <Section
          title="Password"
          explanation="When it changes, you are signed out everywhere else."
          action={
            <Button variant="default" size="xs" onClick={() => setOpen('password')}>
              Change password
            </Button>
          }
        />
      )}
      <Section
        title="Second factor"
        explanation={
          secondFactor
            ? `A code of your authenticator is asked for at every sign-in. ${recoveryCodes} recovery codes are left.`
            : 'A code of an app on your phone, asked for after the password.'
        }
        action={
          <Group gap="xs">
            <Badge variant="default">{secondFactor ? 'On' : 'Off'}</Badge>
            <Button variant="default" size="xs" onClick={() => setOpen(secondFactor ? 'remove' : 'add')}>
              {secondFactor ? 'Remove' : 'Set up'}
            </Button>
          </Group>
        }
      />
      <OwnSessions />
      {open === 'password' && <ChangePassword onClose={close} onDone={done('The password is changed.')} />}
      {open === 'add' && (
        <AddSecondFactor account={account} onClose={close} onDone={done('The second factor is on.')} />
      )}
      {open === 'remove' && (
        <RemoveSecondFactor account={account} onClose={close} onDone={done('The second factor is off.')} />
      )}
    </div>
  );
}

function ChangePassword({ onClose, onDone }: { readonly onClose: () => void; readonly onDone: () => void }) {
  const take = useTakeSession();
  const [current, setCurrent] = useState('');
  const [password, setPassword] = useState<string>();
  return (
    <Dialogue
      title="Change password"
      submit="Change"
      disabled={password === undefined}
      onClose={onClose}
      onSubmit={async () => {
        take(await call('POST /api/account/password', { body: { current, password: password! } }));
        onDone();
      }}
    >
      <PasswordInput
        label="Current password"
        required
        data-autofocus
        autoComplete="current-password"
        value={current}
        onChange={({ currentTarget }) => setCurrent(currentTarget.value)}
      />
      <NewPassword onChange={setPassword} />
    </Dialogue>
  );
}

function OwnSessions() {
  const client = useQueryClient();
  const key = ['account-sessions'];
  const { data, error } = useQuery({
    queryKey: key,
    queryFn: ({ signal }) => call('GET /api/account/sessions', { signal }),
    refetchInterval: 30_000,
  });
  const end = async (id: string | undefined): Promise<void> => {
    try {
      await (id === undefined
        ? call('DELETE /api/account/sessions')
        : call('DELETE /api/account/sessions/:id', { params: { id } }));
    } catch (problem) {
      notifications.show({ color: 'red', message: (problem as Error).message });
    }
    await client.invalidateQueries({ queryKey: key });
  };
  const others = data?.sessions.some(({ current }) => !current);
  return (
    <Section
      title="Sessions"
      explanation="Where you are signed in."
      action={
        <Button variant="default" size="xs" disabled={!others} onClick={() => void end(undefined)}>
          End all others
        </Button>
      }
    >
      {error && <Problem title="The sessions can not be shown" error={error} />}
      {!data && !error && <Skeleton h={60} />}
      {data && (
        <Table.ScrollContainer minWidth={480} scrollAreaProps={scrollable}>
          <Table verticalSpacing={6}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Browser</Table.Th>
                <Table.Th>Address</Table.Th>
                <Table.Th>Signed in</Table.Th>
                <Table.Th>Last used</Table.Th>
                <Table.Th aria-label="End" />
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {data.sessions.map(({ id, agent, address, created, lastUsed, current }) => (
                <Table.Tr key={id}>
                  <Table.Td title={agent}>{browserName(agent)}</Table.Td>
                  <Table.Td>{address}</Table.Td>
                  <Table.Td>
                    <Ago time={created} />
                  </Table.Td>
                  <Table.Td>
                    <Ago time={lastUsed} />
                  </Table.Td>
                  <Table.Td ta="right">
                    {current ? (
                      <Text size="xs" c="dimmed">
                        this one
                      </Text>
                    ) : (
                      <Button
                        variant="subtle"
                        color="gray"
                        className="settings-danger"
                        size="compact-xs"
                        onClick={() => void end(id)}
                      >
                        End
                      </Button>
                    )}
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
    </Section>
  );
}
