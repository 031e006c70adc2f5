/** How all pipelines are, in the top bar of every screen: a mark, and a sentence when it is looked at. */
import { ActionIcon, Tooltip } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { call } from '../lib/api.ts';
import { HealthMark, healthWords } from '../screens/pipelines/health.tsx';

const EVERY_MS = 5000;

export function HealthDot() {
  const { data, error } = useQuery({
    queryKey: ['pipelines health'],
    queryFn: ({ signal }) => call('GET /api/pipelines', { signal }),
    refetchInterval: EVERY_MS,
    retry: false,
  });
  const status = error ? 'unknown' : (data?.status ?? 'unknown');
  const sentence = error
    ? `The health of the pipelines is not known: ${error.message}`
    : (data?.symptom ?? 'The health of the pipelines is not known yet.');
  return (
    <Tooltip label={sentence} multiline maw={420} events={{ hover: true, focus: true, touch: true }}>
      <ActionIcon
        component={Link}
        to="/pipelines"
        variant="subtle"
        color="gray"
        aria-label={`Pipelines: ${healthWords[status]}. ${sentence}`}
      >
        <HealthMark status={status} size={20} />
      </ActionIcon>
    </Tooltip>
  );
}
