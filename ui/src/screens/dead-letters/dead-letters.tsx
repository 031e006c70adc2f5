/** Dead letters: what was refused and why; mend it, send it again, or drop it. */
import {
  ActionIcon,
  Alert,
  Badge,
  Box,
  Button,
  Card,
  Checkbox,
  Drawer,
  Group,
  Modal,
  Select,
  Skeleton,
  Stack,
  Table,
  Text,
  TextInput,
  Title,
  UnstyledButton,
} from '@mantine/core';
import { useDebouncedValue, useMediaQuery } from '@mantine/hooks';
import { IconRefresh } from '@tabler/icons-react';
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import type { Letter, LetterQueue } from '../../../../src/server/contract.ts';
import { call } from '../../lib/api.ts';
import { Problem } from '../../lib/problem.tsx';
import { visible } from '../../lib/visible.ts';
import { bytes, exact } from '../pipelines/format.ts';
import '../pipelines/pipelines.css';
import { Jobs } from './jobs.tsx';
import { LetterPanel } from './letter-panel.tsx';
import type { DeadLetterSearch } from './search.ts';

const PAGE = 50;

export function DeadLetters() {
  const search = useSearch({ strict: false }) as DeadLetterSearch;
  const navigate = useNavigate();
  const narrow = useMediaQuery('(max-width: 62em)', undefined, { getInitialValueInEffect: false }) ?? false;
  const { data, error, refetch } = useQuery({
    queryKey: ['dead letters'],
    queryFn: ({ signal }) => call('GET /api/dead-letters', { signal }),
    refetchInterval: 2000,
  });
  const set = (change: Partial<Record<keyof DeadLetterSearch, string | undefined>>): void =>
    void navigate({
      to: '.',
      search: ((before: DeadLetterSearch) => ({ ...before, ...change })) as never,
      replace: true,
    });
  const queue =
    data?.queues.find(({ pipeline }) => pipeline === search.pipeline) ??
    data?.queues.find(({ entries }) => entries > 0) ??
    data?.queues[0];
  const panel = queue && search.letter !== undefined && (
    <LetterPanel
      key={search.letter}
      queue={queue}
      letterRef={search.letter}
      close={() => set({ letter: undefined })}
    />
  );
  if (error)
    return <Problem title="Dead letters can not be shown" error={error} retry={() => void refetch()} />;
  return (
    <Box style={{ display: 'flex', height: narrow ? undefined : 'calc(100dvh - 48px)' }}>
      <Box style={{ flex: 1, minWidth: 0, overflow: 'auto' }}>
        <Stack p="md" gap="md">
          <Group justify="space-between">
            <Title order={1} size="h3">
              Dead letters
            </Title>
            {data && data.queues.length > 1 && (
              <Select
                size="xs"
                aria-label="Pipeline"
                value={queue?.pipeline ?? null}
                onChange={(value) => set({ pipeline: value ?? undefined, letter: undefined })}
                data={data.queues.map(({ pipeline, entries }) => ({
                  value: pipeline,
                  label: `${pipeline} (${exact(entries)})`,
                }))}
                allowDeselect={false}
              />
            )}
          </Group>
          {data && <Jobs jobs={data.jobs} />}
          {!data ? (
            <Skeleton height={200} role="status" aria-label="Loading" />
          ) : !queue || queue.entries === 0 ? (
            <Card withBorder p="xl">
              <Title order={2} size="h4">
                {queue ? `There are no dead letters of ${queue.pipeline}` : 'There are no dead letters'}
              </Title>
              <Text mt="xs">
                Events come here that an output refuses for good, or that a condition can not be evaluated
                for. Nothing is to be done.
              </Text>
            </Card>
          ) : (
            <Queue
              key={queue.pipeline}
              queue={queue}
              text={search.text ?? ''}
              setText={(text) => set({ text: text === '' ? undefined : text })}
              selected={search.letter}
              open={(letter) => set({ letter })}
              narrow={narrow}
            />
          )}
        </Stack>
      </Box>
      {panel && !narrow && (
        <Box
          w={600}
          style={{
            flex: 'none',
            borderLeft: '1px solid var(--mantine-color-default-border)',
            overflow: 'auto',
          }}
        >
          {panel}
        </Box>
      )}
      {narrow && (
        <Drawer.Root opened={!!panel} onClose={() => set({ letter: undefined })} size="100%" position="right">
          <Drawer.Content aria-label="Dead letter">
            <Drawer.Body p={0}>{panel}</Drawer.Body>
          </Drawer.Content>
        </Drawer.Root>
      )}
    </Box>
  );
}

