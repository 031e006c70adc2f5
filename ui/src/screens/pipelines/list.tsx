/** All pipelines: how they are, what they do, what is wrong in words. */
import {
  Alert,
  Anchor,
  Badge,
  Box,
  Card,
  Group,
  Progress,
  Skeleton,
  Stack,
  Table,
  Text,
  Title,
  Tooltip,
} from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type ReactNode, useEffect } from 'react';
import type { PipelineSummary } from '../../../../src/server/contract.ts';
import { visible } from '../../lib/visible.ts';
import { bytes, count, duration, exact, percent, rate } from './format.ts';
import { HealthLabel, HealthMark } from './health.tsx';
import './pipelines.css';
import { Spark } from './spark.tsx';
import { useLive } from './use-live.ts';

export function Pipelines() {
  const { data, problem } = useLive('GET /api/pipelines/live', '');
  const narrow = useMediaQuery('(max-width: 62em)', undefined, { getInitialValueInEffect: false }) ?? false;
  const client = useQueryClient();
  // The mark in the top bar says the same at the same time.
  useEffect(() => {
    if (data) client.setQueryData(['pipelines health'], data);
  }, [client, data]);
  return (
    <Stack p="md" gap="md">
      <Group justify="space-between" align="baseline">
        <Title order={1} size="h3">
          Pipelines
        </Title>
        {data && data.pipelines.length > 0 && (
          <Group gap={6} wrap="nowrap" align="flex-start">
            <HealthMark status={data.status} />
            <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
              {data.symptom}
            </Text>
          </Group>
        )}
      </Group>
      {problem !== undefined && (
        <Alert color="red" role="alert" title="The numbers stand still">
          {problem}. They go on when Millrace answers again; reload the page if they do not.
        </Alert>
      )}
      {!data ? (
        <Stack gap="xs" aria-busy="true" aria-label="Loading">
          {[1, 2, 3].map((row) => (
            <Skeleton key={row} height={44} />
          ))}
        </Stack>
      ) : data.pipelines.length === 0 ? (
        <Card withBorder p="xl">
          <Title order={2} size="h4">
            No pipeline is configured
          </Title>
          <Text mt="xs">
            Give Millrace a config with <code>-f FILE</code> or a <code>pipelines.yml</code>. What runs then
            appears here within a second.
          </Text>
        </Card>
      ) : narrow ? (
        <Stack gap="sm">
          {data.pipelines.map((pipeline) => (
            <PipelineCard key={pipeline.id} pipeline={pipeline} />
          ))}
        </Stack>
      ) : (
        <PipelineTable pipelines={data.pipelines} />
      )}
    </Stack>
  );
}

function Name({ pipeline: { id, parent, state } }: { readonly pipeline: PipelineSummary }) {
  return (
    <Group gap="xs" wrap="nowrap">
      <Anchor
        component={Link}
        to="/pipelines/$id"
        params={{ id } as never}
        fw={600}
        style={{ overflowWrap: 'anywhere' }}
      >
        {id}
      </Anchor>
      {parent !== undefined && (
        <Tooltip label={`Part of ${parent}`}>
          <Badge variant="default" size="sm">
            part
          </Badge>
        </Tooltip>
      )}
      {state !== 'running' && (
        <Badge variant="default" size="sm">
          {state}
        </Badge>
      )}
    </Group>
  );
}

function QueueFill({ queue }: { readonly queue: PipelineSummary['queue'] }) {
  const limit = queue.maxEvents > 0 ? `${exact(queue.maxEvents)} events or ` : '';
  return (
    <Tooltip
      label={`${exact(queue.events)} events, ${bytes(queue.bytes)} of ${limit}${bytes(queue.maxBytes)} (${queue.type})`}
    >
      <Box w={120}>
        <Group gap={6} justify="space-between" wrap="nowrap">
          <Text size="xs" className="numbers">
            {count(queue.events)}
          </Text>
          <Text size="xs" className="numbers">
            {percent(queue.full)}
          </Text>
        </Group>
        <Progress
          value={queue.full * 100}
          size={4}
          color={queue.full > 0.8 ? 'red' : 'cyan'}
          aria-label="How full the queue is"
        />
      </Box>
    </Tooltip>
  );
}

const failed = ({ failures: { rejected, conditionErrors, dropped } }: PipelineSummary): number =>
  rejected + conditionErrors + dropped;

