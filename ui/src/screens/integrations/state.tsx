/** How a source or destination is: a mark and words, never a colour alone. */
import { Group, Text } from '@mantine/core';
import {
  IconAlertTriangle,
  IconCircleCheck,
  IconCircleX,
  IconClock,
  IconHourglass,
  IconPlayerPause,
  type TablerIcon,
} from '@tabler/icons-react';
import type { IntegrationItem } from '../../../../src/server/contract.ts';
import { rate, time } from '../pipelines/format.ts';

const marks: Readonly<Record<IntegrationItem['state'], { icon: TablerIcon; color: string }>> = {
  receiving: { icon: IconCircleCheck, color: 'var(--millrace-good)' },
  quiet: { icon: IconClock, color: 'var(--mantine-color-dimmed)' },
  waiting: { icon: IconHourglass, color: 'var(--mantine-color-dimmed)' },
  warning: { icon: IconAlertTriangle, color: 'var(--millrace-warn)' },
  failing: { icon: IconCircleX, color: 'var(--millrace-bad)' },
  disabled: { icon: IconPlayerPause, color: 'var(--mantine-color-dimmed)' },
};

/** "Receiving 12/s" */
function stateWords({ kind, state, rate: now, last, others, card }: IntegrationItem): string {
  const isSource = kind === 'source';
  switch (state) {
    case 'receiving':
      return `${isSource ? 'Receiving' : card === 'store' ? 'Keeping' : 'Sending'} ${rate(now)}`;
    case 'quiet':
      return last === undefined ? 'Quiet' : `Quiet since ${time(last)}`;
    case 'waiting':
      if (isSource) return 'Waiting for the first event';
      if (card === 'store') return 'Nothing to keep yet';
      return others.length === 0 ? 'No source sends here' : 'Nothing to send yet';
    case 'warning':
      return `${isSource ? 'Receiving' : 'Sending'} ${rate(now)}, with trouble`;
    case 'failing':
      return 'Failing';
    case 'disabled':
      return 'Disabled';
  }
}

export function StateLine({
  item,
  size = 'sm',
}: {
  readonly item: IntegrationItem;
  readonly size?: 'sm' | 'md';
}) {
  const { icon: Icon, color } = marks[item.state];
  return (
    <Group gap={6} wrap="nowrap">
      <Icon size={size === 'sm' ? 16 : 20} color={color} aria-hidden style={{ flexShrink: 0 }} />
      <Text size={size} fw={500} className="integration-numbers">
        {stateWords(item)}
      </Text>
    </Group>
  );
}
