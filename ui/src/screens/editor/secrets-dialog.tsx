/** Names in the keystore. Values go in, and never come back. */
import {
  ActionIcon,
  Alert,
  Button,
  Group,
  Modal,
  PasswordInput,
  Skeleton,
  Stack,
  Table,
  Text,
  TextInput,
} from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconTrash } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { call } from '../../lib/api.ts';
import { Problem } from '../../lib/problem.tsx';

const KEY = ['configs', 'secrets'];

export function SecretsDialog({ close }: { readonly close: () => void }) {
  const client = useQueryClient();
  const [name, setName] = useState('');
  const [value, setValue] = useState('');
  const [changed, setChanged] = useState(false);
  const [removing, setRemoving] = useState<string>();
  const { data, error } = useQuery({
    queryKey: KEY,
    queryFn: ({ signal }) => call('GET /api/configs/secrets', { signal }),
  });
  const known = (answer: object): void => {
    client.setQueryData(KEY, answer);
    setChanged(true);
  };
  const save = useMutation({
    mutationFn: () =>
      call('PUT /api/configs/secrets/:name', { params: { name: name.trim() }, body: { value } }),
    onSuccess: (answer) => {
      known(answer);
      setName('');
      setValue('');
    },
  });
  const remove = useMutation({
    mutationFn: (gone: string) => call('DELETE /api/configs/secrets/:name', { params: { name: gone } }),
    onSuccess: (answer) => {
      known(answer);
      setRemoving(undefined);
    },
  });
  const reload = useMutation({
    mutationFn: () => call('POST /api/configs/reload'),
    onSuccess: ({ pipelines, error: problem }) => {
      const failed = pipelines.filter(({ outcome }) => outcome === 'failed');
      const bad = problem !== undefined || failed.length > 0;
      notifications.show({
        color: bad ? 'red' : 'teal',
        title: bad ? 'Not everything was reloaded' : 'Reloaded',
        message:
          problem ??
          (failed.map(({ id, error: why }) => `${id}: ${why ?? 'it does not start'}`).join('; ') ||
            'Pipelines that use a changed secret run with it.'),
      });
      if (!bad) setChanged(false);
      void client.invalidateQueries({ queryKey: ['configs'] });
    },
  });
  const problem = save.error ?? remove.error ?? reload.error;
  return (
    <Modal opened onClose={close} size="lg" title="Secrets" closeButtonProps={{ 'aria-label': 'Close' }}>
      <Stack gap="sm">
        <Text size="sm" c="dimmed">
          Configs name them as {'"${NAME}"'}. They are kept encrypted in the keystore; nobody can read them
          here, only replace or remove them.
        </Text>
        {error && <Problem title="The keystore can not be opened" error={error} />}
        {!data && !error && <Skeleton height={80} role="status" aria-label="Loading" />}
        {data && (
          <>
            {data.names.length > 0 ? (
              <Table aria-label="Secrets">
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>Name</Table.Th>
                    <Table.Th>Used by</Table.Th>
                    <Table.Th w={110}>
                      <span className="only-heard">Actions</span>
                    </Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {data.names.map((each) => (
                    <Table.Tr key={each.name}>
                      <Table.Td className="mono" style={{ overflowWrap: 'anywhere' }}>
                        {each.name.toUpperCase()}
                      </Table.Td>
                      <Table.Td>
                        <Text size="sm" {...(each.usedBy.length === 0 && { c: 'dimmed' })}>
                          {each.usedBy.join(', ') || 'nothing'}
                        </Text>
                      </Table.Td>
                      <Table.Td ta="right">
                        {removing === each.name ? (
                          <Button
                            size="compact-xs"
                            color="red"
                            loading={remove.isPending}
                            onClick={() => remove.mutate(each.name)}
                          >
                            Remove it
                          </Button>
                        ) : (
                          <Group gap={4} justify="flex-end" wrap="nowrap">
                            <Button
                              size="compact-xs"
                              variant="default"
                              onClick={() => setName(each.name.toUpperCase())}
                              aria-label={`Replace ${each.name.toUpperCase()}`}
                            >
                              Replace
                            </Button>
                            <ActionIcon
                              variant="subtle"
                              color="gray"
                              aria-label={`Remove ${each.name.toUpperCase()}`}
                              onClick={() => setRemoving(each.name)}
                            >
                              <IconTrash size={16} aria-hidden />
                            </ActionIcon>
                          </Group>
                        )}
                      </Table.Td>
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
            ) : (
              <Text size="sm" c="dimmed">
                There are no secrets yet.
              </Text>
            )}
            <form
              onSubmit={(event) => {
                event.preventDefault();
                if (name.trim() !== '' && value !== '') save.mutate();
              }}
            >
              <Group align="flex-end" gap="xs">
                <TextInput
                  label="Name"
                  placeholder="ES_PASSWORD"
                  value={name}
                  onChange={({ currentTarget }) => setName(currentTarget.value)}
                  style={{ flex: '1 1 160px' }}
                />
                <PasswordInput
                  label="Value"
                  autoComplete="new-password"
                  value={value}
                  onChange={({ currentTarget }) => setValue(currentTarget.value)}
                  style={{ flex: '1 1 200px' }}
                />
                <Button type="submit" loading={save.isPending} disabled={name.trim() === '' || value === ''}>
                  Set
                </Button>
              </Group>
            </form>
          </>
        )}
        {problem && (
          <Alert color="red" role="alert" title="Not done">
            {problem.message}
          </Alert>
        )}
        {changed && (
          <Group justify="space-between" gap="xs">
            <Text size="sm">Running pipelines take a changed secret when they are reloaded.</Text>
            <Button variant="light" loading={reload.isPending} onClick={() => reload.mutate()}>
              Reload now
            </Button>
          </Group>
        )}
      </Stack>
    </Modal>
  );
}
