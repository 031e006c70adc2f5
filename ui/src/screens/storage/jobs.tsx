/** Copies, moves and checks, as they go. */
import { Alert, Button, Group, Progress, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import type { Storage, StorageJob } from '../../../../src/server/contract.ts';

/** Those that ended longer ago are not shown. */
const SHOWN_MS = 15 * 60_000;

const verbs = {
  snapshot: 'Snapshot',
  restore: 'Restore of',
  snapshot_delete: 'Deletion of the snapshot',
  archive: 'Archive of',
  unarchive: 'Way back from the archive of',
  verify: 'Check of',
} as const;

export function Jobs({ storage: { jobs, tasks } }: { readonly storage: Storage }) {
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const shown = jobs.filter(
    ({ id, state, ended }) =>
      !hidden.has(id) && (state === 'running' || Date.now() - (ended ?? 0) < SHOWN_MS),
  );
  const isEmpty = tasks.length === 0 && shown.length === 0;
  return (
    // Always there, so that what comes into it is read out; without a gap around it while there is nothing.
    <Stack gap="xs" role="status" {...(isEmpty && { pos: 'absolute' })}>
      {tasks.map(({ text, done, total }) => (
        <Alert key={text} p="xs" color="gray" icon={null}>
          <Text size="sm" className="storage-name">
            {text}: {total === 0 ? 0 : Math.floor((done / total) * 100)} %
          </Text>
          <Progress
            mt={6}
            size="sm"
            value={total === 0 ? 0 : (done / total) * 100}
            aria-label={`Progress of ${text}`}
          />
        </Alert>
      ))}
      {shown.slice(0, 5).map((job) => (
        <Alert key={job.id} p="xs" color={job.state === 'failed' ? 'red' : 'gray'} icon={null}>
          <Group justify="space-between" wrap="nowrap" align="flex-start">
            <Text size="sm" className="storage-name">
              {sentence(job)}
            </Text>
            {job.state !== 'running' && (
              <Button
                size="compact-xs"
                variant="default"
                style={{ flex: 'none' }}
                onClick={() => setHidden(new Set(hidden).add(job.id))}
              >
                Hide
              </Button>
            )}
          </Group>
        </Alert>
      ))}
    </Stack>
  );
}

function sentence({ kind, what, state, result = '' }: StorageJob): string {
  const title = `${verbs[kind]} ${what}`;
  if (state === 'running') return `${title} is under way.`;
  return state === 'done' ? `${title}: done, ${result}.` : `${title} failed: ${result}`;
}
