/** Live events at a node: before, after, and what changed. */
import {
  Alert,
  Badge,
  Button,
  Card,
  Checkbox,
  Group,
  NativeSelect,
  ScrollArea,
  Stack,
  Text,
  TextInput,
} from '@mantine/core';
import { IconPlayerPause, IconPlayerPlay, IconPlayerStop } from '@tabler/icons-react';
import { memo, useEffect, useMemo, useRef, useState } from 'react';
import type { TapAnswer, TapSample } from '../../../../src/server/contract.ts';
import { useMay } from '../../app/session.tsx';
import { listen } from '../../lib/api.ts';
import { EventDiff, EventFields } from './event-view.tsx';
import { count, exactTime } from './format.ts';

/** Kept; older ones are forgotten. */
const MAX_SAMPLES = 200;

interface Kept extends TapSample {
  readonly key: number;
}

export interface TapProps {
  readonly pipeline: string;
  /** Empty: the whole pipeline. */
  readonly node: string;
  readonly rate: number;
  readonly setRate: (rate: number) => void;
}

export function Tap({ pipeline, node, rate, setRate }: TapProps) {
  const may = useMay('operator');
  const [running, setRunning] = useState(false);
  const [paused, setPaused] = useState(false);
  const [samples, setSamples] = useState<readonly Kept[]>([]);
  const [skipped, setSkipped] = useState(0);
  const [partial, setPartial] = useState(false);
  const [note, setNote] = useState<{ readonly text: string; readonly bad: boolean }>();
  const [filter, setFilter] = useState('');
  const [all, setAll] = useState(false);
  const isPaused = useRef(false);
  isPaused.current = paused;
  const next = useRef(0);
  useEffect(() => {
    if (!running) return undefined;
    setNote(undefined);
    const end = (text: string, bad: boolean): void => {
      setNote({ text, bad });
      setRunning(false);
    };
    const stop = listen(
      'GET /api/pipelines/:id/tap',
      { params: { id: pipeline }, query: { node, rate } },
      {
        event: (answer: TapAnswer) => {
          if (answer.partial) setPartial(true);
          if (answer.ended) {
            stop();
            end(
              answer.ended === 'time'
                ? 'The tap has ended by itself after five minutes.'
                : 'The pipeline is gone.',
              false,
            );
          }
          if (isPaused.current) {
            setSkipped((before) => before + answer.samples.length + answer.skipped);
            return;
          }
          if (answer.skipped > 0) setSkipped((before) => before + answer.skipped);
          if (answer.samples.length > 0)
            setSamples((before) => [
              ...answer.samples.map((sample) => ({ ...sample, key: next.current++ })).reverse(),
              ...before.slice(0, MAX_SAMPLES - answer.samples.length),
            ]);
        },
        problem: (text) => end(text, true),
      },
    );
    return stop;
  }, [running, pipeline, node, rate]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another node, another tap
  useEffect(() => {
    setSamples([]);
    setSkipped(0);
    setPartial(false);
    setNote(undefined);
  }, [pipeline, node]);
  const shown = useMemo(() => {
    const wanted = filter.trim().toLowerCase();
    return wanted === ''
      ? samples
      : samples.filter(({ before = '', after }) =>
          `${before}\n${after.join('\n')}`.toLowerCase().includes(wanted),
        );
  }, [samples, filter]);
  if (!may)
    return (
      <Alert color="gray" title="A tap shows events as they are">
        Secrets and @metadata among them, so it needs the role operator. Ask an administrator.
      </Alert>
    );
  return (
    <Stack gap="xs" style={{ flex: 1, minHeight: 0 }}>
      <Group gap="xs" align="flex-end">
        {running ? (
          <>
            <Button
              size="xs"
              variant="default"
              leftSection={<IconPlayerStop size={15} aria-hidden />}
              onClick={() => setRunning(false)}
            >
              Stop
            </Button>
            <Button
              size="xs"
              variant="default"
              aria-pressed={paused}
              leftSection={
                paused ? <IconPlayerPlay size={15} aria-hidden /> : <IconPlayerPause size={15} aria-hidden />
              }
              onClick={() => setPaused(!paused)}
            >
              {paused ? 'Go on' : 'Pause'}
            </Button>
          </>
        ) : (
          <Button
            size="xs"
            leftSection={<IconPlayerPlay size={15} aria-hidden />}
            onClick={() => {
              setPaused(false);
              setRunning(true);
            }}
          >
            Start tap
          </Button>
        )}
        <NativeSelect
          size="xs"
          aria-label="Events a second at most"
          value={String(rate)}
          onChange={({ currentTarget }) => setRate(Number(currentTarget.value))}
          data={[
            { value: '1', label: '1 event/s' },
            { value: '10', label: '10 events/s' },
            { value: '50', label: '50 events/s' },
            { value: '100', label: '100 events/s' },
          ]}
        />
        <TextInput
          size="xs"
          style={{ flex: 1, minWidth: 120 }}
          aria-label="Only events with this text"
          placeholder="Only events with this text"
          value={filter}
          onChange={({ currentTarget }) => setFilter(currentTarget.value)}
        />
        <Checkbox
          size="xs"
          label="All fields"
          checked={all}
          onChange={({ currentTarget }) => setAll(currentTarget.checked)}
          mb={6}
        />
      </Group>
      {note && (
        <Alert color={note.bad ? 'red' : 'gray'} role="status" p="xs">
          {note.text}
        </Alert>
      )}
      <Text size="xs" c="dimmed" role="status">
        {samples.length === 0
          ? running
            ? 'Waiting for an event to pass…'
            : 'Shows a sample of the events that pass, before and after. It ends by itself after five minutes, and is noted in the audit log.'
          : `${shown.length === samples.length ? samples.length : `${shown.length} of ${samples.length}`} samples${
              skipped > 0 ? `, ${count(skipped)} not shown` : ''
            }${paused && running ? ', paused' : ''}`}
        {partial && ' Fields that nothing in this pipeline reads are not built, and so are not here.'}
      </Text>
      <ScrollArea
        style={{ flex: 1, minHeight: 200 }}
        type="auto"
        viewportProps={{ tabIndex: 0, 'aria-label': 'Samples', role: 'region' }}
      >
        <Stack gap={6} component="ol" p={0} m={0} style={{ listStyle: 'none' }}>
          {shown.map((sample) => (
            <Sample key={sample.key} sample={sample} all={all} />
          ))}
        </Stack>
      </ScrollArea>
    </Stack>
  );
}

const Sample = memo(function Sample({ sample, all }: { readonly sample: TapSample; readonly all: boolean }) {
  const { before, after, more } = sample;
  const fate =
    after.length === 0
      ? 'dropped'
      : before === undefined
        ? undefined
        : after.length + (more ?? 0) > 1
          ? `became ${after.length + (more ?? 0)}`
          : undefined;
  return (
    <Card withBorder p={8} component="li">
      <Group gap="xs" mb={4}>
        <Text size="xs" c="dimmed" className="numbers">
          {exactTime(sample.at)}
        </Text>
        {fate !== undefined && (
          <Badge size="sm" variant="default">
            {fate}
          </Badge>
        )}
      </Group>
      {before === undefined ? (
        after.map((text, at) => <EventFields key={`${sample.at} ${String(at)}`} text={text} />)
      ) : after.length === 0 ? (
        <EventFields text={before} kind="removed" />
      ) : (
        <Stack gap={8}>
          {after.map((text, at) => (
            <EventDiff key={`${sample.at} ${String(at)}`} before={before} after={text} all={all} />
          ))}
        </Stack>
      )}
    </Card>
  );
});
