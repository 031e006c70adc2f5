/** An error where a screen or a part of one would be. */
import { Alert, Button, Code, Group, Text } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { ApiFailure } from './api.ts';

export interface ProblemProps {
  readonly title: string;
  readonly error: unknown;
  readonly retry?: () => void;
}

export function Problem({ title, error, retry }: ProblemProps) {
  const message = error instanceof Error ? error.message : String(error);
  const hint = error instanceof ApiFailure ? error.hint : undefined;
  return (
    <Alert color="red" icon={<IconAlertTriangle aria-hidden />} title={title} m="md" role="alert">
      <Code block style={{ whiteSpace: 'pre-wrap' }}>
        {message}
      </Code>
      {hint !== undefined && (
        <Text size="sm" mt="xs">
          {hint}
        </Text>
      )}
      {retry && (
        <Group mt="sm">
          <Button size="xs" variant="light" color="red" onClick={retry}>
            Try again
          </Button>
        </Group>
      )}
    </Alert>
  );
}
