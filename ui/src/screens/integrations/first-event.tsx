/** Waits for the first event of a source and shows it; says after a while what to look at. */
import { Alert, Anchor, Card, Group, List, Loader, Text, Title } from '@mantine/core';
import { IconCircleCheck } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import type { IntegrationItem, IntegrationWatch } from '../../../../src/server/contract.ts';
import { listen } from '../../lib/api.ts';
import { EventFields } from '../pipelines/event-view.tsx';
import { exact, time } from '../pipelines/format.ts';
import '../pipelines/pipelines.css';

export function FirstEvent({ id, item }: { readonly id: string; readonly item: IntegrationItem }) {
  const [seen, setSeen] = useState<IntegrationWatch>();
  const [problem, setProblem] = useState<string>();
  useEffect(
    () =>
      listen(
        'GET /api/integrations/:id/watch',
        { params: { id } },
        {
          event: (answer) => {
            setProblem(undefined);
            // The event stays when the next answer does not name it again.
            setSeen((before) =>
              answer.event === undefined && before?.event !== undefined
                ? { ...answer, event: before.event }
                : answer,
            );
          },
          problem: setProblem,
        },
      ),
    [id],
  );
  const { total, last } = seen?.item ?? item;
  const hasCome = total > 0;
  return (
    <Card withBorder p="md" component="section" aria-label="First event">
      <Group gap="sm" wrap="nowrap" align="flex-start" role="status">
        {hasCome ? (
          <IconCircleCheck size={22} color="var(--millrace-good)" aria-hidden style={{ flexShrink: 0 }} />
        ) : (
          <Loader size={20} aria-hidden style={{ flexShrink: 0 }} />
        )}
        <div>
          <Title order={2} size="h5">
            {hasCome
              ? total === 1
                ? 'The first event has come'
                : 'Events come in'
              : 'Waiting for the first event…'}
          </Title>
          <Text size="sm" c="dimmed" className="integration-numbers">
            {hasCome
              ? `${exact(total)} since it was started${last === undefined ? '' : `, the last one at ${time(last)}`}.`
              : 'Set up the sender as shown. This page notices when something comes.'}
            {!hasCome && (seen?.connections ?? 0) > 0 && ` Connections seen: ${seen?.connections}.`}
          </Text>
        </div>
      </Group>
      {problem !== undefined && (
        <Text size="sm" mt="sm" role="alert" className="integration-problem">
          It can not be watched: {problem}
        </Text>
      )}
      {!hasCome && seen && seen.advice.length > 0 && (
        <Alert color="yellow" mt="sm" title="Nothing yet. What to look at:">
          <List size="sm" spacing={4}>
            {seen.advice.map((text) => (
              <List.Item key={text}>{text}</List.Item>
            ))}
          </List>
        </Alert>
      )}
      {seen?.event !== undefined && (
        <div style={{ marginTop: 12, overflow: 'auto', maxHeight: 360 }}>
          <EventFields text={seen.event} />
        </div>
      )}
      {hasCome && item.keep !== undefined && (
        <Text size="sm" mt="sm">
          It can be searched in{' '}
          <Anchor underline="always" component={Link} to="/discover" size="sm" inherit>
            Discover
          </Anchor>
          .
        </Text>
      )}
    </Card>
  );
}
