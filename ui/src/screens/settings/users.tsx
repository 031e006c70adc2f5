/** Users: who may sign in, with which role and rules. */
import {
  ActionIcon,
  Badge,
  Button,
  Group,
  Menu,
  Skeleton,
  Switch,
  Table,
  Text,
  Tooltip,
} from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconDots, IconPlus } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { UserView } from '../../../../src/server/contract.ts';
import { useSession } from '../../app/session.tsx';
import { call } from '../../lib/api.ts';
import { Problem } from '../../lib/problem.tsx';
import { Dialogue } from './dialogue.tsx';
import { NewPassword } from './new-password.tsx';
import { scrollable } from './scrollable.ts';
import { Section } from './section.tsx';
import { UserForm } from './user-form.tsx';

type Opened = { readonly what: 'form' | 'reset' | 'delete'; readonly user?: UserView };

export function Users() {
  const client = useQueryClient();
  const me = useSession().user.name;
  const [opened, setOpened] = useState<Opened>();
  const { data, error, refetch } = useQuery({
    queryKey: ['users'],
    queryFn: ({ signal }) => call('GET /api/users', { signal }),
  });
  const close = (): void => setOpened(undefined);
  const done = (message: string): void => {
    void client.invalidateQueries({ queryKey: ['users'] });
    notifications.show({ message });
  };
  const toggle = async ({ name, disabled }: UserView): Promise<void> => {
    try {
      await call('PUT /api/users/:name', { params: { name }, body: { disabled: !disabled } });
      done(disabled ? `${name} may sign in again.` : `${name} is disabled and signed out.`);
    } catch (problem) {
      notifications.show({ color: 'red', message: (problem as Error).message });
    }
  };
  if (error) return <Problem title="The users can not be shown" error={error} retry={() => void refetch()} />;
  return (
    <Section
      title="Users"
      explanation="Roles build on each other: viewer, analyst, operator, administrator."
      action={
        <Button
          size="xs"
          leftSection={<IconPlus size={14} aria-hidden />}
          onClick={() => setOpened({ what: 'form' })}
        >
          New user
        </Button>
      }
    >
      {!data && <Skeleton h={160} />}
      {data && (
        <Table.ScrollContainer minWidth={760} scrollAreaProps={scrollable}>
          <Table verticalSpacing={6} highlightOnHover>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Name</Table.Th>
                <Table.Th>Role</Table.Th>
                <Table.Th>May see</Table.Th>
                <Table.Th>Second factor</Table.Th>
                <Table.Th ta="right">Sessions</Table.Th>
                <Table.Th>Enabled</Table.Th>
                <Table.Th aria-label="More" />
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {data.users.map((user) => (
                <Table.Tr key={user.name}>
                  <Table.Td>
                    <Group gap={6} wrap="nowrap">
                      <Text size="sm" fw={500} truncate maw={220} title={user.name}>
                        {user.name}
                      </Text>
                      {user.name === me && (
                        <Text size="xs" c="dimmed">
                          you
                        </Text>
                      )}
                      {user.external && (
                        <Badge size="sm" variant="default">
                          single sign-on
                        </Badge>
                      )}
                    </Group>
                  </Table.Td>
                  <Table.Td>{user.role}</Table.Td>
                  <Table.Td>
                    <Rules user={user} />
                  </Table.Td>
                  <Table.Td>{user.secondFactor ? 'on' : 'off'}</Table.Td>
                  <Table.Td ta="right">{user.sessions}</Table.Td>
                  <Table.Td>
                    <Switch
                      size="sm"
                      aria-label={`${user.name} may sign in`}
                      checked={!user.disabled}
                      disabled={user.name === me}
                      onChange={() => void toggle(user)}
                    />
                  </Table.Td>
                  <Table.Td ta="right">
                    <Menu position="bottom-end">
                      <Menu.Target>
                        <ActionIcon variant="subtle" color="gray" aria-label={`More for ${user.name}`}>
                          <IconDots size={16} aria-hidden />
                        </ActionIcon>
                      </Menu.Target>
                      <Menu.Dropdown>
                        <Menu.Item onClick={() => setOpened({ what: 'form', user })}>
                          Role and rules…
                        </Menu.Item>
                        <Menu.Item
                          disabled={user.name === me}
                          onClick={() => setOpened({ what: 'reset', user })}
                        >
                          Reset…
                        </Menu.Item>
                        <Menu.Item
                          color="red"
                          disabled={user.name === me}
                          onClick={() => setOpened({ what: 'delete', user })}
                        >
                          Delete…
                        </Menu.Item>
                      </Menu.Dropdown>
                    </Menu>
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      {opened?.what === 'form' && (
        <UserForm user={opened.user} isSelf={opened.user?.name === me} onClose={close} onDone={done} />
      )}
      {opened?.what === 'reset' && <Reset user={opened.user!} onClose={close} onDone={done} />}
      {opened?.what === 'delete' && <Delete user={opened.user!} onClose={close} onDone={done} />}
    </Section>
  );
}

function Rules({ user: { indices, hiddenFields, filter } }: { readonly user: UserView }) {
  const parts = [
    indices === null ? 'all indices' : indices.join(', '),
    ...(hiddenFields.length > 0
      ? [`without ${hiddenFields.length} field${hiddenFields.length === 1 ? '' : 's'}`]
      : []),
    ...(filter === '' ? [] : ['filtered']),
  ];
  const more = [
    ...(hiddenFields.length > 0 ? [`Hidden: ${hiddenFields.join(', ')}`] : []),
    ...(filter === '' ? [] : [`Only: ${filter}`]),
  ].join('\n');
  const text = (
    <Text size="sm" truncate maw={260} {...(more !== '' && { tabIndex: 0 })}>
      {parts.join(', ')}
    </Text>
  );
  return more === '' ? (
    text
  ) : (
    <Tooltip
      label={more}
      multiline
      maw={400}
      style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}
      events={{ hover: true, focus: true, touch: true }}
    >
      {text}
    </Tooltip>
  );
}

interface ActionProps {
  readonly user: UserView;
  readonly onClose: () => void;
  readonly onDone: (message: string) => void;
}

function Reset({ user, onClose, onDone }: ActionProps) {
  const [password, setPassword] = useState<string>();
  const [secondFactor, setSecondFactor] = useState(false);
  return (
    <Dialogue
      title={`Reset ${user.name}`}
      submit="Reset"
      disabled={password === undefined && !secondFactor}
      onClose={onClose}
      onSubmit={async () => {
        await call('POST /api/users/:name/reset', {
          params: { name: user.name },
          body: { secondFactor, ...(password !== undefined && { password }) },
        });
        onDone(`${user.name} is reset and signed out.`);
      }}
    >
      <Text size="sm">All sessions of {user.name} end.</Text>
      {!user.external && <NewPassword onChange={setPassword} />}
      {user.secondFactor && (
        <Switch
          label="Remove the second factor"
          checked={secondFactor}
          onChange={({ currentTarget }) => setSecondFactor(currentTarget.checked)}
        />
      )}
    </Dialogue>
  );
}

function Delete({ user, onClose, onDone }: ActionProps) {
  return (
    <Dialogue
      title={`Delete ${user.name}`}
      submit="Delete"
      danger
      confirm={{ text: user.name, label: `Type ${user.name} to confirm` }}
      onClose={onClose}
      onSubmit={async () => {
        await call('DELETE /api/users/:name', { params: { name: user.name } });
        onDone(`${user.name} is deleted.`);
      }}
    >
      <Text size="sm">
        Sessions and API keys of {user.name} end at once. What the audit log says of them stays. To keep the
        name for later, disable it instead.
      </Text>
    </Dialogue>
  );
}
