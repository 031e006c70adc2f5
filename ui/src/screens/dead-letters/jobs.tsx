/** Replays and drops, as they go. */
import { Alert, Button, Group, Progress, Stack, Text } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import type { LetterJob } from '../../../../src/server/contract.ts';
import { call } from '../../lib/api.ts';
import { exact } from '../pipelines/format.ts';

const ended = ({ state }: LetterJob): boolean => state !== 'collecting' && state !== 'running';
/** Those that ended longer ago are not shown. */
const SHOWN_MS = 10 * 60_000;

export function Jobs({ jobs }: { readonly jobs: readonly LetterJob[] }) {
  const client = useQueryClient();
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const finished = jobs
    .filter(ended)
    .map(({ id }) => id)
    .join();
  const before = useRef(finished);
  useEffect(() => {
    // What was delivered or dropped is no longer in the list.
    if (finished !== before.current) void client.invalidateQueries({ queryKey: ['dead letters'] });
    before.current = finished;
  }, [finished, client]);
  const shown = jobs.filter(
    (job) => !hidden.has(job.id) && (!ended(job) || Date.now() - job.started < SHOWN_MS),
  );
  if (shown.length === 0) return null;
  return (
    <Stack gap="xs" role="status">
      {shown.slice(0, 5).map((job) => (
        <Alert key={job.id} p="xs" color={colour(job)} icon={null}>
          <Group justify="space-between" wrap="nowrap">
            <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
              {sentence(job)}
            </Text>
            {ended(job) ? (
              <Button
                size="compact-xs"
                variant="default"
                onClick={() => setHidden(new Set(hidden).add(job.id))}
              >
                Hide
              </Button>
            ) : (
              <Button
                size="compact-xs"
                variant="default"
                onClick={() => void call('DELETE /api/dead-letters/jobs/:id', { params: { id: job.id } })}
              >
                Cancel
              </Button>
            )}
          </Group>
          {job.state === 'running' && (
            <Progress
              mt={6}
              size="sm"
              value={job.total === 0 ? 0 : (job.done / job.total) * 100}
              aria-label={`Progress of the ${job.kind}`}
            />
          )}
        </Alert>
      ))}
    </Stack>
  );
}

const colour = ({ state, problem, refused }: LetterJob): string =>
  state === 'failed' ? 'red' : problem !== undefined || refused > 0 ? 'orange' : 'gray';

function sentence({ kind, pipeline, state, total, done, refused, problem }: LetterJob): string {
  const what = kind === 'replay' ? `Replay of ${pipeline}` : `Drop of ${pipeline}`;
  const again = refused > 0 ? ` ${exact(refused)} were refused again.` : '';
  switch (state) {
    case 'collecting':
      return `${what}: ${exact(total)} letters so far.`;
    case 'running':
      return `${what}: ${exact(done)} of ${exact(total)}.${again}${problem === undefined ? '' : ` It waits: ${problem}`}`;
    case 'done':
      return kind === 'replay'
        ? `${what}: ${exact(done)} of ${exact(total)} went through.${again}`
        : `${what}: ${exact(done)} dropped.`;
    case 'cancelled':
      return `${what}: cancelled. What was not delivered stays.`;
    case 'failed':
      return `${what} failed: ${problem ?? 'the log says why'}`;
  }
}
