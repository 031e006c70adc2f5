/** What goes into a preview: pasted, saved, or taken from a running pipeline. */
import {
  ActionIcon,
  Autocomplete,
  Button,
  Group,
  Popover,
  SegmentedControl,
  Select,
  Stack,
  Text,
  Textarea,
  TextInput,
  Tooltip,
  UnstyledButton,
} from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconBookmark, IconPlayerRecord, IconTrash } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import type { Sample } from '../../../../src/server/contract.ts';
import { useMay } from '../../app/session.tsx';
import { call, listen } from '../../lib/api.ts';
import { readable } from '../pipelines/event-diff.ts';

const SAMPLES = ['configs', 'samples'];
const MAX_TAPPED = 20;
/** Seconds to wait for events of a tap. */
const TAP_SECONDS = 8;

export interface SampleBoxProps {
  readonly pipeline: string;
  /** Ids or names. */
  readonly inputs: readonly string[];
  readonly codecs: readonly string[];
  readonly sample: Sample;
  readonly change: (sample: Sample) => void;
}

export function SampleBox({ pipeline, inputs, codecs, sample, change }: SampleBoxProps) {
  const isLines = sample.kind === 'lines';
  const set = (part: Partial<Sample>): void => {
    const next = { ...sample, ...part };
    for (const name of ['codec', 'input'] as const) if (!next[name]) delete next[name];
    change(next);
  };
  return (
    <Stack gap="xs">
      <Group justify="space-between" gap="xs">
        <SegmentedControl
          size="xs"
          aria-label="What the sample holds"
          value={sample.kind}
          onChange={(kind) => set({ kind: kind as Sample['kind'] })}
          data={[
            { value: 'lines', label: 'Raw records' },
            { value: 'events', label: 'Events (JSON)' },
          ]}
        />
        <Group gap={4}>
          <Tapping pipeline={pipeline} take={change} />
          <Saved pipeline={pipeline} sample={sample} take={change} />
        </Group>
      </Group>
      <Textarea
        aria-label="Sample"
        autosize
        minRows={3}
        maxRows={10}
        maxLength={1_000_000}
        value={sample.text}
        onChange={({ currentTarget }) => set({ text: currentTarget.value })}
        placeholder={
          isLines
            ? 'Paste records as they arrive, one in each line'
            : '{"message": "…"}, a list of objects, or one object in each line'
        }
        styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)', fontSize: 12 } }}
        spellCheck={false}
      />
      <Group gap="xs" grow>
        {inputs.length > 1 && (
          <Select
            size="xs"
            label="Input"
            placeholder={isLines ? 'which one reads them' : 'none'}
            clearable
            data={[...new Set(inputs)]}
            value={sample.input ?? null}
            onChange={(input) => set({ input: input ?? '' })}
          />
        )}
        {isLines && (
          <Autocomplete
            size="xs"
            label="Codec"
            placeholder="that of the input"
            data={[...codecs]}
            value={sample.codec ?? ''}
            onChange={(codec) => set({ codec })}
          />
        )}
      </Group>
    </Stack>
  );
}

/** Events of the running pipeline as they come from its inputs. */
function Tapping({ pipeline, take }: { readonly pipeline: string; readonly take: (sample: Sample) => void }) {
  const may = useMay('operator');
  const [left, setLeft] = useState<number>();
  const stop = useRef<(() => void) | undefined>(undefined);
  useEffect(() => () => stop.current?.(), []);
  if (!may) return null;
  const start = (): void => {
    const seen: string[] = [];
    let seconds = TAP_SECONDS;
    setLeft(seconds);
    const end = (problem?: string): void => {
      stop.current?.();
      stop.current = undefined;
      setLeft(undefined);
      if (seen.length > 0) take({ kind: 'events', text: seen.join('\n') });
      else
        notifications.show({
          color: problem === undefined ? 'yellow' : 'red',
          title: 'No events',
          message: problem ?? `No event passed ${pipeline} within ${TAP_SECONDS} seconds.`,
        });
    };
    const ticking = setInterval(() => {
      seconds--;
      if (seconds <= 0 || seen.length >= MAX_TAPPED) end();
      else setLeft(seconds);
    }, 1000);
    const close = listen(
      'GET /api/pipelines/:id/tap',
      { params: { id: pipeline }, query: { node: '', rate: 10 } },
      {
        event: ({ samples, ended }) => {
          for (const { before } of samples)
            if (before !== undefined && seen.length < MAX_TAPPED) seen.push(onOneLine(before));
          if (seen.length >= MAX_TAPPED) end();
          else if (ended) end('The pipeline does not run.');
        },
        problem: end,
      },
    );
    stop.current = () => {
      clearInterval(ticking);
      close();
    };
  };
  const cancel = (): void => {
    stop.current?.();
    stop.current = undefined;
    setLeft(undefined);
  };
  return left === undefined ? (
    <Tooltip label="Take up to 20 events from the running pipeline">
      <Button
        size="compact-xs"
        variant="default"
        leftSection={<IconPlayerRecord size={14} aria-hidden />}
        onClick={start}
      >
        Take live events
      </Button>
    </Tooltip>
  ) : (
    <Button size="compact-xs" variant="light" onClick={cancel}>
      Listening… {left} s
    </Button>
  );
}

