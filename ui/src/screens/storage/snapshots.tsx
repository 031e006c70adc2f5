/** Snapshots: copies of indices in a folder of the server or in S3. */
import {
  ActionIcon,
  Badge,
  Button,
  Group,
  MultiSelect,
  Skeleton,
  Stack,
  Table,
  Text,
  TextInput,
} from '@mantine/core';
import { IconPlus, IconRefresh, IconTrash } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useEffect, useRef, useState } from 'react';
import type { Storage, StoredSnapshot } from '../../../../src/server/contract.ts';
import { useMay } from '../../app/session.tsx';
import { call } from '../../lib/api.ts';
import { Problem } from '../../lib/problem.tsx';
import { count, exact } from '../pipelines/format.ts';
import { Dialogue } from '../settings/dialogue.tsx';
import { scrollable } from '../settings/scrollable.ts';
import { Ago } from '../settings/times.tsx';
import { day, plural, size } from './format.ts';
import { ScheduleCard } from './schedule.tsx';
import type { StorageSearch } from './search.ts';

export interface SnapshotsProps {
  readonly storage: Storage;
  readonly place: string;
  readonly set: (change: StorageSearch) => void;
  readonly refresh: () => void;
}

export function Snapshots({ storage, place, set, refresh }: SnapshotsProps) {
  const client = useQueryClient();
  const isAdministrator = useMay('administrator');
  const [typed, setTyped] = useState(place);
  const [making, setMaking] = useState(false);
  const [restoring, setRestoring] = useState<StoredSnapshot>();
  const [deleting, setDeleting] = useState<StoredSnapshot>();
  const key = ['storage', 'snapshots', place];
  const { data, error, refetch, isFetching } = useQuery({
    queryKey: key,
    queryFn: ({ signal }) => call('GET /api/storage/snapshots', { query: { place }, signal }),
    retry: false,
  });
  // A snapshot that is finished appears in the list.
  const ended = storage.jobs.filter(
    ({ kind, state }) => (kind === 'snapshot' || kind === 'snapshot_delete') && state !== 'running',
  ).length;
  const finished = `${ended} ${storage.schedule?.last?.ended ?? 0}`;
  const before = useRef(finished);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only when one more is finished
  useEffect(() => {
    if (finished !== before.current) void client.invalidateQueries({ queryKey: ['storage', 'snapshots'] });
    before.current = finished;
  }, [finished]);
  return (
    <Stack gap="sm" maw={1200}>
      <ScheduleCard storage={storage} mayS3={isAdministrator} refresh={refresh} />
      <Group justify="space-between" align="flex-end">
        <form
          onSubmit={(event: FormEvent) => {
            event.preventDefault();
            set({ place: typed.trim() === '' ? undefined : typed.trim() });
          }}
        >
          <Group gap="xs" align="flex-end">
            {isAdministrator && storage.driver === 'embedded' && (
              <TextInput
                size="xs"
                w={280}
                label="Look in S3"
                placeholder="s3://bucket/prefix; empty: this server's folder"
                value={typed}
                onChange={({ currentTarget }) => setTyped(currentTarget.value)}
              />
            )}
            <Button
              size="xs"
              variant="default"
              type="submit"
              loading={isFetching}
              leftSection={<IconRefresh size={14} aria-hidden />}
              onClick={() => typed.trim() === place && void refetch()}
            >
              Look again
            </Button>
          </Group>
        </form>
        <Button size="xs" leftSection={<IconPlus size={14} aria-hidden />} onClick={() => setMaking(true)}>
          New snapshot
        </Button>
      </Group>
      {error ? (
        <Problem title="The snapshots can not be listed" error={error} retry={() => void refetch()} />
      ) : !data ? (
        <Skeleton height={140} role="status" aria-label="Loading" />
      ) : (
        <>
          <Text size="xs" c="dimmed" className="mono storage-name">
            {data.place}
          </Text>
          {data.snapshots.length === 0 ? (
            <Text size="sm" c="dimmed" py="lg" ta="center">
              There is no snapshot here. One takes seconds: it shares its files with the store where the file
              system can.
            </Text>
          ) : (
            <SnapshotTable
              snapshots={data.snapshots}
              actions={isAdministrator ? { restore: setRestoring, remove: setDeleting } : undefined}
            />
          )}
        </>
      )}
      {making && (
        <NewSnapshot
          storage={storage}
          mayS3={isAdministrator}
          onClose={() => setMaking(false)}
          onDone={refresh}
        />
      )}
      {deleting && (
        <DeleteSnapshot snapshot={deleting} onClose={() => setDeleting(undefined)} onDone={refresh} />
      )}
      {restoring && (
        <Restore
          snapshot={restoring}
          storage={storage}
          onClose={() => setRestoring(undefined)}
          onDone={refresh}
        />
      )}
    </Stack>
  );
}

