import { Anchor, Center, Stack, Text, Title } from '@mantine/core';
import { Link } from '@tanstack/react-router';

export function NotFound() {
  return (
    <Center h="60vh">
      <Stack align="center" gap="xs">
        <Title order={2}>There is nothing here</Title>
        <Text c="dimmed">The address may be from another version.</Text>
        <Anchor component={Link} to="/discover">
          Go to Discover
        </Anchor>
      </Stack>
    </Center>
  );
}
