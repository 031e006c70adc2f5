/** An error where a screen or a part of one would be. */
import { Alert, Button, Group, Text } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { ApiFailure } from './api.ts';

export interface ProblemProps {
  readonly title: string;
  readonly error: unknown;
  readonly retry?: () => void;
  /** Ways on. */
  readonly children?: ReactNode;
}

export function Problem({ title, error, retry, children }: ProblemProps) {
  const message = error instanceof Error ? error.message : String(error);
  const hint = error instanceof ApiFailure ? error.hint : undefined;
  return (
    <Alert
      variant="default"
      icon={<IconAlertTriangle color="var(--mantine-color-error)" aria-hidden />}
      title={title}
      m="md"
      maw={720}
      role="alert"
    >
      <Text size="sm" style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
        {message}
      </Text>
      {hint !== undefined && (
        <Text size="sm" mt="xs">
          {hint}
        </Text>
      )}
      {(retry ?? children) && (
        <Group mt="sm" gap="md">
          {retry && (
            <Button size="xs" variant="default" onClick={retry}>
              Try again
            </Button>
          )}
          {children}
        </Group>
      )}
    </Alert>
  );
}
