/** One event, opened: its fields, its JSON, and what happened just before and after it. */
import {
  ActionIcon,
  Button,
  CloseButton,
  CopyButton,
  Group,
  Loader,
  SegmentedControl,
  Skeleton,
  Stack,
  Tabs,
  Text,
  TextInput,
  Tooltip,
} from '@mantine/core';
import { IconCheck, IconCopy, IconLink, IconTableMinus, IconTablePlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useMemo, useRef, useState } from 'react';
import type { EventField, EventHit, FilterPill } from '../../../../src/server/contract.ts';
import { call } from '../../lib/api.ts';
import { Problem } from '../../lib/problem.tsx';
import { visible } from '../../lib/visible.ts';
import classes from './discover.module.css';
import { Summary } from './event-row.tsx';
import { FilterButtons } from './field-list.tsx';
import { FieldType } from './field-type.tsx';
import { indentJson } from './json-text.ts';
import { Marked } from './marks.tsx';
import { eventKey } from './search-state.ts';
import { type FlatValue, flatEvent, showTimeValue } from './values.ts';

export interface EventPanelProps {
  /** `index/id`. */
  readonly event: string;
  /** If it is already there. */
  readonly hit: EventHit | undefined;
  readonly fields: readonly EventField[];
  readonly columns: readonly string[];
  readonly sources: readonly string[];
  readonly link: string;
  readonly onColumn: (field: string, shown: boolean) => void;
  readonly onFilter: (pill: FilterPill) => void;
  readonly onOpen: (hit: EventHit) => void;
  readonly onClose: () => void;
}

export function EventPanel(props: EventPanelProps) {
  const { event, hit: given, link, onClose } = props;
  const slash = event.indexOf('/');
  const [index, id] = [event.slice(0, slash), event.slice(slash + 1)];
  const panel = useRef<HTMLElement>(null);
  const { data, error, refetch } = useQuery({
    queryKey: ['events', 'document', index, id],
    queryFn: ({ signal }) => call('GET /api/events/document', { query: { index, id }, signal }),
    enabled: given === undefined,
  });
  const hit = given ?? data?.hit;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the focus goes where the reader looks
  useEffect(() => panel.current?.focus(), [event]);
  return (
    <section
      ref={panel}
      className={classes['panel']}
      aria-label="Event"
      tabIndex={-1}
      onKeyDown={({ key, target }) => {
        if (key === 'Escape' && !(target instanceof HTMLInputElement && target.value !== '')) onClose();
      }}
    >
      <Group justify="space-between" wrap="nowrap" px="sm" py={6} gap="xs" className={classes['panelHead']}>
        <div style={{ minWidth: 0 }}>
          <Text size="sm" fw={600} className={classes['tabular']}>
            {hit ? showTimeValue(flatEvent(hit).get('@timestamp')?.[0]) : 'Event'}
          </Text>
          <Text size="xs" c="dimmed" truncate title={visible(event)}>
            {visible(index, 100)}
          </Text>
        </div>
        <Group gap={4} wrap="nowrap">
          <Copy label="Copy link to this event" value={link} icon={<IconLink size={16} aria-hidden />} />
          <CloseButton aria-label="Close event" onClick={onClose} />
        </Group>
      </Group>
      {error && <Problem title="This event can not be shown" error={error} retry={() => void refetch()} />}
      {!hit && !error && (
        <Stack p="sm" gap="xs" aria-hidden>
          {[90, 70, 80, 60].map((width) => (
            <Skeleton key={width} height={16} width={`${width}%`} />
          ))}
        </Stack>
      )}
      {hit && (
        <Tabs defaultValue="table" className={classes['panelTabs']} keepMounted={false}>
          <Tabs.List px="xs">
            <Tabs.Tab value="table">Fields</Tabs.Tab>
            <Tabs.Tab value="json">JSON</Tabs.Tab>
            <Tabs.Tab value="surrounding">Surrounding</Tabs.Tab>
          </Tabs.List>
          <Tabs.Panel value="table" className={classes['panelBody']}>
            <FieldTable {...props} hit={hit} />
          </Tabs.Panel>
          <Tabs.Panel value="json" className={classes['panelBody']}>
            <Json hit={hit} />
          </Tabs.Panel>
          <Tabs.Panel value="surrounding" className={classes['panelBody']}>
            <Surrounding hit={hit} sources={props.sources} onOpen={props.onOpen} />
          </Tabs.Panel>
        </Tabs>
      )}
    </section>
  );
}

