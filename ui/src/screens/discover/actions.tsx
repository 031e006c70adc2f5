/** What can be done with the search that is shown: share, export, look at what was asked. */
import {
  Button,
  CloseButton,
  Code,
  CopyButton,
  Group,
  Menu,
  Modal,
  Paper,
  Progress,
  SegmentedControl,
  Text,
} from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconCode, IconDots, IconDownload, IconShare } from '@tabler/icons-react';
import { useState } from 'react';
import type { EventQuery } from '../../../../src/server/contract.ts';
import { useMay } from '../../app/session.tsx';
import classes from './discover.module.css';
import type { Density } from './event-table.tsx';
import { type Exporting, useExport } from './export-events.ts';
import { SavedSearches } from './saved-searches.tsx';
import { showCount } from './values.ts';

export interface ActionsProps {
  readonly query: EventQuery;
  readonly columns: readonly string[];
  readonly state: string;
  readonly onState: (state: string) => void;
  /** Of the last search. */
  readonly inspect: string | undefined;
  readonly took: number | undefined;
  readonly total: number | undefined;
  readonly range: { readonly from: number; readonly to: number } | undefined;
  readonly density: Density;
  readonly onDensity: (density: Density) => void;
  /** A link with the time range as it is now. */
  readonly fixedLink: string | undefined;
}

export function Actions(props: ActionsProps) {
  const { query, columns, state, onState, inspect, took, total, range, density, onDensity, fixedLink } =
    props;
  const mayExport = useMay('analyst');
  const [inspecting, setInspecting] = useState(false);
  const exporting = useExport();
  const running = exporting.state !== undefined && exporting.state.end === undefined;
  // The file holds what is on the screen, not what has come since.
  const fixed: EventQuery = range
    ? { ...query, from: new Date(range.from).toISOString(), to: new Date(range.to).toISOString() }
    : query;
  const copy = (link: string): void => {
    navigator.clipboard.writeText(link).then(
      () => notifications.show({ color: 'teal', message: 'Link copied' }),
      () =>
        notifications.show({
          color: 'red',
          message: 'The browser did not allow to copy: take the link from its address bar',
        }),
    );
  };
  return (
    <Group gap={2} wrap="nowrap">
      <SavedSearches state={state} onOpen={onState} />
      <Menu position="bottom-end" withinPortal width={250}>
        <Menu.Target>
          <Button
            variant="subtle"
            color="gray"
            size="compact-sm"
            aria-label="More"
            leftSection={<IconDots size={16} aria-hidden />}
          >
            <span className={classes['actionText']}>More</span>
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>Share</Menu.Label>
          <Menu.Item leftSection={<IconShare size={15} aria-hidden />} onClick={() => copy(location.href)}>
            Copy link
          </Menu.Item>
          {fixedLink !== undefined && (
            <Menu.Item leftSection={<IconShare size={15} aria-hidden />} onClick={() => copy(fixedLink)}>
              Copy link with these exact times
            </Menu.Item>
          )}
          {mayExport && (
            <>
              <Menu.Label>Export</Menu.Label>
              <Menu.Item
                disabled={running}
                leftSection={<IconDownload size={15} aria-hidden />}
                onClick={() =>
                  void exporting.start(
                    fixed,
                    'csv',
                    columns.length > 0
                      ? ['@timestamp', ...columns.filter((one) => one !== '@timestamp')]
                      : [],
                  )
                }
              >
                CSV, {columns.length > 0 ? 'columns shown' : 'all fields'}
              </Menu.Item>
              {columns.length > 0 && (
                <Menu.Item
                  disabled={running}
                  leftSection={<IconDownload size={15} aria-hidden />}
                  onClick={() => void exporting.start(fixed, 'csv', [])}
                >
                  CSV, all fields
                </Menu.Item>
              )}
              <Menu.Item
                disabled={running}
                leftSection={<IconDownload size={15} aria-hidden />}
                onClick={() => void exporting.start(fixed, 'ndjson', [])}
              >
                NDJSON, whole events
              </Menu.Item>
            </>
          )}
          <Menu.Divider />
          <Menu.Item
            disabled={inspect === undefined}
            leftSection={<IconCode size={15} aria-hidden />}
            onClick={() => setInspecting(true)}
          >
            Inspect
          </Menu.Item>
          <Menu.Divider />
          <Menu.Label>Height of rows</Menu.Label>
          <SegmentedControl
            fullWidth
            size="xs"
            aria-label="Height of rows"
            data={[
              { value: 'compact', label: 'Low' },
              { value: 'normal', label: 'Normal' },
              { value: 'tall', label: 'Tall' },
            ]}
            value={density}
            onChange={(value) => onDensity(value as Density)}
          />
        </Menu.Dropdown>
      </Menu>
      <Modal
        opened={inspecting}
        onClose={() => setInspecting(false)}
        title="The query that was sent"
        size="lg"
      >
        <Group justify="space-between" mb="xs">
          <Text size="sm" c="dimmed">
            As Elasticsearch's Query DSL{took !== undefined && `; answered in ${showCount(took)} ms`}
          </Text>
          <CopyButton value={inspect ?? ''}>
            {({ copied, copy: copyText }) => (
              <Button size="compact-xs" variant="default" onClick={copyText}>
                {copied ? 'Copied' : 'Copy'}
              </Button>
            )}
          </CopyButton>
        </Group>
        <Code block tabIndex={0} style={{ maxHeight: '60vh', overflow: 'auto' }}>
          {inspect}
        </Code>
      </Modal>
      <ExportProgress exporting={exporting} total={total} />
    </Group>
  );
}

function ExportProgress({
  exporting,
  total,
}: {
  readonly exporting: Exporting;
  readonly total: number | undefined;
}) {
  const { state, cancel, dismiss } = exporting;
  if (!state) return null;
  const { rows, bytes, end, format } = state;
  const megabytes = (bytes / 1_000_000).toFixed(bytes < 10_000_000 ? 1 : 0);
  return (
    <Paper
      shadow="md"
      withBorder
      p="sm"
      w={320}
      pos="fixed"
      bottom={16}
      right={16}
      style={{ zIndex: 300 }}
      role="status"
      aria-label="Export"
    >
      <Group justify="space-between" wrap="nowrap">
        <Text size="sm" fw={600}>
          {end === undefined
            ? `Exporting ${format.toUpperCase()}`
            : end === 'done'
              ? 'Export finished'
              : end === 'cancelled'
                ? 'Export cancelled'
                : 'Export failed'}
        </Text>
        {end === undefined ? (
          <Button size="compact-xs" variant="default" onClick={cancel}>
            Cancel
          </Button>
        ) : (
          <CloseButton size="sm" aria-label="Close" onClick={dismiss} />
        )}
      </Group>
      {end === undefined && (
        <Progress
          mt="xs"
          size="sm"
          value={total !== undefined && total > 0 ? Math.min(100, (rows / total) * 100) : 100}
          animated={total === undefined || total === 0}
          aria-label="Export"
        />
      )}
      <Text size="xs" c="dimmed" mt={6} style={{ fontVariantNumeric: 'tabular-nums' }}>
        {typeof end === 'object'
          ? end.error
          : `${showCount(rows)}${total !== undefined && end === undefined ? ` of ${showCount(total)}` : ''} events, ${megabytes} MB`}
      </Text>
    </Paper>
  );
}
