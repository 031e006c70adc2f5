/** The card in the middle that signing in and setting up stand on. */
import { Card, Center, Group, Stack, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';

export function SessionCard({
  title,
  explanation,
  children,
}: {
  readonly title: string;
  readonly explanation: ReactNode;
  readonly children: ReactNode;
}) {
  return (
    <Center component="main" mih="100vh" p="md">
      <Card withBorder shadow="sm" w="100%" maw={420} p="xl">
        <Stack>
          <Group gap="sm">
            <img src="/favicon.svg" alt="" width={36} height={36} />
            <Title order={1} size="h3">
              {title}
            </Title>
          </Group>
          <Text size="sm" c="dimmed">
            {explanation}
          </Text>
          {children}
        </Stack>
      </Card>
    </Center>
  );
}