function Copy({
  label,
  value,
  icon = <IconCopy size={16} aria-hidden />,
}: {
  readonly label: string;
  readonly value: string;
  readonly icon?: React.ReactNode;
}) {
  return (
    <CopyButton value={value} timeout={1500}>
      {({ copied, copy }) => (
        <Tooltip label={copied ? 'Copied' : label}>
          <ActionIcon variant="subtle" color={copied ? 'teal' : 'gray'} aria-label={label} onClick={copy}>
            {copied ? <IconCheck size={16} aria-hidden /> : icon}
          </ActionIcon>
        </Tooltip>
      )}
    </CopyButton>
  );
}

function FieldTable({
  hit,
  fields,
  columns,
  onColumn,
  onFilter,
}: EventPanelProps & { readonly hit: EventHit }) {
  const [search, setSearch] = useState('');
  const types = useMemo(() => new Map(fields.map((field) => [field.name, field.type])), [fields]);
  const entries = useMemo(() => {
    const all: [string, readonly FlatValue[]][] = [...flatEvent(hit)].toSorted(([a], [b]) =>
      a < b ? -1 : 1,
    );
    all.push(['_index', [hit.index]], ['_id', [hit.id]]);
    return all;
  }, [hit]);
  const wanted = search.trim().toLowerCase();
  const shown = entries.filter(
    ([name, values]) =>
      wanted === '' ||
      name.toLowerCase().includes(wanted) ||
      values.some((value) => String(value).toLowerCase().includes(wanted)),
  );
  return (
    <Stack gap={6} p="xs">
      <TextInput
        size="xs"
        type="search"
        placeholder="Search fields and values"
        aria-label="Search fields and values of this event"
        value={search}
        onChange={({ currentTarget }) => setSearch(currentTarget.value)}
      />
      <table className={classes['fieldTable']}>
        <colgroup>
          <col className={classes['fieldTableNames']} />
          <col />
          <col className={classes['fieldTableFilters']} />
        </colgroup>
        <thead className={classes['unseen']}>
          <tr>
            <th>Field</th>
            <th>Value</th>
            <th>Filter</th>
          </tr>
        </thead>
        <tbody>
          {shown.map(([name, values]) => (
            <tr key={name}>
              <th scope="row">
                <span className={classes['fieldTableName']}>
                  <FieldType type={types.get(name) ?? (name.startsWith('_') ? 'keyword' : 'unindexed')} />
                  <bdi>{visible(name, 200)}</bdi>
                </span>
                {hit.ignored?.includes(name) && (
                  <Text size="xs" c="dimmed">
                    does not fit the type of the field: not searchable
                  </Text>
                )}
              </th>
              <td>
                <LongValue values={values} marks={hit.highlight?.[name]} />
              </td>
              <td>
                <Group gap={0} wrap="nowrap" justify="flex-end">
                  <FilterButtons field={name} value={values[0]!} onFilter={onFilter} />
                  <ActionIcon
                    variant="subtle"
                    color="gray"
                    size="sm"
                    aria-label={columns.includes(name) ? `Remove column ${name}` : `Add column ${name}`}
                    title={columns.includes(name) ? 'Remove column' : 'Add column'}
                    onClick={() => onColumn(name, !columns.includes(name))}
                  >
                    {columns.includes(name) ? (
                      <IconTableMinus size={14} aria-hidden />
                    ) : (
                      <IconTablePlus size={14} aria-hidden />
                    )}
                  </ActionIcon>
                </Group>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {shown.length === 0 && (
        <Text size="sm" c="dimmed">
          Nothing in this event has “{visible(search, 60)}”.
        </Text>
      )}
    </Stack>
  );
}

const LONG = 1500;

function LongValue({
  values,
  marks,
}: {
  readonly values: readonly FlatValue[];
  readonly marks: readonly string[] | undefined;
}) {
  const [whole, setWhole] = useState(false);
  const text = values.map(String).join(values.some((value) => String(value).length > 40) ? '\n' : ', ');
  return (
    <span className={classes['long']}>
      {text === '' ? (
        <span className={classes['none']}>(empty)</span>
      ) : (
        <Marked text={visible(text, whole ? 200_000 : LONG)} marks={marks} />
      )}
      {text.length > LONG && (
        <Button variant="subtle" size="compact-xs" onClick={() => setWhole(!whole)}>
          {whole ? 'Show less' : `Show all ${text.length.toLocaleString('en-US')} characters`}
        </Button>
      )}
    </span>
  );
}

function Json({ hit }: { readonly hit: EventHit }) {
  const [form, setForm] = useState('indented');
  const indented = useMemo(() => indentJson(hit.source), [hit]);
  return (
    <Stack gap={6} p="xs">
      <Group justify="space-between">
        <SegmentedControl
          size="xs"
          aria-label="Form of the JSON"
          data={[
            { value: 'indented', label: 'Indented' },
            { value: 'stored', label: 'As stored' },
          ]}
          value={form}
          onChange={setForm}
        />
        <Copy label="Copy JSON as stored" value={hit.source} />
      </Group>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: long lines are scrolled with the keyboard */}
      <pre className={classes['json']} tabIndex={0}>
        {(form === 'indented' ? indented : hit.source).replace(/[\u202a-\u202e\u2066-\u2069]/g, (char) =>
          visible(char),
        )}
      </pre>
    </Stack>
  );
}

function Surrounding({
  hit,
  sources,
  onOpen,
}: {
  readonly hit: EventHit;
  readonly sources: readonly string[];
  readonly onOpen: (hit: EventHit) => void;
}) {
  const [size, setSize] = useState(5);
  const { data, error, isFetching, refetch } = useQuery({
    queryKey: ['events', 'surrounding', hit.index, hit.id, size, sources],
    queryFn: ({ signal }) =>
      call('GET /api/events/surrounding', {
        query: { index: hit.index, id: hit.id, size, indices: sources.join(',') },
        signal,
      }),
    placeholderData: (before) => (before?.event.id === hit.id ? before : undefined),
  });
  if (error)
    return <Problem title="These events can not be shown" error={error} retry={() => void refetch()} />;
  if (!data)
    return (
      <Group p="md" justify="center">
        <Loader size="sm" aria-label="Loading" />
      </Group>
    );
  const entry = (one: EventHit, here = false) => (
    <li key={eventKey(one.index, one.id)}>
      <button
        type="button"
        className={classes['near']}
        aria-current={here || undefined}
        onClick={() => onOpen(one)}
      >
        <span className={classes['nearTime']}>{showTimeValue(flatEvent(one).get('@timestamp')?.[0])}</span>
        <span className={classes['nearText']}>
          <Summary hit={one} />
        </span>
      </button>
    </li>
  );
  return (
    <Stack gap={6} p="xs">
      <Text size="xs" c="dimmed">
        Newest first, of {sources.length === 0 ? 'all sources' : sources.join(', ')}, whatever the query says.
      </Text>
      <ul className={classes['nears']} aria-label="Events before and after">
        {data.after.map((one) => entry(one))}
        {entry(data.event, true)}
        {data.before.map((one) => entry(one))}
      </ul>
      <Group justify="center">
        <Button
          size="compact-xs"
          variant="default"
          loading={isFetching}
          disabled={size >= 200}
          onClick={() => setSize(Math.min(200, size * 3))}
        >
          More
        </Button>
      </Group>
    </Stack>
  );
}