interface QueueProps {
  readonly queue: LetterQueue;
  readonly text: string;
  readonly setText: (text: string) => void;
  readonly selected: string | undefined;
  readonly open: (ref: string) => void;
  readonly narrow: boolean;
}

function Queue({ queue, text, setText, selected, open, narrow }: QueueProps) {
  const { pipeline } = queue;
  const client = useQueryClient();
  const [typed, setTyped] = useState(text);
  const [wanted] = useDebouncedValue(typed, 300);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [asking, setAsking] = useState<'replay' | 'drop'>();
  // biome-ignore lint/correctness/useExhaustiveDependencies: only what was typed counts
  useEffect(() => {
    if (wanted !== text) setText(wanted);
  }, [wanted]);
  const { data, error, refetch, fetchNextPage, hasNextPage, isFetching } = useInfiniteQuery({
    queryKey: ['dead letters', pipeline, text],
    queryFn: ({ pageParam, signal }) =>
      call('GET /api/dead-letters/:pipeline', {
        params: { pipeline },
        query: { size: PAGE, text, ...(pageParam !== '' && { after: pageParam }) },
        signal,
      }),
    initialPageParam: '',
    getNextPageParam: ({ next }) => next,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const letters = data?.pages.flatMap((page) => page.letters) ?? [];
  const refs = letters.map(({ ref }) => ref).filter((ref) => chosen.has(ref));
  const filter = { text };
  const begin = useMutation({
    mutationFn: async (kind: 'replay' | 'drop') => {
      const which = refs.length > 0 ? { refs } : { filter };
      if (kind === 'replay')
        await call('POST /api/dead-letters/:pipeline/replay', { params: { pipeline }, body: which });
      else await call('POST /api/dead-letters/:pipeline/drop', { params: { pipeline }, body: which });
    },
    onSuccess: () => {
      setAsking(undefined);
      setChosen(new Set());
      void client.invalidateQueries({ queryKey: ['dead letters'], exact: true });
    },
  });
  const many = refs.length > 0 ? `${exact(refs.length)} chosen` : text === '' ? 'all' : 'all that match';
  const toggle = (ref: string): void => {
    const next = new Set(chosen);
    if (!next.delete(ref)) next.add(ref);
    setChosen(next);
  };
  return (
    <>
      <Card withBorder p="sm">
        <Group gap="lg" mb={6}>
          <Text size="sm">
            <b>{exact(queue.entries)}</b> of {pipeline}, {bytes(queue.bytes)}
          </Text>
          {queue.oldest !== undefined && (
            <Text size="sm" c="dimmed" className="numbers">
              {moment(Date.parse(queue.oldest))} to {moment(Date.parse(queue.newest!))}
            </Text>
          )}
          {queue.damaged > 0 && <Badge color="red">{queue.damaged} damaged places are skipped</Badge>}
          {!queue.running && <Badge variant="default">the pipeline does not run</Badge>}
        </Group>
        <Stack gap={2}>
          {queue.reasons.map(({ count, plugin, reason }) => (
            <UnstyledButton
              key={`${plugin} ${reason}`}
              onClick={() => setTyped(reason.slice(0, 1000))}
              title="Only these"
            >
              <Group gap="sm" wrap="nowrap" align="flex-start">
                <Text size="sm" className="numbers" w={70}>
                  {exact(count)}
                </Text>
                <Text size="sm" lineClamp={2} style={{ overflowWrap: 'anywhere' }}>
                  <Text span c="dimmed" size="sm">
                    {plugin}:
                  </Text>{' '}
                  {visible(reason)}
                </Text>
              </Group>
            </UnstyledButton>
          ))}
        </Stack>
      </Card>
      <Group gap="xs">
        <TextInput
          size="xs"
          style={{ flex: 1, minWidth: 160 }}
          aria-label="Only letters with this text in reason or event"
          placeholder="Only with this text in reason or event"
          value={typed}
          onChange={({ currentTarget }) => setTyped(currentTarget.value)}
        />
        <ActionIcon
          variant="default"
          size={30}
          aria-label="Read the queue again"
          loading={isFetching}
          onClick={() => void refetch()}
        >
          <IconRefresh size={16} aria-hidden />
        </ActionIcon>
        <Button
          size="xs"
          disabled={!queue.running || letters.length === 0}
          onClick={() => setAsking('replay')}
        >
          Replay {many}
        </Button>
        <Button
          size="xs"
          color="red"
          variant="outline"
          disabled={letters.length === 0}
          onClick={() => setAsking('drop')}
        >
          Drop {many}
        </Button>
      </Group>
      {error ? (
        <Problem title="The queue can not be read" error={error} retry={() => void refetch()} />
      ) : (
        <LetterTable
          letters={letters}
          chosen={chosen}
          toggle={toggle}
          toggleAll={() =>
            setChosen(refs.length === letters.length ? new Set() : new Set(letters.map(({ ref }) => ref)))
          }
          selected={selected}
          open={open}
          narrow={narrow}
        />
      )}
      {data && letters.length === 0 && !hasNextPage && <Text c="dimmed">No dead letter is like that.</Text>}
      {hasNextPage && (
        <Button variant="default" size="xs" loading={isFetching} onClick={() => void fetchNextPage()}>
          Older ones
        </Button>
      )}
      <Modal
        opened={asking !== undefined}
        onClose={() => setAsking(undefined)}
        title={asking === 'drop' ? `Drop ${many}?` : `Replay ${many}?`}
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        <Text size="sm">
          {asking === 'drop'
            ? `Dead letters of ${pipeline} that are dropped are gone for good.`
            : `They go once more through the filters and outputs of ${pipeline}, as these are now, and leave the queue when they are delivered. What is refused again comes back here.`}
        </Text>
        {begin.error && (
          <Alert color="red" mt="sm" role="alert">
            {begin.error.message}
          </Alert>
        )}
        <Group justify="flex-end" mt="md">
          <Button variant="default" size="xs" onClick={() => setAsking(undefined)}>
            Cancel
          </Button>
          <Button
            size="xs"
            {...(asking === 'drop' && { color: 'red' })}
            loading={begin.isPending}
            onClick={() => begin.mutate(asking!)}
          >
            {asking === 'drop' ? 'Drop for good' : 'Replay'}
          </Button>
        </Group>
      </Modal>
    </>
  );
}

interface LetterTableProps {
  readonly letters: readonly Letter[];
  readonly chosen: ReadonlySet<string>;
  readonly toggle: (ref: string) => void;
  readonly toggleAll: () => void;
  readonly selected: string | undefined;
  readonly open: (ref: string) => void;
  readonly narrow: boolean;
}

function LetterTable({ letters, chosen, toggle, toggleAll, selected, open, narrow }: LetterTableProps) {
  if (letters.length === 0) return null;
  const all = letters.every(({ ref }) => chosen.has(ref));
  return (
    <Table verticalSpacing={4} horizontalSpacing={6} layout="fixed" aria-label="Dead letters">
      <Table.Thead>
        <Table.Tr>
          <Table.Th w={34}>
            <Checkbox
              size="xs"
              aria-label="All that are shown"
              checked={all}
              indeterminate={!all && letters.some(({ ref }) => chosen.has(ref))}
              onChange={toggleAll}
            />
          </Table.Th>
          <Table.Th w={narrow ? 92 : 150}>Time</Table.Th>
          {!narrow && <Table.Th w={170}>Plugin</Table.Th>}
          <Table.Th>Reason</Table.Th>
          {!narrow && <Table.Th>Event</Table.Th>}
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {letters.map(({ ref, time, pluginName, pluginId, reason, event }) => (
          <Table.Tr key={ref} className="plain-row" data-selected={ref === selected}>
            <Table.Td>
              <Checkbox
                size="xs"
                aria-label={`Choose the letter of ${moment(time)}`}
                checked={chosen.has(ref)}
                onChange={() => toggle(ref)}
              />
            </Table.Td>
            <Table.Td>
              <UnstyledButton
                onClick={() => open(ref)}
                aria-current={ref === selected}
                style={{ textDecoration: 'underline', fontSize: 'var(--mantine-font-size-sm)' }}
              >
                {moment(time)}
              </UnstyledButton>
            </Table.Td>
            {!narrow && (
              <Table.Td>
                <Text size="sm" truncate title={pluginId}>
                  {pluginName} {pluginId === pluginName ? '' : pluginId}
                </Text>
              </Table.Td>
            )}
            <Table.Td>
              <Text size="sm" lineClamp={2} title={visible(reason)} style={{ overflowWrap: 'anywhere' }}>
                {visible(reason)}
              </Text>
            </Table.Td>
            {!narrow && (
              <Table.Td>
                <Text className="mono" truncate style={{ unicodeBidi: 'isolate' }}>
                  {visible(event.slice(5), 300)}
                </Text>
              </Table.Td>
            )}
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

/** `Nov 20 20:15:03` */
export const moment = (at: number): string =>
  new Date(at).toLocaleString('en', {
    month: 'short',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hour12: false,
  });
