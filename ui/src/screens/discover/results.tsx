/** The table of a search, or why there is none. */
import { Alert, Button, Center, Group, Skeleton, Stack, Text } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { useCallback } from 'react';
import { ApiFailure } from '../../lib/api.ts';
import { Problem } from '../../lib/problem.tsx';
import { visible } from '../../lib/visible.ts';
import classes from './discover.module.css';
import type { EventPages, EventsState } from './event-pages.ts';
import { EventTable, type EventTableProps, rowHeights } from './event-table.tsx';

export interface ResultsProps
  extends Omit<EventTableProps, 'label' | 'count' | 'more' | 'row' | 'version' | 'onSeen'> {
  /** Of the search that was asked for last. */
  readonly search: EventsState;
  /** The one whose rows are shown. */
  readonly shown: EventPages;
  /** Anything is stored at all. */
  readonly stored: boolean;
  readonly filtered: boolean;
  readonly onRetry: () => void;
  readonly onPatient: () => void;
  readonly onRange: (from: string, to: string) => void;
  readonly onUnfilter: () => void;
}

export function Results(props: ResultsProps) {
  const { search, shown, stored, filtered, onRetry, onPatient, onRange, onUnfilter, ...table } = props;
  const rows = shown.state;
  const onSeen = useCallback((from: number, to: number) => shown.need(from, to), [shown]);
  const row = useCallback((at: number) => shown.row(at), [shown]);
  if (search.error !== undefined && rows.count === 0) return <Failed error={search.error} retry={onRetry} />;
  if (search.cancelled && rows.count === 0)
    return (
      <Empty title="The search was cancelled">
        <Button size="xs" variant="light" onClick={onRetry}>
          Search again
        </Button>
      </Empty>
    );
  if (!rows.first) return <Waiting height={rowHeights[table.density]} />;
  if (rows.count === 0 && !rows.first.timedOut)
    return stored ? (
      <Empty
        title="No events match"
        text={
          filtered
            ? 'Nothing in this time range fits the query and the filters.'
            : 'Nothing was stored in this time range.'
        }
      >
        <Button size="xs" variant="light" onClick={() => onRange('now-24h', 'now')}>
          Last 24 hours
        </Button>
        <Button size="xs" variant="light" onClick={() => onRange('now-30d', 'now')}>
          Last 30 days
        </Button>
        {filtered && (
          <Button size="xs" variant="default" onClick={onUnfilter}>
            Without query and filters
          </Button>
        )}
      </Empty>
    ) : (
      <Empty
        title="No events yet"
        text="Events appear here as soon as a source sends them to Millrace and a pipeline stores them."
      />
    );
  const { timedOut, failures } = rows.first;
  return (
    <>
      {(timedOut || failures.length > 0 || search.error !== undefined) && (
        <Alert
          color="yellow"
          p="xs"
          mx="xs"
          mb={4}
          radius="sm"
          icon={<IconAlertTriangle size={18} aria-hidden />}
          role="status"
          className={classes['notice']}
        >
          <Group gap="sm" justify="space-between">
            <Text size="sm">
              {search.error !== undefined
                ? `The search failed: ${visible((search.error as Error).message, 300)}`
                : timedOut
                  ? 'The search took too long and was stopped: these are not all events.'
                  : failures.map((failure) => visible(failure, 300)).join(' ')}
            </Text>
            {(timedOut || search.error !== undefined) && (
              <Button size="compact-xs" variant="default" onClick={timedOut ? onPatient : onRetry}>
                {timedOut ? 'Search longer' : 'Try again'}
              </Button>
            )}
          </Group>
        </Alert>
      )}
      <EventTable
        {...table}
        label="Events"
        count={rows.count}
        more={rows.more}
        row={row}
        version={String(rows.version)}
        onSeen={onSeen}
      />
    </>
  );
}

function Failed({ error, retry }: { readonly error: unknown; readonly retry: () => void }) {
  // What is wrong with the query is said below it.
  if (error instanceof ApiFailure && error.position !== undefined)
    return (
      <Empty
        title="The query has an error"
        text="It is underlined in the query bar, with what would mend it."
      />
    );
  return <Problem title="The search failed" error={error} retry={retry} />;
}

export function Empty({
  title,
  text,
  children,
}: {
  readonly title: string;
  readonly text?: string;
  readonly children?: React.ReactNode;
}) {
  return (
    <Center flex={1} p="xl">
      <Stack align="center" gap="xs" maw={460}>
        <Text fw={600}>{title}</Text>
        {text !== undefined && (
          <Text size="sm" c="dimmed" ta="center">
            {text}
          </Text>
        )}
        {children && <Group gap="xs">{children}</Group>}
      </Stack>
    </Center>
  );
}

function Waiting({ height }: { readonly height: number }) {
  return (
    <Stack gap={0} px="sm" pt={34} aria-hidden className={classes['waiting']}>
      {Array.from({ length: 30 }, (_, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: all alike
        <Group key={at} h={height} wrap="nowrap" gap="md" style={{ flexShrink: 0 }}>
          <Skeleton height={12} width={160} />
          <Skeleton height={12} width={`${50 + ((at * 23) % 45)}%`} />
        </Group>
      ))}
    </Stack>
  );
}