/** JSON in one line; texts of JSON have no line breaks of their own. */
const onOneLine = (encoded: string): string => readable(encoded).replace(/\n\s*/g, ' ');

function Saved({
  pipeline,
  sample,
  take,
}: {
  readonly pipeline: string;
  readonly sample: Sample;
  readonly take: (sample: Sample) => void;
}) {
  const client = useQueryClient();
  const [opened, setOpened] = useState(false);
  const [name, setName] = useState('');
  const { data } = useQuery({
    queryKey: SAMPLES,
    queryFn: ({ signal }) => call('GET /api/configs/samples', { signal }),
  });
  const known = (answer: object): void => void client.setQueryData(SAMPLES, answer);
  const fail = (error: Error): void =>
    void notifications.show({ color: 'red', title: 'Samples', message: error.message });
  const save = useMutation({
    mutationFn: () => call('PUT /api/configs/samples', { body: { name: name.trim(), pipeline, sample } }),
    onSuccess: (answer) => {
      known(answer);
      setName('');
    },
    onError: fail,
  });
  const remove = useMutation({
    mutationFn: (gone: string) => call('DELETE /api/configs/samples/:name', { params: { name: gone } }),
    onSuccess: known,
    onError: fail,
  });
  const samples = data?.samples ?? [];
  return (
    <Popover opened={opened} onChange={setOpened} position="bottom-end" width={300} trapFocus returnFocus>
      <Popover.Target>
        <Button
          size="compact-xs"
          variant="default"
          leftSection={<IconBookmark size={14} aria-hidden />}
          onClick={() => setOpened((before) => !before)}
        >
          Saved
        </Button>
      </Popover.Target>
      <Popover.Dropdown aria-label="Saved samples" p="xs">
        <Text size="xs" c="dimmed" fw={500} px={6} pb={4}>
          {samples.length === 0 ? 'No samples are saved yet.' : 'Saved samples'}
        </Text>
        {samples.length > 0 && (
          <ul className="config-samples" aria-label="Saved samples">
            {samples.map((each) => (
              <li key={each.name}>
                <UnstyledButton
                  className="config-sample"
                  onClick={() => {
                    take(each.sample);
                    setOpened(false);
                  }}
                >
                  <Text size="sm" truncate title={each.name}>
                    {each.name}
                  </Text>
                  <Text size="xs" c="dimmed" truncate>
                    {each.pipeline}
                  </Text>
                </UnstyledButton>
                <ActionIcon
                  variant="subtle"
                  color="gray"
                  aria-label={`Delete sample ${each.name}`}
                  onClick={() => remove.mutate(each.name)}
                >
                  <IconTrash size={15} aria-hidden />
                </ActionIcon>
              </li>
            ))}
          </ul>
        )}
        <form
          onSubmit={(event) => {
            event.preventDefault();
            if (name.trim() !== '' && sample.text !== '') save.mutate();
          }}
        >
          <Group gap={6} pt={6} wrap="nowrap">
            <TextInput
              size="xs"
              aria-label="Name of the sample"
              placeholder="Name of this sample"
              maxLength={100}
              value={name}
              onChange={({ currentTarget }) => setName(currentTarget.value)}
              style={{ flex: 1 }}
            />
            <Button
              size="xs"
              type="submit"
              disabled={name.trim() === '' || sample.text === ''}
              loading={save.isPending}
            >
              Save
            </Button>
          </Group>
        </form>
      </Popover.Dropdown>
    </Popover>
  );
}
