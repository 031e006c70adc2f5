/** Fields of the events, with their most frequent values. */
import {
  ActionIcon,
  Box,
  Button,
  Group,
  Popover,
  ScrollArea,
  Skeleton,
  Stack,
  Text,
  TextInput,
  Tooltip,
} from '@mantine/core';
import { IconMinus, IconPlus, IconSearch, IconTableMinus, IconTablePlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useVirtualizer } from '@tanstack/react-virtual';
import { memo, useMemo, useRef, useState } from 'react';
import type { EventField, EventQuery, FilterPill } from '../../../../src/server/contract.ts';
import { call } from '../../lib/api.ts';
import { visible } from '../../lib/visible.ts';
import classes from './discover.module.css';
import { FieldType, typeName } from './field-type.tsx';
import { showCount } from './values.ts';

export interface FieldListProps {
  readonly fields: readonly EventField[] | undefined;
  readonly failed: string | undefined;
  readonly columns: readonly string[];
  readonly query: EventQuery;
  readonly onColumn: (field: string, shown: boolean) => void;
  readonly onFilter: (pill: FilterPill) => void;
}

const ROW = 28;

type Entry = { readonly heading: string } | { readonly field: EventField };

export const FieldList = memo(function FieldList(props: FieldListProps) {
  const { fields, failed, columns, query, onColumn, onFilter } = props;
  const [search, setSearch] = useState('');
  const scroller = useRef<HTMLDivElement>(null);
  const entries = useMemo(() => entriesOf(fields ?? [], columns, search), [fields, columns, search]);
  const virtual = useVirtualizer({
    count: entries.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 10,
  });
  return (
    <Stack gap={6} h="100%" p="xs">
      <TextInput
        size="xs"
        type="search"
        placeholder="Search fields"
        aria-label="Search fields"
        leftSection={<IconSearch size={14} aria-hidden />}
        value={search}
        onChange={({ currentTarget }) => setSearch(currentTarget.value)}
      />
      {failed !== undefined && (
        <Text size="sm" c="var(--problem)" role="alert">
          {failed}
        </Text>
      )}
      {!fields && failed === undefined && <Waiting />}
      {fields && entries.length === 0 && (
        <Text size="sm" c="dimmed">
          {fields.length === 0
            ? 'No fields yet: they appear with the first events.'
            : 'No field has such a name.'}
        </Text>
      )}
      <ScrollArea
        viewportRef={scroller}
        flex={1}
        type="auto"
        scrollbarSize={8}
        viewportProps={{ tabIndex: -1 }}
      >
        <ul className={classes['fields']} style={{ height: virtual.getTotalSize() }} aria-label="Fields">
          {virtual.getVirtualItems().map(({ index, start, key }) => {
            const entry = entries[index]!;
            return (
              <li key={key} style={{ transform: `translateY(${start}px)`, height: ROW }}>
                {'heading' in entry ? (
                  <Text size="xs" fw={600} c="dimmed" pt={6} px={4}>
                    {entry.heading}
                  </Text>
                ) : (
                  <FieldEntry
                    field={entry.field}
                    shown={columns.includes(entry.field.name)}
                    query={query}
                    onColumn={onColumn}
                    onFilter={onFilter}
                  />
                )}
              </li>
            );
          })}
        </ul>
      </ScrollArea>
    </Stack>
  );
});

function entriesOf(fields: readonly EventField[], columns: readonly string[], search: string): Entry[] {
  const wanted = search.trim().toLowerCase();
  const fits = (field: EventField): boolean => field.name.toLowerCase().includes(wanted);
  const byName = new Map(fields.map((field) => [field.name, field]));
  const chosen = columns
    .map((name) => byName.get(name) ?? { name, type: 'unindexed', searchable: false, aggregatable: false })
    .filter(fits);
  const others = fields.filter((field) => !columns.includes(field.name) && fits(field));
  return [
    ...(chosen.length > 0 ? [{ heading: `Columns (${chosen.length})` }] : []),
    ...chosen.map((field) => ({ field })),
    ...(others.length > 0 ? [{ heading: `Fields (${others.length})` }] : []),
    ...others.map((field) => ({ field })),
  ];
}

interface EntryProps {
  readonly field: EventField;
  readonly shown: boolean;
  readonly query: EventQuery;
  readonly onColumn: FieldListProps['onColumn'];
  readonly onFilter: FieldListProps['onFilter'];
}

function FieldEntry({ field, shown, query, onColumn, onFilter }: EntryProps) {
  const [opened, setOpened] = useState(false);
  const label = shown ? `Remove column ${field.name}` : `Add column ${field.name}`;
  return (
    <Popover
      opened={opened}
      onChange={setOpened}
      position="right-start"
      width={320}
      withinPortal
      shadow="md"
      trapFocus
    >
      <div className={classes['field']} data-open={opened || undefined}>
        <Popover.Target>
          <button
            type="button"
            className={classes['fieldName']}
            aria-expanded={opened}
            title={field.name}
            onClick={() => setOpened(!opened)}
          >
            <FieldType type={field.type} />
            <bdi>{visible(field.name, 200)}</bdi>
          </button>
        </Popover.Target>
        <Tooltip label={label} openDelay={400}>
          <ActionIcon
            className={classes['fieldAdd']}
            variant="subtle"
            color="gray"
            size="sm"
            aria-label={label}
            onClick={() => onColumn(field.name, !shown)}
          >
            {shown ? <IconTableMinus size={15} aria-hidden /> : <IconTablePlus size={15} aria-hidden />}
          </ActionIcon>
        </Tooltip>
      </div>
      <Popover.Dropdown p="sm" aria-label={`Values of ${field.name}`}>
        {opened && <TopValues field={field} query={query} onFilter={onFilter} />}
      </Popover.Dropdown>
    </Popover>
  );
}

