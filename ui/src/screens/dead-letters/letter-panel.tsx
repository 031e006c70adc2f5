/** One dead letter: why it was refused, the event to be mended, what the filters would make of it, and replay. */
import { Alert, Button, CloseButton, Group, Skeleton, Stack, Text, Textarea, Title } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { LetterQueue } from '../../../../src/server/contract.ts';
import { call } from '../../lib/api.ts';
import { Problem } from '../../lib/problem.tsx';
import { visible } from '../../lib/visible.ts';
import { readable } from '../pipelines/event-diff.ts';
import { EventDiff } from '../pipelines/event-view.tsx';
import { moment } from './dead-letters.tsx';

/** What a replay adds, for filters to look at. */
const REPLAYED = '[@metadata][dead_letter_queue]';

export interface LetterPanelProps {
  readonly queue: LetterQueue;
  readonly letterRef: string;
  readonly close: () => void;
}

export function LetterPanel({ queue: { pipeline, running }, letterRef, close }: LetterPanelProps) {
  const client = useQueryClient();
  const { data, error } = useQuery({
    queryKey: ['dead letter', pipeline, letterRef],
    queryFn: ({ signal }) =>
      call('GET /api/dead-letters/:pipeline/letter', {
        params: { pipeline },
        query: { ref: letterRef },
        signal,
      }),
    staleTime: Number.POSITIVE_INFINITY,
  });
  const [edited, setEdited] = useState<string>();
  const original = data ? readable(data.letter.event) : '';
  const text = edited ?? original;
  const preview = useMutation({
    mutationFn: () =>
      call('POST /api/dead-letters/:pipeline/preview', { params: { pipeline }, body: { events: [text] } }),
  });
  const finish = (): void => {
    void client.invalidateQueries({ queryKey: ['dead letters'], exact: true });
    close();
  };
  const replay = useMutation({
    mutationFn: () =>
      call('POST /api/dead-letters/:pipeline/replay', {
        params: { pipeline },
        body: { refs: [letterRef], ...(edited !== undefined && { event: edited }) },
      }),
    onSuccess: finish,
  });
  const drop = useMutation({
    mutationFn: () =>
      call('POST /api/dead-letters/:pipeline/drop', { params: { pipeline }, body: { refs: [letterRef] } }),
    onSuccess: finish,
  });
  const wrong = jsonProblem(text);
  const failure = preview.error ?? replay.error ?? drop.error;
  const [sample] = preview.data?.samples ?? [];
  return (
    <Stack p="md" gap="sm" component="section" aria-label="Dead letter">
      <Group justify="space-between" wrap="nowrap" align="flex-start">
        <div>
          <Text size="xs" c="dimmed">
            {pipeline}
            {data && ` · ${data.letter.pluginKind} ${data.letter.pluginName} · ${moment(data.letter.time)}`}
          </Text>
          <Title order={2} size="h4">
            Dead letter
          </Title>
        </div>
        <CloseButton aria-label="Close" onClick={close} />
      </Group>
      {error && <Problem title="The letter is not there any more" error={error} />}
      {!data && !error && <Skeleton height={240} role="status" aria-label="Loading" />}
      {data && (
        <>
          <Alert color="orange" p="xs" title={data.letter.pluginId}>
            <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
              {visible(data.letter.reason, 4000)}
            </Text>
          </Alert>
          <Textarea
            label="Event"
            description="Mend it here: what is replayed is this text."
            autosize
            minRows={6}
            maxRows={22}
            spellCheck={false}
            value={text}
            onChange={({ currentTarget }) => {
              setEdited(currentTarget.value === original ? undefined : currentTarget.value);
              preview.reset();
            }}
            error={wrong}
            styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)', fontSize: 12 } }}
          />
          <Group gap="xs">
            <Button
              size="xs"
              variant="default"
              disabled={!running || wrong !== undefined}
              loading={preview.isPending}
              onClick={() => preview.mutate()}
            >
              Preview
            </Button>
            <Button
              size="xs"
              disabled={!running || wrong !== undefined}
              loading={replay.isPending}
              onClick={() => replay.mutate()}
            >
              {edited === undefined ? 'Replay' : 'Replay the mended event'}
            </Button>
            <Button
              size="xs"
              color="red"
              variant="outline"
              loading={drop.isPending}
              onClick={() => drop.mutate()}
            >
              Drop for good
            </Button>
            {edited !== undefined && (
              <Button size="xs" variant="subtle" onClick={() => setEdited(undefined)}>
                As it was
              </Button>
            )}
          </Group>
          {failure && (
            <Alert color="red" role="alert" p="xs">
              {failure.message}
            </Alert>
          )}
          {preview.data && (
            <div role="status">
              <Text size="sm" fw={600} mb={4}>
                What the filters of {pipeline} make of it
              </Text>
              {preview.data.problem !== undefined ? (
                <Alert color="red" p="xs">
                  {preview.data.problem}
                </Alert>
              ) : sample?.before === undefined ? (
                <Text size="sm">Nothing came out within some seconds: a filter may hold it back.</Text>
              ) : sample.after.length === 0 ? (
                <Text size="sm">
                  Nothing comes out: it is dropped, or a condition can not be evaluated for it.
                </Text>
              ) : (
                sample.after.map((after, at) => (
                  <EventDiff key={String(at)} before={sample.before!} after={after} all without={REPLAYED} />
                ))
              )}
            </div>
          )}
        </>
      )}
    </Stack>
  );
}

function jsonProblem(text: string): string | undefined {
  if (text === '') return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? undefined
      : 'an event is a JSON object';
  } catch (error) {
    return (error as Error).message;
  }
}
