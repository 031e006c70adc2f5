/** One node: what is wrong, its numbers now and before, its config, a tap. */
import {
  Alert,
  Anchor,
  CloseButton,
  Code,
  Group,
  ScrollArea,
  SegmentedControl,
  Stack,
  Table,
  Tabs,
  Text,
  Title,
} from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { lazy, Suspense } from 'react';
import type { NodeNumbers, PipelineLive, Vertex } from '../../../../src/server/contract.ts';
import { call } from '../../lib/api.ts';
import { visible } from '../../lib/visible.ts';
import { bytes, count, duration, exact, percent, rate, time } from './format.ts';
import { Fact } from './list.tsx';
import { kindWords, rateOf } from './node-text.ts';
import { QueueFiles } from './queue-files.tsx';
import { Tap } from './tap.tsx';

const Chart = lazy(() => import('./chart.tsx'));

type PanelTab = 'numbers' | 'tap' | 'config';
type WindowName = '5m' | '1h' | '24h';

export interface NodePanelProps {
  readonly pipeline: string;
  /** Undefined: the whole pipeline. */
  readonly vertex: Vertex | undefined;
  readonly live: PipelineLive | undefined;
  readonly tab: PanelTab;
  readonly setTab: (tab: PanelTab) => void;
  readonly window: WindowName;
  readonly setWindow: (window: WindowName) => void;
  readonly rate: number;
  readonly setRate: (rate: number) => void;
  readonly close: () => void;
}

export function NodePanel(props: NodePanelProps) {
  const { pipeline, vertex, live, setTab, close } = props;
  const numbers = vertex && live?.nodes[vertex.id];
  const isPlugin = vertex !== undefined && ['input', 'filter', 'output'].includes(vertex.kind);
  const tab = !isPlugin && props.tab === 'config' ? 'numbers' : props.tab;
  const hasTap = vertex === undefined || isPlugin;
  return (
    <Stack
      gap="sm"
      p="md"
      h="100%"
      component="section"
      aria-label={vertex ? `${kindWords[vertex.kind]} ${vertex.title}` : 'Whole pipeline'}
    >
      <Group justify="space-between" wrap="nowrap" align="flex-start">
        <div style={{ minWidth: 0 }}>
          <Text size="xs" c="dimmed">
            {vertex ? kindWords[vertex.kind] : 'Pipeline'}
            {vertex?.source && ` · ${vertex.source.file.split('/').at(-1)}:${vertex.source.line}`}
          </Text>
          <Title order={2} size="h4" style={{ overflowWrap: 'anywhere' }}>
            {vertex ? vertex.title : pipeline}
            {vertex?.detail !== undefined && (
              <Text span c="dimmed" inherit fw={400}>
                {' '}
                {visible(vertex.detail, 4000)}
              </Text>
            )}
          </Title>
        </div>
        <CloseButton aria-label="Close" onClick={close} />
      </Group>
      {numbers?.problem && (
        <Alert
          color={numbers.problem.severity === 'red' ? 'red' : 'orange'}
          title={`Since ${time(numbers.problem.since)}`}
          p="xs"
        >
          <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
            {numbers.problem.text}
          </Text>
        </Alert>
      )}
      <Tabs
        value={tab === 'tap' && !hasTap ? 'numbers' : tab}
        onChange={(value) => setTab((value ?? 'numbers') as PanelTab)}
        keepMounted={false}
        style={{ flex: 1, minHeight: 0, display: 'flex', flexDirection: 'column' }}
      >
        <Tabs.List>
          <Tabs.Tab value="numbers">Numbers</Tabs.Tab>
          {hasTap && <Tabs.Tab value="tap">Tap</Tabs.Tab>}
          {isPlugin && <Tabs.Tab value="config">Config</Tabs.Tab>}
        </Tabs.List>
        <Tabs.Panel value="numbers" pt="sm" style={{ flex: 1, minHeight: 0, overflow: 'auto' }}>
          <Numbers {...props} />
        </Tabs.Panel>
        <Tabs.Panel
          value="tap"
          pt="sm"
          style={{ flex: 1, minHeight: 0, display: tab === 'tap' ? 'flex' : 'none' }}
        >
          <Tap pipeline={pipeline} node={vertex?.id ?? ''} rate={props.rate} setRate={props.setRate} />
        </Tabs.Panel>
        <Tabs.Panel value="config" pt="sm" style={{ flex: 1, minHeight: 0 }}>
          <ScrollArea h="100%" type="auto">
            <Code block style={{ overflowWrap: 'anywhere', whiteSpace: 'pre-wrap' }}>
              {vertex?.snippet}
            </Code>
            {vertex?.source && (
              <Text size="xs" c="dimmed" mt="xs" style={{ overflowWrap: 'anywhere' }}>
                {vertex.source.file}, line {vertex.source.line}. Secrets are not shown.{' '}
                {!vertex.source.file.startsWith('<') && (
                  <Anchor
                    component={Link}
                    to="/editor"
                    search={{ path: vertex.source.file, line: vertex.source.line, pipeline } as never}
                    size="xs"
                  >
                    Open in the editor
                  </Anchor>
                )}
              </Text>
            )}
          </ScrollArea>
        </Tabs.Panel>
      </Tabs>
    </Stack>
  );
}

