/** Says on every screen that events are invented, while they are, and leads to the end of that. */
import { Box, Popover, Text, UnstyledButton } from '@mantine/core';
import { IconFlask } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useState } from 'react';
import { call } from '../lib/api.ts';
import classes from './demo-note.module.css';

const DemoPanel = lazy(() => import('./demo-panel.tsx'));

const EVERY_MS = 15_000;
/** Without a demo there will hardly be one soon. */
const SELDOM_MS = 300_000;
export const DEMO_KEY = ['demo'];

export function DemoNote() {
  const [opened, setOpened] = useState(false);
  const { data } = useQuery({
    queryKey: DEMO_KEY,
    queryFn: ({ signal }) => call('GET /api/demo', { signal }),
    refetchInterval: ({ state }) => (state.data?.state === 'playing' ? EVERY_MS : SELDOM_MS),
    retry: false,
  });
  if (!data || data.state === 'none') return null;
  return (
    <Popover
      opened={opened}
      onChange={setOpened}
      width={380}
      position="bottom"
      withArrow
      trapFocus
      returnFocus
    >
      <Popover.Target>
        <UnstyledButton className={classes['note']} onClick={() => setOpened((before) => !before)}>
          <IconFlask size={16} stroke={1.8} aria-hidden />
          <Text component="span" size="sm" fw={600}>
            Demo
          </Text>
          <Text component="span" size="sm" visibleFrom="sm">
            {data.state === 'playing' ? 'events tagged demo are invented' : 'invented events are still here'}
          </Text>
        </UnstyledButton>
      </Popover.Target>
      <Popover.Dropdown aria-label="Demo">
        <Suspense fallback={<Box h={140} />}>
          <DemoPanel demo={data} close={() => setOpened(false)} />
        </Suspense>
      </Popover.Dropdown>
    </Popover>
  );
}
