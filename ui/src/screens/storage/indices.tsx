/** Every index: how large, of when, and when it goes. */
import {
  ActionIcon,
  Badge,
  Button,
  Card,
  Group,
  Menu,
  Stack,
  Table,
  Text,
  TextInput,
  UnstyledButton,
} from '@mantine/core';
import { notifications } from '@mantine/notifications';
import {
  IconArchive,
  IconArchiveOff,
  IconArrowDown,
  IconArrowUp,
  IconDots,
  IconTrash,
} from '@tabler/icons-react';
import { type ReactNode, useState } from 'react';
import type { Storage, StoredIndex } from '../../../../src/server/contract.ts';
import { useMay } from '../../app/session.tsx';
import { call } from '../../lib/api.ts';
import { count, exact } from '../pipelines/format.ts';
import { HealthLabel } from '../pipelines/health.tsx';
import { Dialogue } from '../settings/dialogue.tsx';
import { scrollable } from '../settings/scrollable.ts';
import { day, distance, minute, plural, size } from './format.ts';
import type { IndexSort, StorageSearch } from './search.ts';

/** More are shown when they are asked for. */
const PAGE = 100;

type Action = 'delete' | 'archive' | 'unarchive';

export interface IndexListProps {
  readonly storage: Storage;
  readonly search: StorageSearch;
  readonly set: (change: StorageSearch) => void;
  readonly refresh: () => void;
  readonly narrow: boolean;
  readonly now: number;
}

export function IndexList({ storage, search, set, refresh, narrow, now }: IndexListProps) {
  const [shown, setShown] = useState(PAGE);
  const [acting, setActing] = useState<{
    readonly kind: Action;
    readonly index: StoredIndex;
  }>();
  const mayDelete = useMay('administrator');
  const mayArchive = useMay('operator') && storage.archive !== undefined;
  const { text = '', sort = 'name', order = sort === 'name' ? 'asc' : 'desc' } = search;
  const wanted = text.toLowerCase();
  const found = storage.indices
    .filter(
      ({ name, dataStream }) =>
        name.toLowerCase().includes(wanted) || dataStream?.toLowerCase().includes(wanted),
    )
    .sort((a, b) => (order === 'asc' ? 1 : -1) * compare(a, b, sort));
  const sizes = storage.indices.map(({ bytes }) => bytes);
  const scale = {
    total: sizes.reduce((sum, bytes) => sum + bytes, 0),
    largest: sizes.reduce((most, bytes) => Math.max(most, bytes), 1),
  };
  const row = { scale, now, mayDelete, mayArchive, act: setActing, storage };
  return (
    <Stack gap="sm">
      <Group justify="space-between">
        <TextInput
          size="xs"
          w={260}
          aria-label="Only indices with this in their name"
          placeholder="Only with this in the name"
          value={text}
          onChange={({ currentTarget }) =>
            set({ text: currentTarget.value === '' ? undefined : currentTarget.value })
          }
        />
        <Text size="sm" c="dimmed" className="numbers">
          {found.length === storage.indices.length
            ? plural(found.length, 'index', 'indices')
            : `${exact(found.length)} of ${plural(storage.indices.length, 'index', 'indices')}, ${size(found.reduce((sum, { bytes }) => sum + bytes, 0))}`}
        </Text>
      </Group>
      {found.length === 0 ? (
        <Text size="sm" c="dimmed">
          No index has “{text.slice(0, 100)}” in its name.
        </Text>
      ) : narrow ? (
        found.slice(0, shown).map((index) => <IndexCard key={index.name} index={index} {...row} />)
      ) : (
        <IndexTable indices={found.slice(0, shown)} sort={sort} order={order} set={set} {...row} />
      )}
      {found.length > shown && (
        <Button variant="default" size="xs" onClick={() => setShown(shown + 10 * PAGE)}>
          {exact(found.length - shown)} more
        </Button>
      )}
      {acting?.kind === 'delete' && (
        <DeleteIndex index={acting.index} onClose={() => setActing(undefined)} onDone={refresh} />
      )}
      {acting?.kind === 'archive' && (
        <ArchiveIndex index={acting.index} onClose={() => setActing(undefined)} onDone={refresh} />
      )}
      {acting?.kind === 'unarchive' && (
        <BringBack
          index={acting.index}
          storage={storage}
          onClose={() => setActing(undefined)}
          onDone={refresh}
        />
      )}
    </Stack>
  );
}

const names = new Intl.Collator('en', { numeric: true });

/** What has no such time comes last in both orders, as far as the name says. */
function compare(a: StoredIndex, b: StoredIndex, sort: IndexSort): number {
  if (sort === 'name') return names.compare(a.name, b.name);
  return (
    (a[sort] ?? Number.POSITIVE_INFINITY) - (b[sort] ?? Number.POSITIVE_INFINITY) ||
    names.compare(a.name, b.name)
  );
}

interface RowProps {
  readonly scale: Scale;
  readonly now: number;
  readonly mayDelete: boolean;
  readonly mayArchive: boolean;
  readonly storage: Storage;
  readonly act: (action: { readonly kind: Action; readonly index: StoredIndex }) => void;
}