function Numbers({ pipeline, vertex, live, window, setWindow }: NodePanelProps) {
  const numbers = vertex && live?.nodes[vertex.id];
  const node = vertex?.kind === 'queue' ? undefined : vertex?.id;
  const { data } = useQuery({
    queryKey: ['pipeline history', pipeline, node, window],
    queryFn: ({ signal }) =>
      call('GET /api/pipelines/:id/history', {
        params: { id: pipeline },
        query: { window, ...(node !== undefined && { node }) },
        signal,
      }),
    refetchInterval: window === '5m' ? 2000 : 10_000,
    placeholderData: (before) => before,
  });
  const throughput = vertex?.kind === 'input' ? 'out' : 'in';
  return (
    <Stack gap="md">
      {vertex?.kind === 'queue' || !vertex ? (
        <PipelineFacts live={live} />
      ) : (
        numbers && <NodeFacts vertex={vertex} numbers={numbers} />
      )}
      {vertex?.kind !== 'if' && (
        <>
          <SegmentedControl
            size="xs"
            aria-label="Time"
            value={window}
            onChange={(value) => setWindow(value as WindowName)}
            data={[
              { value: '5m', label: '5 minutes' },
              { value: '1h', label: '1 hour' },
              { value: '24h', label: '24 hours' },
            ]}
          />
          <Suspense fallback={<div style={{ height: 330 }} />}>
            {vertex?.kind === 'queue' && data?.queued ? (
              <Line title="Events in the queue" times={data.times} values={data.queued} format={count} />
            ) : null}
            <Line
              title="Events a second"
              times={data?.times ?? []}
              values={data?.[throughput] ?? []}
              format={rate}
              {...(node === undefined && data && { second: { name: 'out', values: data.out }, name: 'in' })}
            />
            <Line
              title={node === undefined ? 'Time in queue and workers' : 'Time per event'}
              times={data?.times ?? []}
              values={data?.latency ?? []}
              format={duration}
            />
            <Line
              title="Failures a second"
              times={data?.times ?? []}
              values={data?.failures ?? []}
              format={rate}
              height={90}
            />
          </Suspense>
        </>
      )}
      {vertex?.kind === 'queue' && <QueueFiles pipeline={pipeline} />}
      {numbers && Object.keys(numbers.counters).length > 0 && (
        <Table verticalSpacing={2} aria-label="Counters of the plugin" withRowBorders={false}>
          <Table.Tbody>
            {Object.entries(numbers.counters).map(([name, value]) => (
              <Table.Tr key={name}>
                <Table.Th scope="row" fw={400}>
                  {name.replaceAll('_', ' ')}
                </Table.Th>
                <Table.Td className="numbers">{exact(value)}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
    </Stack>
  );
}

function Line({
  title,
  name = title,
  times,
  values,
  second,
  format,
  height,
}: {
  readonly title: string;
  readonly name?: string;
  readonly times: readonly number[];
  readonly values: readonly (number | null)[];
  readonly second?: { readonly name: string; readonly values: readonly (number | null)[] };
  readonly format: (value: number) => string;
  readonly height?: number;
}) {
  return (
    <div>
      <Text size="xs" fw={600} mb={2}>
        {title}
      </Text>
      <Chart
        label={title}
        times={times}
        lines={[{ name, values }, ...(second ? [second] : [])]}
        format={format}
        {...(height !== undefined && { height })}
      />
    </div>
  );
}

function NodeFacts({
  vertex: { kind },
  numbers,
}: {
  readonly vertex: Vertex;
  readonly numbers: NodeNumbers;
}) {
  return (
    <Group gap="lg">
      <Fact name={kind === 'input' ? 'Out' : 'In'}>{rate(rateOf(kind, numbers))}</Fact>
      {kind === 'filter' && <Fact name="Out">{rate(numbers.out)}</Fact>}
      {numbers.millisPerEvent !== undefined && (
        <Fact name={kind === 'input' ? 'Decoding' : 'Per event'}>{duration(numbers.millisPerEvent)}</Fact>
      )}
      {kind !== 'input' && <Fact name="Of workers">{percent(numbers.share)}</Fact>}
      <Fact name="Failures">{exact(numbers.failures)}</Fact>
      <Fact name="Since start">{exact(kind === 'input' ? numbers.totalOut : numbers.totalIn)}</Fact>
    </Group>
  );
}

function PipelineFacts({ live }: { readonly live: PipelineLive | undefined }) {
  if (!live) return null;
  const { queue, latency, utilization, workers } = live.summary;
  return (
    <Group gap="lg">
      <Fact name="Waiting">{exact(queue.events)}</Fact>
      <Fact name="Size">{`${bytes(queue.bytes)} of ${bytes(queue.maxBytes)}`}</Fact>
      <Fact name="Full">{percent(queue.full)}</Fact>
      <Fact name="In workers">{exact(queue.inFlight)}</Fact>
      <Fact name="Kind">{queue.type}</Fact>
      <Fact name="Latency">{latency === undefined ? '–' : duration(latency)}</Fact>
      <Fact name={`${workers} workers busy`}>{percent(utilization)}</Fact>
    </Group>
  );
}
