/** Health as a mark that does not need its colour: each state has a shape of its own. */
import { Text } from '@mantine/core';
import {
  IconAlertTriangleFilled,
  IconCircleCheckFilled,
  IconCircleDashed,
  IconExclamationCircleFilled,
} from '@tabler/icons-react';
import type { HealthStatus } from '../../../../src/server/contract.ts';

export const healthWords = {
  green: 'Healthy',
  yellow: 'Warning',
  red: 'Failing',
  unknown: 'Unknown',
} as const;
const marks = {
  green: IconCircleCheckFilled,
  yellow: IconAlertTriangleFilled,
  red: IconExclamationCircleFilled,
  unknown: IconCircleDashed,
} as const;
/** As variables of the style sheet, which differ in light and dark. */
const healthColours = {
  green: 'var(--millrace-good)',
  yellow: 'var(--millrace-warn)',
  red: 'var(--millrace-bad)',
  unknown: 'var(--mantine-color-dimmed)',
} as const;

export function HealthMark({ status, size = 16 }: { readonly status: HealthStatus; readonly size?: number }) {
  const Mark = marks[status];
  return <Mark size={size} aria-hidden style={{ color: healthColours[status], flex: 'none' }} />;
}

export function HealthLabel({ status }: { readonly status: HealthStatus }) {
  return (
    <span style={{ display: 'inline-flex', alignItems: 'center', gap: 6 }}>
      <HealthMark status={status} />
      <Text span size="sm">
        {healthWords[status]}
      </Text>
    </span>
  );
}
