/** Snapshots by the clock: when, where, how many are kept, and what came of the last one. */
import { Button, Card, Group, NumberInput, Select, Stack, Switch, Text, TextInput } from '@mantine/core';
import { IconAlertTriangle, IconCheck, IconClock } from '@tabler/icons-react';
import { useState } from 'react';
import type { SnapshotScheduleView, Storage } from '../../../../src/server/contract.ts';
import { call } from '../../lib/api.ts';
import { Dialogue } from '../settings/dialogue.tsx';
import { Ago } from '../settings/times.tsx';
import { distance, minute, plural } from './format.ts';

export interface ScheduleProps {
  readonly storage: Storage;
  readonly mayS3: boolean;
  readonly refresh: () => void;
}

export function ScheduleCard({ storage, mayS3, refresh }: ScheduleProps) {
  const [isChanging, setIsChanging] = useState(false);
  const { schedule } = storage;
  const isOthers = schedule !== undefined && schedule.place.includes('://') && !mayS3;
  return (
    <Card withBorder p="sm" component="section" aria-label="Scheduled snapshots">
      <Group justify="space-between" align="flex-start" wrap="nowrap" gap="sm">
        <Stack gap={2} style={{ minWidth: 0 }}>
          <Group gap={6} wrap="nowrap" align="flex-start">
            <IconClock size={15} aria-hidden style={{ flex: 'none', marginTop: 3 }} />
            <Text size="sm" fw={500}>
              {schedule ? sentence(schedule) : 'No snapshots are made by the clock'}
            </Text>
          </Group>
          {schedule ? (
            <Outcome schedule={schedule} />
          ) : (
            <Text size="xs" c="dimmed">
              A snapshot every night is what brings events back after a disk has failed, if it is made to
              another one.
            </Text>
          )}
          {schedule?.isFixed && (
            <Text size="xs" c="dimmed">
              From the settings file: <code>store.snapshot.schedule</code>, <code>.target</code> and{' '}
              <code>.keep</code> are changed there.
            </Text>
          )}
        </Stack>
        {!schedule?.isFixed && (
          <Button
            size="xs"
            variant="default"
            style={{ flex: 'none' }}
            disabled={isOthers}
            title={isOthers ? 'Copies in S3 are for administrators' : undefined}
            onClick={() => setIsChanging(true)}
          >
            {schedule ? 'Change' : 'Set a schedule'}
          </Button>
        )}
      </Group>
      {isChanging && (
        <ChangeSchedule
          storage={storage}
          mayS3={mayS3}
          onClose={() => setIsChanging(false)}
          onDone={refresh}
        />
      )}
    </Card>
  );
}

const hours = (when: string): number => Number(when.slice(0, -1));

function sentence({ when, place, keep }: SnapshotScheduleView): string {
  const time = when.includes(':') ? `Every day at ${when} UTC` : `Every ${plural(hours(when), 'hour')}`;
  return `${time}${place === '' ? '' : ` to ${place}`}; the latest ${keep} are kept`;
}

function Outcome({ schedule: { last, next } }: { readonly schedule: SnapshotScheduleView }) {
  const soon = `The next one ${minute(next)} UTC, in ${distance(Math.max(0, next - Date.now()))}.`;
  if (!last)
    return (
      <Text size="xs" c="dimmed">
        None was made yet. {soon}
      </Text>
    );
  const Icon = last.problem === undefined ? IconCheck : IconAlertTriangle;
  return (
    <>
      <Group gap={6} wrap="nowrap" align="flex-start">
        <Icon
          size={14}
          aria-hidden
          style={{ flex: 'none', marginTop: 2 }}
          color={last.problem === undefined ? 'var(--mantine-color-dimmed)' : 'var(--mantine-color-error)'}
        />
        <Text
          size="xs"
          style={{ overflowWrap: 'anywhere' }}
          {...(last.problem === undefined ? { c: 'dimmed' } : { c: 'var(--mantine-color-error)' })}
        >
          {last.problem === undefined ? 'The last one was made ' : 'The last one failed '}
          <Ago time={last.ended} />
          {last.problem === undefined ? '.' : `: ${last.problem}. It is tried again every ten minutes.`}
        </Text>
      </Group>
      <Text size="xs" c="dimmed">
        {soon}
      </Text>
    </>
  );
}

const rhythms = [
  { value: 'day', label: 'Every day' },
  ...[1, 2, 3, 4, 6, 8, 12].map((each) => ({ value: `${each}h`, label: `Every ${plural(each, 'hour')}` })),
];

interface ChangeProps {
  readonly storage: Storage;
  readonly mayS3: boolean;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

function ChangeSchedule({ storage: { schedule, driver }, mayS3, onClose, onDone }: ChangeProps) {
  const [isOn, setIsOn] = useState(true);
  const [rhythm, setRhythm] = useState(schedule?.when.includes(':') === false ? schedule.when : 'day');
  const [time, setTime] = useState(schedule?.when.includes(':') ? schedule.when : '02:30');
  const [place, setPlace] = useState(schedule?.place ?? '');
  const [keep, setKeep] = useState<number | string>(schedule?.keep ?? 7);
  const isCluster = driver === 'cluster';
  const isTime = /^([01]?\d|2[0-3]):[0-5]\d$/.test(time);
  const isKeep = typeof keep === 'number' && Number.isInteger(keep) && keep >= 1;
  const isWhole = (rhythm !== 'day' || isTime) && isKeep && !(isCluster && place.trim() === '');
  const data = rhythms.some(({ value }) => value === rhythm)
    ? rhythms
    : [...rhythms, { value: rhythm, label: `Every ${plural(hours(rhythm), 'hour')}` }];
  return (
    <Dialogue
      title="Scheduled snapshots"
      submit="Save"
      disabled={isOn && !isWhole}
      onClose={onClose}
      onSubmit={async () => {
        const when = rhythm === 'day' ? time : rhythm;
        await call('PUT /api/storage/schedule', {
          body: { schedule: isOn ? { when, place: place.trim(), keep: Number(keep) } : null },
        });
        onDone();
      }}
    >
      <Switch
        label="Make snapshots by the clock"
        checked={isOn}
        onChange={({ currentTarget }) => setIsOn(currentTarget.checked)}
      />
      {isOn && (
        <>
          <Group grow align="flex-start">
            <Select
              label="How often"
              data={data}
              value={rhythm}
              allowDeselect={false}
              onChange={(value) => setRhythm(value ?? 'day')}
            />
            {rhythm === 'day' && (
              <TextInput
                label="At (UTC)"
                placeholder="02:30"
                value={time}
                error={isTime ? undefined : 'hours and minutes'}
                onChange={({ currentTarget }) => setTime(currentTarget.value)}
              />
            )}
          </Group>
          {(mayS3 || isCluster) && (
            <TextInput
              label={isCluster ? 'Repository of the cluster' : 'Where'}
              description={
                isCluster
                  ? 'By the name that it is registered with'
                  : 's3://bucket/prefix with the credentials of the settings; empty: the folder for snapshots'
              }
              placeholder={isCluster ? 'backup' : 's3://bucket/prefix'}
              value={place}
              onChange={({ currentTarget }) => setPlace(currentTarget.value)}
            />
          )}
          <NumberInput
            label="Keep"
            description="So many of the snapshots that were made by the clock; older ones are deleted. Yours stay."
            min={1}
            max={10_000}
            allowDecimal={false}
            value={keep}
            onChange={setKeep}
          />
        </>
      )}
      {!isOn && <Text size="sm">Snapshots that were made stay.</Text>}
    </Dialogue>
  );
}
