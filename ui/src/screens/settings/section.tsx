/** A titled part of a settings page. */
import { Card, Group, Stack, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';

export function Section({
  title,
  explanation,
  action,
  children,
}: {
  readonly title: string;
  readonly explanation?: ReactNode;
  readonly action?: ReactNode;
  readonly children?: ReactNode;
}) {
  return (
    <Card withBorder p="md" mb="md">
      <Group justify="space-between" align="flex-start" mb={children ? 'sm' : 0}>
        <Stack gap={2}>
          <Title order={2} size="h5">
            {title}
          </Title>
          {explanation !== undefined && (
            <Text size="sm" c="dimmed">
              {explanation}
            </Text>
          )}
        </Stack>
        {action}
      </Group>
      {children}
    </Card>
  );
}