function TopValues({
  field,
  query,
  onFilter,
}: {
  readonly field: EventField;
  readonly query: EventQuery;
  readonly onFilter: FieldListProps['onFilter'];
}) {
  const { name, type, aggregatable } = field;
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ['events', 'values', name, query],
    queryFn: ({ signal }) =>
      call('POST /api/events/values', { body: { ...query, field: name, size: 10 }, signal }),
    enabled: aggregatable,
    staleTime: 10_000,
  });
  const having = data ? data.total - data.missing : 0;
  return (
    <Stack gap={8}>
      <Box>
        <Text fw={600} size="sm" style={{ overflowWrap: 'anywhere' }}>
          <bdi>{visible(name, 300)}</bdi>
        </Text>
        <Text size="xs" c="dimmed">
          {typeName(type)}
        </Text>
      </Box>
      {!aggregatable && (
        <Text size="sm">Values of this type can not be counted. Events with it can be found.</Text>
      )}
      {aggregatable && isPending && <Waiting rows={4} />}
      {error && (
        <Text size="sm" c="var(--problem)" role="alert">
          {error.message}{' '}
          <Button variant="subtle" size="compact-xs" onClick={() => void refetch()}>
            Try again
          </Button>
        </Text>
      )}
      {data && data.values.length === 0 && (
        <Text size="sm" c="dimmed">
          {data.timedOut
            ? 'Counting took too long: narrow the time range.'
            : 'No event of this search has this field.'}
        </Text>
      )}
      {data && data.values.length > 0 && (
        <ul className={classes['values']} aria-label={`Most frequent values of ${name}`}>
          {data.values.map(({ value, count }) => {
            const share = having > 0 ? count / having : 0;
            const shown = visible(value, 120);
            return (
              <li key={`${typeof value} ${value}`}>
                <Group gap={6} wrap="nowrap" justify="space-between">
                  <bdi className={classes['value']} title={visible(value, 1000)}>
                    {shown === '' ? '(empty)' : shown}
                  </bdi>
                  <span className={classes['share']} title={`${showCount(count)} events`}>
                    {share >= 0.0995 ? (share * 100).toFixed(0) : (share * 100).toFixed(1)} %
                  </span>
                  <FilterButtons field={name} value={value} onFilter={onFilter} />
                </Group>
                <div className={classes['bar']} aria-hidden>
                  <div style={{ width: `${Math.max(0.5, share * 100)}%` }} />
                </div>
              </li>
            );
          })}
        </ul>
      )}
      {data && data.total > 0 && (
        <Text size="xs" c="dimmed">
          In {showCount(having)} of {showCount(data.total)} events
          {data.other > 0 && `, other values ${showCount(data.other)} times`}
          {data.timedOut && '. Counting was stopped, so these are not all'}
        </Text>
      )}
      <Group gap={6}>
        <Button
          size="compact-xs"
          variant="default"
          onClick={() => onFilter({ field: name, operator: 'exists' })}
        >
          Has it
        </Button>
        <Button
          size="compact-xs"
          variant="default"
          onClick={() => onFilter({ field: name, operator: 'not_exists' })}
        >
          Has it not
        </Button>
      </Group>
    </Stack>
  );
}

/** + and − of one value. */
export function FilterButtons({
  field,
  value,
  onFilter,
}: {
  readonly field: string;
  readonly value: string | number | boolean;
  readonly onFilter: (pill: FilterPill) => void;
}) {
  const shown = visible(value, 60);
  return (
    <Group gap={0} wrap="nowrap">
      <ActionIcon
        variant="subtle"
        size="sm"
        aria-label={`Only with ${field}: ${shown}`}
        title="Only events with this value"
        onClick={() => onFilter({ field, operator: 'is', value })}
      >
        <IconPlus size={14} aria-hidden />
      </ActionIcon>
      <ActionIcon
        variant="subtle"
        size="sm"
        aria-label={`Without ${field}: ${shown}`}
        title="Only events without this value"
        onClick={() => onFilter({ field, operator: 'is_not', value })}
      >
        <IconMinus size={14} aria-hidden />
      </ActionIcon>
    </Group>
  );
}

function Waiting({ rows = 12 }: { readonly rows?: number }) {
  return (
    <Stack gap={8} aria-hidden>
      {Array.from({ length: rows }, (_, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: all alike
        <Skeleton key={at} height={16} width={`${60 + ((at * 17) % 40)}%`} />
      ))}
    </Stack>
  );
}