function failureText({ failures: { rejected, conditionErrors, dropped } }: PipelineSummary): string {
  return `${exact(rejected)} refused by outputs, ${exact(conditionErrors)} without an answer to a condition, ${exact(dropped)} dropped by inputs`;
}

function PipelineTable({ pipelines }: { readonly pipelines: readonly PipelineSummary[] }) {
  return (
    <Table verticalSpacing={8} horizontalSpacing="sm" aria-label="Pipelines">
      <Table.Thead>
        <Table.Tr>
          <Table.Th>Pipeline</Table.Th>
          <Table.Th>Health</Table.Th>
          <Table.Th className="numbers">In</Table.Th>
          <Table.Th className="numbers">Out</Table.Th>
          <Table.Th>Last minute</Table.Th>
          <Table.Th className="numbers">Latency</Table.Th>
          <Table.Th className="numbers">Workers</Table.Th>
          <Table.Th>Queue</Table.Th>
          <Table.Th className="numbers">Failures</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {pipelines.flatMap((pipeline) => [
          <Table.Tr key={pipeline.id} style={problemOf(pipeline) ? { borderBottom: 0 } : {}}>
            <Table.Td>
              <Name pipeline={pipeline} />
            </Table.Td>
            <Table.Td>
              <HealthLabel status={pipeline.health.status} />
            </Table.Td>
            <Table.Td className="numbers">{rate(pipeline.rates.in)}</Table.Td>
            <Table.Td className="numbers">{rate(pipeline.rates.out)}</Table.Td>
            <Table.Td>
              <Spark
                values={pipeline.recent}
                label={`Events out a second: ${rate(pipeline.rates.out)} now`}
              />
            </Table.Td>
            <Table.Td className="numbers">
              {pipeline.latency === undefined ? '–' : duration(pipeline.latency)}
            </Table.Td>
            <Table.Td className="numbers">
              <Tooltip label={`${pipeline.workers} workers are busy so much of their time`}>
                <span>{percent(pipeline.utilization)}</span>
              </Tooltip>
            </Table.Td>
            <Table.Td>
              <QueueFill queue={pipeline.queue} />
            </Table.Td>
            <Table.Td className="numbers">
              <Tooltip label={failureText(pipeline)}>
                <span>{count(failed(pipeline))}</span>
              </Tooltip>
            </Table.Td>
          </Table.Tr>,
          problemOf(pipeline) && (
            <Table.Tr key={`${pipeline.id} problem`}>
              <Table.Td colSpan={9} pt={0}>
                {problemOf(pipeline)}
              </Table.Td>
            </Table.Tr>
          ),
        ])}
      </Table.Tbody>
    </Table>
  );
}

/** What is wrong, in the words of the plugin. */
function problemOf({ health }: PipelineSummary): ReactNode {
  if (health.findings.length === 0) return null;
  return (
    <Stack gap={4}>
      {health.findings.map(({ cause, action, status }) => (
        <Group key={cause} gap={6} wrap="nowrap" align="flex-start">
          <HealthMark status={status} size={14} />
          <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
            {visible(cause, 2000)}.{' '}
            <Text span c="dimmed" size="sm">
              What to do: {action}.
            </Text>
          </Text>
        </Group>
      ))}
    </Stack>
  );
}

function PipelineCard({ pipeline }: { readonly pipeline: PipelineSummary }) {
  return (
    <Card withBorder p="sm">
      <Stack gap={8}>
        <Group justify="space-between" wrap="nowrap">
          <Name pipeline={pipeline} />
          <HealthLabel status={pipeline.health.status} />
        </Group>
        <Group justify="space-between">
          <Fact name="In">{rate(pipeline.rates.in)}</Fact>
          <Fact name="Out">{rate(pipeline.rates.out)}</Fact>
          <Fact name="Latency">{pipeline.latency === undefined ? '–' : duration(pipeline.latency)}</Fact>
          <Fact name="Failures">{count(failed(pipeline))}</Fact>
        </Group>
        <Group justify="space-between">
          <QueueFill queue={pipeline.queue} />
          <Spark values={pipeline.recent} label={`Events out a second: ${rate(pipeline.rates.out)} now`} />
        </Group>
        {problemOf(pipeline)}
      </Stack>
    </Card>
  );
}

export function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <div>
      <Text size="xs" c="dimmed">
        {name}
      </Text>
      <Text size="sm" fw={500} className="numbers" ta="left">
        {children}
      </Text>
    </div>
  );
}