function SnapshotTable({
  snapshots,
  actions,
}: {
  readonly snapshots: readonly StoredSnapshot[];
  /** Undefined: the caller has no right to them. */
  readonly actions:
    | {
        readonly restore: (snapshot: StoredSnapshot) => void;
        readonly remove: (snapshot: StoredSnapshot) => void;
      }
    | undefined;
}) {
  return (
    <Table.ScrollContainer minWidth={640} scrollAreaProps={scrollable}>
      <Table verticalSpacing={6} horizontalSpacing="sm" highlightOnHover aria-label="Snapshots">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Snapshot</Table.Th>
            <Table.Th>Taken</Table.Th>
            <Table.Th ta="right">Indices</Table.Th>
            <Table.Th ta="right">Events</Table.Th>
            <Table.Th ta="right">Size</Table.Th>
            <Table.Th>Events of</Table.Th>
            {actions && <Table.Th aria-label="Actions" />}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {snapshots.slice(0, 200).map((snapshot) => (
            <Table.Tr key={snapshot.target}>
              <Table.Td maw={280}>
                <Text size="sm" fw={500} truncate title={snapshot.target}>
                  {snapshot.name}
                </Text>
                {snapshot.problem !== undefined && (
                  <Badge size="xs" color="red.9" tt="none" title={snapshot.problem}>
                    {snapshot.problem.slice(0, 80)}
                  </Badge>
                )}
              </Table.Td>
              <Table.Td style={{ whiteSpace: 'nowrap' }}>
                {snapshot.taken === undefined ? '–' : <Ago time={snapshot.taken} />}
              </Table.Td>
              <Table.Td
                className="numbers"
                title={snapshot.indices
                  .slice(0, 50)
                  .map(({ name }) => name)
                  .join('\n')}
              >
                {exact(snapshot.indices.length)}
              </Table.Td>
              <Table.Td className="numbers">
                {snapshot.documents === undefined ? '–' : count(snapshot.documents)}
              </Table.Td>
              <Table.Td className="numbers">{snapshot.bytes > 0 ? size(snapshot.bytes) : '–'}</Table.Td>
              <Table.Td className="numbers" ta="left">
                {span(snapshot)}
              </Table.Td>
              {actions && (
                <Table.Td>
                  <Group gap={6} wrap="nowrap" justify="flex-end">
                    <Button
                      size="compact-xs"
                      variant="default"
                      disabled={snapshot.problem !== undefined}
                      aria-label={`Restore ${snapshot.name}`}
                      onClick={() => actions.restore(snapshot)}
                    >
                      Restore
                    </Button>
                    <ActionIcon
                      variant="subtle"
                      color="gray"
                      size="sm"
                      aria-label={`Delete ${snapshot.name}`}
                      title="Delete"
                      onClick={() => actions.remove(snapshot)}
                    >
                      <IconTrash size={15} aria-hidden />
                    </ActionIcon>
                  </Group>
                </Table.Td>
              )}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function span({ indices }: StoredSnapshot): string {
  const earliest = Math.min(...indices.map((index) => index.earliest ?? Number.POSITIVE_INFINITY));
  const latest = Math.max(...indices.map((index) => index.latest ?? Number.NEGATIVE_INFINITY));
  if (!Number.isFinite(earliest) || !Number.isFinite(latest)) return '–';
  return day(earliest) === day(latest) ? day(earliest) : `${day(earliest)} – ${day(latest)}`;
}

interface NewSnapshotProps {
  readonly storage: Storage;
  readonly mayS3: boolean;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

function NewSnapshot({ storage, mayS3, onClose, onDone }: NewSnapshotProps) {
  const [target, setTarget] = useState(
    () => `snapshot-${new Date().toISOString().slice(0, 16).replace(/[T:]/g, '-')}`,
  );
  const [indices, setIndices] = useState<string[]>([]);
  return (
    <Dialogue
      title="New snapshot"
      submit="Make the snapshot"
      disabled={target.trim() === ''}
      onClose={onClose}
      onSubmit={async () => {
        await call('POST /api/storage/snapshots', { body: { target: target.trim(), indices } });
        onDone();
      }}
    >
      <TextInput
        label="Name"
        description={
          storage.driver === 'cluster'
            ? 'A repository that is registered with the cluster, and a name: repository/name'
            : mayS3
              ? 'A folder of its own on this server, or s3://bucket/prefix/name with the credentials of the settings'
              : 'A folder of its own on this server'
        }
        data-autofocus
        value={target}
        onChange={({ currentTarget }) => setTarget(currentTarget.value)}
      />
      <IndexChoice
        label="Indices"
        all={storage.indices.map(({ name }) => name)}
        value={indices}
        onChange={setIndices}
      />
      <Text size="xs" c="dimmed">
        Everything that is stored by now. It goes on when this page is closed.
      </Text>
    </Dialogue>
  );
}

interface IndexChoiceProps {
  readonly label: string;
  readonly all: readonly string[];
  readonly value: string[];
  readonly onChange: (value: string[]) => void;
}

const IndexChoice = ({ label, all, value, onChange }: IndexChoiceProps) => (
  <MultiSelect
    label={label}
    placeholder={value.length === 0 ? `all ${exact(all.length)}` : ''}
    data={[...all]}
    value={value}
    onChange={onChange}
    searchable
    clearable
    limit={100}
    maxDropdownHeight={220}
    nothingFoundMessage="No such index"
    clearButtonProps={{ 'aria-label': 'Choose none' }}
  />
);

interface DeleteProps {
  readonly snapshot: StoredSnapshot;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

function DeleteSnapshot({ snapshot: { target, name, bytes, indices }, onClose, onDone }: DeleteProps) {
  return (
    <Dialogue
      title="Delete a snapshot"
      submit="Delete for good"
      danger
      confirm={{ text: name, label: 'Type the name of the snapshot to confirm' }}
      onClose={onClose}
      onSubmit={async () => {
        await call('DELETE /api/storage/snapshots', { query: { target, confirm: name } });
        onDone();
      }}
    >
      <Text size="sm">
        <b className="storage-name">{name}</b>
        {indices.length > 0 &&
          ` has ${plural(indices.length, 'index', 'indices')}${bytes > 0 ? `, ${size(bytes)}` : ''}`}
        . What is stored stays, and so do the other snapshots. The audit log notes who deleted it.
      </Text>
    </Dialogue>
  );
}

interface RestoreProps {
  readonly snapshot: StoredSnapshot;
  readonly storage: Storage;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

function Restore({ snapshot, storage, onClose, onDone }: RestoreProps) {
  const [indices, setIndices] = useState<string[]>([]);
  const [prefix, setPrefix] = useState('restored-');
  const names = new Set(storage.indices.map(({ name }) => name));
  const chosen = snapshot.indices.filter(({ name }) => indices.length === 0 || indices.includes(name));
  const taken = chosen.filter(({ name }) => names.has(prefix + name));
  const bytes = chosen.reduce((sum, index) => sum + (index.bytes ?? 0), 0);
  const isTooLarge = bytes > storage.freeBytes;
  return (
    <Dialogue
      title={`Restore ${snapshot.name}`}
      submit={`Restore ${plural(chosen.length, 'index', 'indices')}`}
      disabled={taken.length > 0 || chosen.length === 0}
      onClose={onClose}
      onSubmit={async () => {
        await call('POST /api/storage/restore', { body: { target: snapshot.target, indices, prefix } });
        onDone();
      }}
    >
      <IndexChoice
        label="Indices"
        all={snapshot.indices.map(({ name }) => name)}
        value={indices}
        onChange={setIndices}
      />
      <TextInput
        label="Put before their names"
        description="Nothing that is stored is written over: without it they must not exist."
        value={prefix}
        onChange={({ currentTarget }) => setPrefix(currentTarget.value)}
        error={
          taken.length > 0
            ? `${prefix}${taken[0]!.name} exists already${taken.length > 1 ? `, and ${taken.length - 1} more` : ''}`
            : undefined
        }
      />
      <Text size="sm">
        {plural(chosen.length, 'index', 'indices')}, {size(bytes)}, come back; {size(storage.freeBytes)} are
        free.
        {isTooLarge && ' That may not suffice.'}
      </Text>
      <Text size="xs" c="dimmed">
        Rules of retention hold for what comes back, too: old events may be deleted again within a minute.
      </Text>
    </Dialogue>
  );
}
