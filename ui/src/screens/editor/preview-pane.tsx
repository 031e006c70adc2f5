/** What the filters of the edit do to a sample: event by event, filter by filter. */
import {
  Alert,
  Badge,
  Button,
  Group,
  Loader,
  Stack,
  Switch,
  Text,
  TextInput,
  UnstyledButton,
} from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { notifications } from '@mantine/notifications';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import type { PreviewEvent, PreviewStep, Sample } from '../../../../src/server/contract.ts';
import { useMay } from '../../app/session.tsx';
import { ApiFailure, call } from '../../lib/api.ts';
import { numbered } from '../../lib/numbered.ts';
import { fieldsOf } from '../pipelines/event-diff.ts';
import { EventDiff, EventFields } from '../pipelines/event-view.tsx';
import type { Edit } from './drafts.ts';
import { SampleBox } from './sample-box.tsx';

export interface PreviewPaneProps {
  readonly pipeline: string;
  readonly inputs: readonly string[];
  readonly codecs: readonly string[];
  readonly edits: readonly Edit[];
  readonly sample: Sample;
  readonly changeSample: (sample: Sample) => void;
  /** Fields that events have, for completion. */
  readonly seen: (fields: readonly string[]) => void;
  readonly go: (file: string | undefined, line: number) => void;
  readonly openTests: (file: string) => void;
}

export function PreviewPane(props: PreviewPaneProps) {
  const { pipeline, inputs, codecs, edits, sample, changeSample, seen, go } = props;
  const [all, setAll] = useState(false);
  const [asked] = useDebouncedValue({ pipeline, edits, sample }, 400);
  const { data, error, isFetching } = useQuery({
    queryKey: ['configs', 'preview', asked],
    queryFn: ({ signal }) =>
      call('POST /api/configs/preview', {
        body: { pipeline: asked.pipeline, edits: [...asked.edits], sample: asked.sample },
        signal,
      }),
    enabled: asked.sample.text.trim() !== '',
    placeholderData: (before) => before,
    retry: false,
    gcTime: 10_000,
  });
  useEffect(() => {
    if (!data) return;
    const names = data.events.flatMap(({ given, results }) => [
      ...fieldsOf(given).keys(),
      ...results.flatMap(({ event }) => [...fieldsOf(event).keys()]),
    ]);
    if (names.length > 0) seen([...new Set(names)]);
  }, [data, seen]);
  const wrong = data?.findings.find(({ severity }) => severity === 'error');
  const isEmpty = sample.text.trim() === '';
  return (
    <Stack gap="sm">
      <SampleBox pipeline={pipeline} inputs={inputs} codecs={codecs} sample={sample} change={changeSample} />
      {isEmpty ? (
        <Text size="sm" c="dimmed">
          Paste a record or an event, take live ones, or choose a saved sample. What the filters make of it is
          shown here while you edit. Nothing is sent: inputs and outputs stay closed.
        </Text>
      ) : error ? (
        <Alert color="red" role="alert" title="No preview">
          <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
            {error.message}
          </Text>
          {error instanceof ApiFailure && error.hint !== undefined && <Text size="sm">{error.hint}</Text>}
        </Alert>
      ) : wrong ? (
        <Alert color="red" title="The config has errors">
          <UnstyledButton className="config-link" onClick={() => go(wrong.file, wrong.line)}>
            <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
              {wrong.name}:{wrong.line}: {wrong.message}
            </Text>
          </UnstyledButton>
        </Alert>
      ) : data?.error !== undefined ? (
        <Alert color="red" role="alert" title="No preview">
          <Text size="sm" style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
            {data.error}
          </Text>
        </Alert>
      ) : data ? (
        <>
          <Group justify="space-between" gap="xs">
            <Text size="xs" c="dimmed" className="numbers" role="status">
              {data.events.length} in,{' '}
              {data.events.reduce((sum, { results }) => sum + results.length, 0) + data.flushed.length} out,{' '}
              {Math.max(1, Math.round(data.millis))} ms
              {isFetching && <Loader size={10} ml={6} aria-label="Working" />}
            </Text>
            <Switch
              size="xs"
              label="All fields"
              checked={all}
              onChange={({ currentTarget }) => setAll(currentTarget.checked)}
            />
          </Group>
          <Stack gap="sm" component="ol" m={0} p={0} style={{ listStyle: 'none' }} aria-label="Preview">
            {numbered(data.events).map(({ item: event, place }) => (
              <li key={place}>
                <One event={event} number={place + 1} all={all} go={go} />
              </li>
            ))}
            {data.flushed.length > 0 && (
              <li>
                <Text size="sm" fw={600}>
                  Made when filters were flushed
                </Text>
                {numbered(data.flushed).map(({ item, place }) => (
                  <EventFields key={place} text={item.event} kind="added" />
                ))}
              </li>
            )}
          </Stack>
          <SaveTest {...props} />
        </>
      ) : (
        <Group gap="xs">
          <Loader size="xs" aria-label="Working" />
          <Text size="sm" c="dimmed">
            Trying it out…
          </Text>
        </Group>
      )}
    </Stack>
  );
}

interface OneProps {
  readonly event: PreviewEvent;
  readonly number: number;
  readonly all: boolean;
  readonly go: PreviewPaneProps['go'];
}