interface IndexTableProps extends RowProps {
  readonly indices: readonly StoredIndex[];
  readonly sort: IndexSort;
  readonly order: 'asc' | 'desc';
  readonly set: (change: StorageSearch) => void;
}

function IndexTable({ indices, sort, order, set, ...row }: IndexTableProps) {
  const head = (name: IndexSort, title: string, isNumber = false): ReactNode => {
    const isOn = sort === name;
    const Arrow = order === 'asc' ? IconArrowUp : IconArrowDown;
    return (
      <Table.Th
        aria-sort={isOn ? (order === 'asc' ? 'ascending' : 'descending') : 'none'}
        ta={isNumber ? 'right' : 'left'}
      >
        <UnstyledButton
          className="storage-sort"
          onClick={() =>
            set({
              sort: name,
              order: isOn ? (order === 'asc' ? 'desc' : 'asc') : name === 'name' ? 'asc' : 'desc',
            })
          }
        >
          {title}
          {isOn && <Arrow size={13} aria-hidden style={{ verticalAlign: -2, marginLeft: 3 }} />}
        </UnstyledButton>
      </Table.Th>
    );
  };
  const hasMenu = row.mayDelete || row.mayArchive;
  return (
    <Table.ScrollContainer minWidth={1040} scrollAreaProps={scrollable}>
      <Table verticalSpacing={5} horizontalSpacing="sm" highlightOnHover aria-label="Indices">
        <Table.Thead>
          <Table.Tr>
            {head('name', 'Index')}
            <Table.Th>Health</Table.Th>
            {head('documents', 'Events', true)}
            {head('bytes', 'Size', true)}
            <Table.Th>Share</Table.Th>
            {head('earliest', 'Oldest event')}
            {head('latest', 'Newest event')}
            {head('deletesAt', 'Retention')}
            {hasMenu && <Table.Th aria-label="Actions" w={44} />}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {indices.map((index) => (
            <Table.Tr key={index.name}>
              <Table.Td className="storage-cut">
                <IndexName index={index} />
              </Table.Td>
              <Table.Td>
                <HealthLabel status={index.health} />
              </Table.Td>
              <Table.Td className="numbers" title={exact(index.documents)}>
                {count(index.documents)}
              </Table.Td>
              <Table.Td className="numbers">
                <IndexSize index={index} />
              </Table.Td>
              <Table.Td w={96}>
                <Share bytes={index.bytes} scale={row.scale} />
              </Table.Td>
              <Table.Td className="numbers" ta="left">
                {index.earliest === undefined ? '–' : minute(index.earliest)}
              </Table.Td>
              <Table.Td className="numbers" ta="left">
                {index.latest === undefined ? '–' : minute(index.latest)}
              </Table.Td>
              <Table.Td>
                <Fate index={index} now={row.now} />
              </Table.Td>
              {hasMenu && (
                <Table.Td ta="right">
                  <IndexMenu index={index} {...row} />
                </Table.Td>
              )}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function IndexName({ index: { name, dataStream, archivedBytes } }: { readonly index: StoredIndex }) {
  return (
    <Group gap={6} wrap="nowrap">
      <Text size="sm" fw={500} truncate title={name} style={{ unicodeBidi: 'isolate' }}>
        {name}
      </Text>
      {dataStream !== undefined && (
        <Badge size="xs" variant="default" tt="none" title={`Part of the data stream ${dataStream}`}>
          stream
        </Badge>
      )}
      {archivedBytes > 0 && (
        <Badge size="xs" variant="default" tt="none" title={`${size(archivedBytes)} are in the archive`}>
          archive
        </Badge>
      )}
    </Group>
  );
}

function IndexSize({ index: { bytes, documents } }: { readonly index: StoredIndex }) {
  if (bytes === 0 && documents > 0)
    return <span title="In memory and in the log; a segment within seconds">in memory</span>;
  return <span title={`${exact(bytes)} bytes`}>{size(bytes)}</span>;
}

/** As wide as it is large beside the largest. */
function Share({ bytes, scale: { total, largest } }: { readonly bytes: number; readonly scale: Scale }) {
  if (total === 0) return null;
  const percent = `${((bytes / total) * 100).toFixed(1)} %`;
  return (
    <div className="storage-share" role="img" aria-label={`${percent} of all`} title={`${percent} of all`}>
      <div style={{ width: `${(bytes / largest) * 100}%` }} />
    </div>
  );
}

interface Scale {
  readonly total: number;
  readonly largest: number;
}

function Fate({ index, now }: { readonly index: StoredIndex; readonly now: number }) {
  const { due, deletesAt, archivesAt, archivedBytes, bytes, rule } = index;
  const title = rule === undefined ? 'No rule has a pattern for it' : `By the rule for ${rule}`;
  const parts: string[] = [];
  if (archivesAt !== undefined && archivedBytes < bytes)
    parts.push(archivesAt <= now ? 'archived soon' : `archived in ${distance(archivesAt - now)}`);
  if (due !== undefined) parts.push(due === 'age' ? 'too old, deleted now' : 'too much, deleted now');
  else if (deletesAt !== undefined) parts.push(`deleted in ${distance(deletesAt - now)}`);
  const exactly = deletesAt === undefined ? '' : `, on ${day(deletesAt)}`;
  return (
    <Text
      size="sm"
      className="storage-fate"
      title={title + exactly}
      {...(due === undefined && parts.length === 0 && { c: 'dimmed' })}
    >
      {parts.length > 0 ? parts.join(', ') : rule === undefined ? 'kept' : 'by size'}
    </Text>
  );
}

function IndexMenu({
  index,
  act,
  mayDelete,
  mayArchive,
  storage,
}: RowProps & { readonly index: StoredIndex }) {
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size="sm" aria-label={`Actions for ${index.name}`}>
          <IconDots size={16} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {mayArchive && (
          <Menu.Item
            leftSection={<IconArchive size={16} aria-hidden />}
            disabled={index.bytes > 0 && index.archivedBytes === index.bytes}
            onClick={() => act({ kind: 'archive', index })}
          >
            Move to the archive
          </Menu.Item>
        )}
        {mayArchive && index.archivedBytes > 0 && (
          <Menu.Item
            leftSection={<IconArchiveOff size={16} aria-hidden />}
            disabled={storage.archive?.isThere === false}
            onClick={() => act({ kind: 'unarchive', index })}
          >
            Bring back from the archive
          </Menu.Item>
        )}
        {mayDelete && (
          <Menu.Item
            leftSection={<IconTrash size={16} aria-hidden />}
            c="var(--mantine-color-error)"
            onClick={() => act({ kind: 'delete', index })}
          >
            Delete
          </Menu.Item>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}

function IndexCard({ index, ...row }: RowProps & { readonly index: StoredIndex }) {
  return (
    <Card withBorder p="sm">
      <Group justify="space-between" wrap="nowrap" align="flex-start">
        <Text size="sm" fw={600} className="storage-name">
          {index.name}
        </Text>
        {(row.mayDelete || row.mayArchive) && <IndexMenu index={index} {...row} />}
      </Group>
      <Group justify="space-between" mt={6} align="flex-end">
        <HealthLabel status={index.health} />
        <Text size="sm" className="numbers">
          {count(index.documents)} events
        </Text>
        <Text size="sm" className="numbers">
          <IndexSize index={index} />
        </Text>
      </Group>
      <Text size="xs" c="dimmed" mt={6} className="numbers" ta="left">
        {index.earliest === undefined
          ? 'no event with a time'
          : `${minute(index.earliest)} to ${minute(index.latest!)}`}
      </Text>
      <Fate index={index} now={row.now} />
    </Card>
  );
}

interface ActionProps {
  readonly index: StoredIndex;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

function DeleteIndex({ index: { name, documents, bytes }, onClose, onDone }: ActionProps) {
  return (
    <Dialogue
      title="Delete an index"
      submit="Delete for good"
      danger
      confirm={{ text: name, label: 'Type the name of the index to confirm' }}
      onClose={onClose}
      onSubmit={async () => {
        await call('DELETE /api/storage/indices/:name', { params: { name }, query: { confirm: name } });
        onDone();
        notifications.show({ message: `${name} is deleted.` });
      }}
    >
      <Text size="sm">
        <b className="storage-name">{name}</b> has {plural(documents, 'event')}, {size(bytes)}. They can be
        brought back from a snapshot only. The audit log notes who deleted them.
      </Text>
    </Dialogue>
  );
}

function ArchiveIndex({ index: { name, bytes, archivedBytes }, onClose, onDone }: ActionProps) {
  return (
    <Dialogue
      title="Move to the archive"
      submit="Move"
      onClose={onClose}
      onSubmit={async () => {
        await call('POST /api/storage/archive', { body: { indices: [name] } });
        onDone();
      }}
    >
      <Text size="sm">
        {size(bytes - archivedBytes)} of <b className="storage-name">{name}</b> move to the archive&apos;s
        disk. The events stay searchable while that disk is there, and can be brought back.
      </Text>
    </Dialogue>
  );
}

function BringBack({
  index: { name, archivedBytes },
  storage: { freeBytes },
  onClose,
  onDone,
}: ActionProps & { readonly storage: Storage }) {
  return (
    <Dialogue
      title="Bring back from the archive"
      submit="Bring back"
      disabled={archivedBytes > freeBytes}
      onClose={onClose}
      onSubmit={async () => {
        await call('POST /api/storage/unarchive', { body: { indices: [name] } });
        onDone();
      }}
    >
      <Text size="sm">
        {size(archivedBytes)} of <b className="storage-name">{name}</b> move to the disk of the store, which
        has {size(freeBytes)} free{archivedBytes > freeBytes && ': that does not suffice'}. The events stay
        searchable meanwhile.
      </Text>
      <Text size="xs" c="dimmed">
        No rule moves the index to the archive again, until you do. Rules still delete it.
      </Text>
    </Dialogue>
  );
}
