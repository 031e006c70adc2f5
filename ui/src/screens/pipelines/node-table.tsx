/** The graph as a table: the same nodes and numbers in the order of the config. */
import { Anchor, Group, ScrollArea, Table, Text } from '@mantine/core';
import type { PipelineLive, Vertex } from '../../../../src/server/contract.ts';
import { count, duration, percent, rate } from './format.ts';
import { HealthMark } from './health.tsx';
import { kindWords, rateOf, stateOf, titleOf } from './node-text.ts';

export interface NodeTableProps {
  readonly vertices: readonly Vertex[];
  readonly live: PipelineLive | undefined;
  readonly selected: string | undefined;
  readonly select: (id: string) => void;
  readonly narrow: boolean;
}

export function NodeTable({ vertices, live, selected, select, narrow }: NodeTableProps) {
  return (
    <ScrollArea
      style={{ flex: 1, minWidth: 0 }}
      type="auto"
      viewportProps={{ tabIndex: 0, role: 'region', 'aria-label': 'Nodes' }}
    >
      <Table
        verticalSpacing={6}
        horizontalSpacing={narrow ? 6 : 'sm'}
        aria-label="Nodes of the pipeline"
        mb="md"
        style={{ width: 'calc(100% - 12px)' }}
      >
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Node</Table.Th>
            <Table.Th className="numbers">Events</Table.Th>
            {!narrow && <Table.Th className="numbers">Out</Table.Th>}
            <Table.Th className="numbers">Per event</Table.Th>
            {!narrow && <Table.Th className="numbers">Of workers</Table.Th>}
            <Table.Th className="numbers">Failures</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {vertices
            .filter(({ kind }) => kind !== 'outputs')
            .map((vertex) => (
              <Row
                key={vertex.id}
                vertex={vertex}
                live={live}
                narrow={narrow}
                isSelected={selected === vertex.id}
                select={select}
              />
            ))}
        </Table.Tbody>
      </Table>
    </ScrollArea>
  );
}

function Row({
  vertex,
  live,
  narrow,
  isSelected,
  select,
}: {
  readonly vertex: Vertex;
  readonly live: PipelineLive | undefined;
  readonly narrow: boolean;
  readonly isSelected: boolean;
  readonly select: (id: string) => void;
}) {
  const numbers = live?.nodes[vertex.id];
  const state = stateOf(live, vertex.id);
  const title = (
    <>
      <Text span c="dimmed" size="xs">
        {kindWords[vertex.kind].toLowerCase()}{' '}
      </Text>
      {titleOf(vertex)}
    </>
  );
  return (
    <Table.Tr className="plain-row" data-selected={isSelected}>
      <Table.Td style={{ paddingLeft: 8 + Math.min(vertex.depth, 6) * (narrow ? 8 : 20) }}>
        <Group gap={6} wrap="nowrap" align="flex-start">
          {state === 'failing' && <HealthMark status={numbers!.problem!.severity} />}
          <div style={{ minWidth: 0 }}>
            {vertex.kind === 'if' ? (
              <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
                {title}
              </Text>
            ) : (
              <Anchor
                component="button"
                type="button"
                size="sm"
                ta="left"
                onClick={() => select(vertex.id)}
                aria-current={isSelected}
                style={{ overflowWrap: 'anywhere' }}
              >
                {title}
              </Anchor>
            )}
            {numbers?.problem && (
              <Text size="xs" style={{ color: 'var(--millrace-bad)', overflowWrap: 'anywhere' }}>
                {numbers.problem.text}
              </Text>
            )}
            {state === 'slow' && (
              <Text size="xs" style={{ color: 'var(--millrace-warn)' }}>
                takes most of the time
              </Text>
            )}
          </div>
        </Group>
      </Table.Td>
      <Table.Td className="numbers">{numbers ? rate(rateOf(vertex.kind, numbers)) : ''}</Table.Td>
      {!narrow && <Table.Td className="numbers">{numbers ? rate(numbers.out) : ''}</Table.Td>}
      <Table.Td className="numbers">
        {numbers?.millisPerEvent === undefined ? '' : duration(numbers.millisPerEvent)}
      </Table.Td>
      {!narrow && (
        <Table.Td className="numbers">
          {numbers && (vertex.kind === 'filter' || vertex.kind === 'output') ? percent(numbers.share) : ''}
        </Table.Td>
      )}
      <Table.Td className="numbers">
        {numbers && vertex.kind !== 'queue' ? count(numbers.failures) : ''}
      </Table.Td>
    </Table.Tr>
  );
}
