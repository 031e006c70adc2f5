/** Storage: what the event store holds, for how long, and copies of it. */
import { Button, Card, Group, Skeleton, Stack, Tabs, Text, Title } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { notifications } from '@mantine/notifications';
import { IconChecklist } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useMay } from '../../app/session.tsx';
import { call } from '../../lib/api.ts';
import { Problem } from '../../lib/problem.tsx';
import '../pipelines/pipelines.css';
import { IndexList } from './indices.tsx';
import { Jobs } from './jobs.tsx';
import { Overview } from './overview.tsx';
import { Retention } from './retention.tsx';
import type { StorageSearch, StorageTab } from './search.ts';
import { Snapshots } from './snapshots.tsx';
import './storage.css';

const QUIET_MS = 10_000;
const BUSY_MS = 1500;

export function StorageScreen() {
  const search = useSearch({ strict: false }) as StorageSearch;
  const navigate = useNavigate();
  const client = useQueryClient();
  const mayChange = useMay('operator');
  const narrow = useMediaQuery('(max-width: 62em)', undefined, { getInitialValueInEffect: false }) ?? false;
  const { data, error, refetch, dataUpdatedAt } = useQuery({
    queryKey: ['storage'],
    queryFn: ({ signal }) => call('GET /api/storage', { signal }),
    refetchInterval: ({ state: { data: known } }) =>
      known && (known.tasks.length > 0 || known.jobs.some(({ state }) => state === 'running'))
        ? BUSY_MS
        : QUIET_MS,
  });
  const refresh = (): void => void client.invalidateQueries({ queryKey: ['storage'] });
  const verify = useMutation({
    mutationFn: () => call('POST /api/storage/verify'),
    onSuccess: refresh,
    onError: ({ message }) => notifications.show({ color: 'red', title: 'Files are not checked', message }),
  });
  const set = (change: StorageSearch): void =>
    void navigate({
      to: '.',
      search: ((before: StorageSearch) => ({ ...before, ...change })) as never,
      replace: true,
    });
  if (error && !data)
    return <Problem title="The event store can not be shown" error={error} retry={() => void refetch()} />;
  const mayCopy = mayChange && data?.isPartial === false;
  const tab: StorageTab = search.tab === 'snapshots' && !mayCopy ? 'indices' : (search.tab ?? 'indices');
  return (
    <Stack p="md" gap="md">
      <Group justify="space-between">
        <Title order={1} size="h3">
          Storage
        </Title>
        {mayCopy && data.driver === 'embedded' && (
          <Button
            size="xs"
            variant="default"
            leftSection={<IconChecklist size={16} aria-hidden />}
            loading={
              verify.isPending ||
              data.jobs.some(({ kind, state }) => kind === 'verify' && state === 'running')
            }
            onClick={() => verify.mutate()}
          >
            Check all files
          </Button>
        )}
      </Group>
      {error && <Problem title="The numbers stand still" error={error} retry={() => void refetch()} />}
      {!data ? (
        <Stack gap="md" aria-busy="true" aria-label="Loading">
          <Skeleton height={84} />
          <Skeleton height={220} />
          <Skeleton height={200} />
        </Stack>
      ) : (
        <>
          <Jobs storage={data} />
          {data.isPartial && (
            <Text size="sm" c="dimmed">
              Your account sees some indices only; these are their numbers.
            </Text>
          )}
          <Overview storage={data} now={dataUpdatedAt} />
          <Tabs
            value={tab}
            onChange={(value) => set({ tab: (value as StorageTab) ?? undefined })}
            keepMounted={false}
          >
            <Tabs.List aria-label="Storage">
              <Tabs.Tab value="indices">Indices</Tabs.Tab>
              <Tabs.Tab value="retention">Retention</Tabs.Tab>
              {mayCopy && <Tabs.Tab value="snapshots">Snapshots</Tabs.Tab>}
            </Tabs.List>
            <Tabs.Panel value="indices" pt="md">
              {data.indices.length === 0 ? (
                <Empty isPartial={data.isPartial} />
              ) : (
                <IndexList
                  storage={data}
                  search={search}
                  set={set}
                  refresh={refresh}
                  narrow={narrow}
                  now={dataUpdatedAt}
                />
              )}
            </Tabs.Panel>
            <Tabs.Panel value="retention" pt="md">
              <Retention storage={data} mayChange={mayCopy} refresh={refresh} now={dataUpdatedAt} />
            </Tabs.Panel>
            {mayCopy && (
              <Tabs.Panel value="snapshots" pt="md">
                <Snapshots storage={data} place={search.place ?? ''} set={set} refresh={refresh} />
              </Tabs.Panel>
            )}
          </Tabs>
        </>
      )}
    </Stack>
  );
}

function Empty({ isPartial }: { readonly isPartial: boolean }) {
  return (
    <Card withBorder p="xl">
      <Title order={2} size="h4">
        {isPartial ? 'There is no index that you may see' : 'Nothing is stored yet'}
      </Title>
      <Text mt="xs" size="sm">
        {isPartial ? (
          'An administrator says which indices your account sees.'
        ) : (
          <>
            Send events to one of the listeners, or write them with the output{' '}
            <code>store {'{ index => "name-%{+yyyy.MM.dd}" }'}</code>. Every index appears here with its size
            and with what retention does to it.
          </>
        )}
      </Text>
    </Card>
  );
}