function One({ event: { given, steps, results }, number, all, go }: OneProps) {
  const [open, setOpen] = useState(number <= 3);
  return (
    <section aria-label={`Event ${number}`} className="config-event">
      <UnstyledButton aria-expanded={open} onClick={() => setOpen(!open)} w="100%">
        <Group gap={6} justify="space-between">
          <Text size="sm" fw={600}>
            Event {number}
          </Text>
          <Group gap={4}>
            {steps.some(({ outcome }) => outcome === 'failed') && (
              <Badge size="sm" color="red" variant="outline">
                a filter failed
              </Badge>
            )}
            {results.length === 0 && (
              <Badge size="sm" color="orange" variant="outline">
                dropped
              </Badge>
            )}
            {results.length > 1 && (
              <Badge size="sm" variant="outline">
                {results.length} events
              </Badge>
            )}
          </Group>
        </Group>
      </UnstyledButton>
      {open && (
        <Stack gap={6} mt={4}>
          {steps.length === 0 && (
            <Text size="xs" c="dimmed">
              No filter meets this event.
            </Text>
          )}
          {numbered(steps).map(({ item, place }) => (
            <Step key={place} step={item} go={go} />
          ))}
          {numbered(results).map(({ item: { event, outputs }, place }) => (
            <div key={place}>
              <Text size="xs" fw={600} mt={4}>
                {results.length > 1 ? `Result ${place + 1}` : 'Before and after'}
                <Text span c="dimmed" inherit fw={400}>
                  {outputs.length > 0 ? `, goes to ${outputs.join(', ')}` : ', goes to no output'}
                </Text>
              </Text>
              <EventDiff before={given} after={event} all={all} />
            </div>
          ))}
          {results.length === 0 && <EventFields text={given} kind="removed" />}
        </Stack>
      )}
    </section>
  );
}

const outcomes = {
  matched: '',
  'not matched': 'changed nothing',
  dropped: 'dropped it',
  failed: 'failed',
} as const;

function Step({ step, go }: { readonly step: PreviewStep; readonly go: PreviewPaneProps['go'] }) {
  const { name, file, line, outcome, changes, made, ofMade, error } = step;
  const quiet = outcome === 'not matched' && changes.length === 0;
  return (
    <div className="config-step" data-outcome={outcome}>
      <Text size="xs" {...(quiet && { c: 'dimmed' })}>
        <UnstyledButton className="config-link" onClick={() => go(file, line)} fz="inherit">
          {name}, line {line}
        </UnstyledButton>
        {ofMade && ' (of an event that was made)'}
        {outcomes[outcome] !== '' && `: ${outcomes[outcome]}`}
        {made > 0 && `, made ${made} ${made === 1 ? 'event' : 'events'}`}
      </Text>
      {error !== undefined && (
        <Text size="xs" c="var(--mantine-color-error)" style={{ overflowWrap: 'anywhere' }}>
          {error}
        </Text>
      )}
      {changes.length > 0 && (
        <table className="tap-fields mono">
          <tbody>
            {changes.map(({ kind, field, before, after }) => (
              <tr key={field} className={kind === 'changed' ? undefined : `tap-${kind}`}>
                <td style={{ width: 22 }}>
                  <span aria-hidden>{{ added: '+', removed: '−', changed: '~' }[kind]}</span>
                  <span className="only-heard">{kind}</span>
                </td>
                <th scope="row" style={{ width: '36%' }}>
                  {field}
                </th>
                <td>
                  {kind === 'changed' ? (
                    <>
                      <del className="tap-removed">{cut(before)}</del>{' '}
                      <ins className="tap-added">{cut(after)}</ins>
                    </>
                  ) : (
                    cut(kind === 'added' ? after : before)
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </div>
  );
}

const cut = (text = ''): string =>
  text.length > 2000 ? `${text.slice(0, 2000)}… (${text.length} characters)` : text;

function SaveTest({ pipeline, edits, sample, openTests }: PreviewPaneProps) {
  const may = useMay('operator');
  const client = useQueryClient();
  const [name, setName] = useState('');
  const save = useMutation({
    mutationFn: () =>
      call('POST /api/configs/tests/save', {
        body: { pipeline, edits: [...edits], sample, name: name.trim() },
      }),
    onSuccess: ({ file, name: written }) => {
      setName('');
      notifications.show({ color: 'teal', title: 'Saved as a test', message: written });
      void client.invalidateQueries({ queryKey: ['configs'], exact: true });
      openTests(file);
    },
    onError: (error) => notifications.show({ color: 'red', title: 'Not saved', message: error.message }),
  });
  if (!may) return null;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (name.trim() !== '') save.mutate();
      }}
    >
      <Group gap="xs" align="flex-end">
        <TextInput
          size="xs"
          label="Save as a test"
          description="The sample, and what comes of it now, in a file that millrace test runs, too"
          placeholder="What it shows, in words"
          maxLength={200}
          value={name}
          onChange={({ currentTarget }) => setName(currentTarget.value)}
          style={{ flex: 1 }}
        />
        <Button
          size="xs"
          variant="default"
          type="submit"
          disabled={name.trim() === ''}
          loading={save.isPending}
        >
          Save test
        </Button>
      </Group>
    </form>
  );
}
