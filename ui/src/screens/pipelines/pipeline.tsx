/** One pipeline: its graph or table with live numbers, and a panel for a node. */
import {
  Alert,
  Anchor,
  Box,
  Button,
  Drawer,
  Group,
  SegmentedControl,
  Skeleton,
  Stack,
  Text,
  Title,
} from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { lazy, Suspense, useEffect } from 'react';
import type { PipelineSummary } from '../../../../src/server/contract.ts';
import { call } from '../../lib/api.ts';
import { Problem } from '../../lib/problem.tsx';
import { count, duration, percent, rate } from './format.ts';
import { HealthLabel, HealthMark } from './health.tsx';
import { Fact } from './list.tsx';
import { NodePanel } from './node-panel.tsx';
import { NodeTable } from './node-table.tsx';
import './pipelines.css';
import type { PipelineSearch } from './search.ts';
import { useLive } from './use-live.ts';

const Graph = lazy(() => import('./graph.tsx'));

/** Stands for the whole pipeline where a node is named in the URL. */
const WHOLE = '*';

export function Pipeline() {
  const { id } = useParams({ strict: false }) as { id: string };
  const search = useSearch({ strict: false }) as PipelineSearch;
  const navigate = useNavigate();
  const narrow = useMediaQuery('(max-width: 62em)', undefined, { getInitialValueInEffect: false }) ?? false;
  const { data: live, problem } = useLive('GET /api/pipelines/:id/live', id);
  const {
    data: graph,
    error,
    refetch,
  } = useQuery({
    queryKey: ['pipeline', id],
    queryFn: ({ signal }) => call('GET /api/pipelines/:id', { params: { id }, signal }),
    staleTime: Number.POSITIVE_INFINITY,
  });
  useEffect(() => {
    if (live && graph && live.hash !== graph.hash) void refetch();
  }, [live, graph, refetch]);
  const set = (change: Partial<PipelineSearch>): void =>
    void navigate({
      to: '.',
      search: ((before: PipelineSearch) => ({ ...before, ...change })) as never,
      replace: true,
    });
  const view = search.view ?? (narrow ? 'table' : 'graph');
  const vertex = graph?.vertices.find((each) => each.id === search.node);
  const isOpen = vertex !== undefined || search.node === WHOLE;
  const close = (): void => {
    const { node } = search;
    set({ node: undefined });
    // The focus goes back to where it came from.
    if (node !== undefined)
      setTimeout(() => document.querySelector<HTMLElement>(`[data-vertex="${CSS.escape(node)}"]`)?.focus());
  };
  if (error)
    return (
      <Problem title={`Pipeline ${id} can not be shown`} error={error} retry={() => void refetch()}>
        <Anchor component={Link} to="/pipelines" size="sm">
          All pipelines
        </Anchor>
      </Problem>
    );
  const panel = isOpen && (
    <NodePanel
      key={search.node}
      pipeline={id}
      vertex={vertex}
      live={live}
      tab={search.tab ?? 'numbers'}
      setTab={(tab) => set({ tab: tab === 'numbers' ? undefined : tab })}
      window={search.window ?? '5m'}
      setWindow={(window) => set({ window: window === '5m' ? undefined : window })}
      rate={search.rate ?? 10}
      setRate={(next) => set({ rate: next === 10 ? undefined : next })}
      close={close}
    />
  );
  return (
    <Box style={{ display: 'flex', flexDirection: 'column', height: 'calc(100dvh - 48px)', minHeight: 480 }}>
      <Stack
        gap="xs"
        p="md"
        pb="sm"
        style={{ borderBottom: '1px solid var(--mantine-color-default-border)' }}
      >
        <Group justify="space-between" gap="xs">
          <Group gap="xs" wrap="nowrap" style={{ minWidth: 0 }}>
            <Anchor component={Link} to="/pipelines" size="sm">
              Pipelines
            </Anchor>
            <Text c="dimmed" aria-hidden>
              /
            </Text>
            <Title order={1} size="h3" style={{ overflowWrap: 'anywhere' }}>
              {id}
            </Title>
            {live && <HealthLabel status={live.summary.health.status} />}
          </Group>
          <Group gap="xs">
            <Button size="xs" variant="default" onClick={() => set({ node: WHOLE, tab: undefined })}>
              History
            </Button>
            <Button size="xs" variant="default" onClick={() => set({ node: WHOLE, tab: 'tap' })}>
              Tap
            </Button>
            <SegmentedControl
              size="xs"
              aria-label="Show as"
              value={view}
              onChange={(value) => set({ view: value as 'graph' | 'table' })}
              data={[
                { value: 'graph', label: 'Graph' },
                { value: 'table', label: 'Table' },
              ]}
            />
          </Group>
        </Group>
        {live ? <Facts summary={live.summary} /> : <Skeleton height={38} width="60%" />}
        {live?.summary.health.findings.map(({ cause, status }) => (
          <Group key={cause} gap={6} wrap="nowrap" align="flex-start">
            <HealthMark status={status} />
            <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
              {cause}
            </Text>
          </Group>
        ))}
        {problem !== undefined && (
          <Alert color="red" role="alert" p="xs" title="The numbers stand still">
            {problem}
          </Alert>
        )}
      </Stack>
      <Box style={{ flex: 1, display: 'flex', minHeight: 0 }}>
        {!graph ? (
          <Skeleton m="md" style={{ flex: 1 }} role="status" aria-label="Loading" />
        ) : view === 'graph' ? (
          <Suspense fallback={<Skeleton m="md" style={{ flex: 1 }} role="status" aria-label="Loading" />}>
            <Graph
              vertices={graph.vertices}
              edges={graph.edges}
              live={live}
              selected={search.node}
              select={(node) => (node === undefined ? close() : set({ node }))}
            />
          </Suspense>
        ) : (
          <NodeTable
            vertices={graph.vertices}
            live={live}
            selected={search.node}
            select={(node) => set({ node })}
            narrow={narrow}
          />
        )}
        {!narrow && panel && (
          <Box
            w={search.tab === 'tap' ? 600 : 430}
            style={{
              borderLeft: '1px solid var(--mantine-color-default-border)',
              flex: 'none',
              minHeight: 0,
            }}
            onKeyDown={(event) => {
              if (event.key === 'Escape') close();
            }}
          >
            {panel}
          </Box>
        )}
        {narrow && (
          <Drawer.Root opened={isOpen} onClose={close} size="100%" position="right">
            <Drawer.Content aria-label="Node" style={{ display: 'flex', flexDirection: 'column' }}>
              <Drawer.Body p={0} h="100dvh">
                {panel}
              </Drawer.Body>
            </Drawer.Content>
          </Drawer.Root>
        )}
      </Box>
    </Box>
  );
}

function Facts({ summary }: { readonly summary: PipelineSummary }) {
  const { rates, latency, utilization, queue, failures } = summary;
  return (
    <Group gap="lg">
      <Fact name="In">{rate(rates.in)}</Fact>
      <Fact name="Out">{rate(rates.out)}</Fact>
      <Fact name="Latency">{latency === undefined ? '–' : duration(latency)}</Fact>
      <Fact name="Workers busy">{percent(utilization)}</Fact>
      <Fact name="Queue">{`${count(queue.events)} events, ${percent(queue.full)} full`}</Fact>
      <Fact name="Refused">{count(failures.rejected)}</Fact>
      <Fact name="Condition errors">{count(failures.conditionErrors)}</Fact>
      <Fact name="Dropped">{count(failures.dropped)}</Fact>
    </Group>
  );
}
