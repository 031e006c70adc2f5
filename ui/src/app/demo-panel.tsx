/** What the demo is, how far its past is filled in, and its removal. */
import { Button, Group, Progress, Stack, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import type { DemoView } from '../../../src/server/contract.ts';
import { call } from '../lib/api.ts';
import { DEMO_KEY } from './demo-note.tsx';
import { useMay } from './session.tsx';

interface DemoPanelProps {
  readonly demo: DemoView;
  readonly close: () => void;
}

export default function DemoPanel({ demo, close }: DemoPanelProps) {
  const client = useQueryClient();
  const mayRemove = useMay('administrator');
  const navigate = useNavigate();
  const [asked, setAsked] = useState(false);
  const [busy, setBusy] = useState(false);
  const { state, filled, sent, indices, problem } = demo;
  const remove = async (): Promise<void> => {
    setBusy(true);
    try {
      const now = await call('DELETE /api/demo');
      close();
      notifications.show({
        message: 'The demo is removed: its pipelines, events and dead letters are gone.',
      });
      await client.invalidateQueries();
      client.setQueryData(DEMO_KEY, now);
    } catch (error) {
      notifications.show({ color: 'red', message: (error as Error).message });
      setBusy(false);
    }
  };
  return (
    <Stack gap="xs">
      <Text size="sm">
        {state === 'playing'
          ? `Millrace was started with --demo: invented hosts, people and attacks send to the default listeners. ${sent.toLocaleString('en')} messages so far.`
          : 'Nothing is played any more, but what an earlier demo has sent is still in the event store.'}
      </Text>
      {state === 'playing' && filled < 1 && (
        <div>
          <Text size="xs" c="dimmed" mb={4}>
            The hours before the start are filled in
          </Text>
          <Progress value={filled * 100} aria-label="Of the hours before the start" />
        </div>
      )}
      {problem !== undefined && (
        <Text size="sm" c="red">
          The listeners do not take everything: {problem}
        </Text>
      )}
      {asked ? (
        <>
          <Text size="sm" fw={600}>
            Delete {indices.length} {indices.length === 1 ? 'index' : 'indices'} named demo-*, the pipelines
            named demo-* and their dead letters? Everything else stays.
          </Text>
          <Group justify="flex-end" gap="xs">
            <Button size="xs" variant="default" onClick={() => setAsked(false)} disabled={busy}>
              Keep
            </Button>
            <Button size="xs" color="red.9" onClick={() => void remove()} loading={busy} data-autofocus>
              Delete
            </Button>
          </Group>
        </>
      ) : (
        <Group justify="flex-end" gap="xs">
          <Button
            size="xs"
            variant="default"
            onClick={() => {
              close();
              void navigate({ to: '/discover', search: { q: 'tags: demo', from: 'now-1h' } });
            }}
          >
            Show its events
          </Button>
          {mayRemove && (
            <Button size="xs" variant="default" onClick={() => setAsked(true)}>
              Remove the demo…
            </Button>
          )}
        </Group>
      )}
    </Stack>
  );
}
