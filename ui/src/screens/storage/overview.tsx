/** The store at a glance: health, size, growth, disk, and when that is full. */
import { Alert, Card, Group, SimpleGrid, Stack, Text, Title, Tooltip } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import type { Storage, StorageGrowth } from '../../../../src/server/contract.ts';
import { count, exact } from '../pipelines/format.ts';
import { HealthLabel, HealthMark } from '../pipelines/health.tsx';
import { DayChart, ForecastChart } from './charts.tsx';
import { DAY, day, distance, plural, size } from './format.ts';

export function Overview({ storage, now }: { readonly storage: Storage; readonly now: number }) {
  const { growth, freeBytes, indices } = storage;
  return (
    <Stack gap="md">
      <Damage storage={storage} />
      <Facts storage={storage} />
      {indices.length > 0 && (
        <SimpleGrid cols={{ base: 1, md: 2 }} spacing="md">
          <Card withBorder p="sm">
            <Title order={2} size="h6">
              Arrivals by day
            </Title>
            <Text size="xs" c="dimmed" mb={4}>
              Bytes in the store by the day they came, UTC, whatever time the events bear.
            </Text>
            <DayChart days={growth.days} />
          </Card>
          <Card withBorder p="sm">
            <Title order={2} size="h6">
              Disk forecast
            </Title>
            <Group gap={6} mb={4} wrap="nowrap" align="flex-start">
              {isSoon(growth, now) && (
                <HealthMark status={isSoon(growth, now) === 'now' ? 'red' : 'yellow'} size={14} />
              )}
              <Text size="xs" c="dimmed" data-testid="forecast">
                {forecastText(growth, now)}
              </Text>
            </Group>
            {growth.perDay !== undefined && <ForecastChart growth={growth} freeBytes={freeBytes} now={now} />}
          </Card>
        </SimpleGrid>
      )}
    </Stack>
  );
}

/** Worth a sign: within two weeks, or two days. */
function isSoon({ fullAt }: StorageGrowth, now: number): 'soon' | 'now' | undefined {
  if (fullAt === undefined || fullAt - now > 14 * DAY) return undefined;
  return fullAt - now < 2 * DAY ? 'now' : 'soon';
}

export function forecastText({ perDay, fullAt, peak }: StorageGrowth, now: number): string {
  if (perDay === undefined || peak === undefined) return 'Known when the first events came an hour ago.';
  const rate = `at ${size(perDay)} a day, with what retention deletes`;
  if (fullAt !== undefined) return `Full in ${distance(fullAt - now)}, on ${day(fullAt)}, ${rate}.`;
  return `Not full within a year: ${size(peak)} at most, ${rate}.`;
}

function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <div className="storage-fact">
      <Text size="xs" c="dimmed">
        {name}
      </Text>
      {children}
    </div>
  );
}

function Facts({ storage }: { readonly storage: Storage }) {
  const { health, indices, segments, documents, bytes, unsealed, growth, archive, driver } = storage;
  return (
    <div className="storage-facts">
      <Fact name="Health">
        <div className="storage-figure">
          <HealthLabel status={health} />
        </div>
        <Text size="xs" c="dimmed">
          {driver === 'cluster' ? 'a cluster, ' : ''}
          {plural(indices.length, 'index', 'indices')}
          {segments > 0 && `, ${plural(segments, 'segment')}`}
        </Text>
      </Fact>
      <Fact name="Events">
        <Tooltip label={exact(documents)}>
          <span className="storage-figure">{count(documents)}</span>
        </Tooltip>
        <Text size="xs" c="dimmed">
          {unsealed > 0
            ? `${count(unsealed)} of them in memory and log`
            : documents > 0
              ? 'all in segments'
              : 'none yet'}
        </Text>
      </Fact>
      <Fact name="Size">
        <div className="storage-figure">{size(bytes)}</div>
        <Text size="xs" c="dimmed">
          {archive && archive.bytes > 0
            ? `${size(archive.bytes)} of it in the archive`
            : documents > 0
              ? `${exact(bytes / documents)} bytes an event`
              : 'nothing is stored'}
        </Text>
      </Fact>
      <Fact name="Growth">
        <div className="storage-figure">
          {growth.perDay === undefined ? '–' : `${size(growth.perDay)} a day`}
        </div>
        <Text size="xs" c="dimmed">
          {growth.documentsPerDay === undefined
            ? 'known an hour after the first event'
            : `${count(Math.round(growth.documentsPerDay))} events a day: what came in the last week, without bursts that are over`}
        </Text>
      </Fact>
      <Disk storage={storage} />
    </div>
  );
}

function Disk({ storage: { freeBytes, diskBytes, bytes, archive } }: { readonly storage: Storage }) {
  if (diskBytes === undefined || diskBytes === 0)
    return (
      <Fact name="Disk">
        <div className="storage-figure">{size(freeBytes)} free</div>
      </Fact>
    );
  const own = Math.min(bytes - (archive?.bytes ?? 0), diskBytes - freeBytes);
  const others = Math.max(0, diskBytes - freeBytes - own);
  const percent = (value: number): string => `${Math.max(0, (value / diskBytes) * 100).toFixed(1)}%`;
  return (
    <Fact name="Disk">
      <div className="storage-figure">{size(freeBytes)} free</div>
      <Tooltip
        label={`${size(own)} by the store, ${size(others)} by other files, ${size(freeBytes)} free of ${size(diskBytes)}`}
      >
        <div
          className="storage-disk"
          role="img"
          aria-label={`Of ${size(diskBytes)}: ${size(own)} by the store, ${size(others)} by other files, ${size(freeBytes)} free`}
        >
          <div className="storage-own" style={{ width: percent(own) }} />
          <div className="storage-others" style={{ width: percent(others) }} />
        </div>
      </Tooltip>
      <Text size="xs" c="dimmed">
        <span className="storage-key storage-own" />
        store <span className="storage-key storage-others" style={{ marginLeft: 8 }} />
        other files, of {size(diskBytes)}
      </Text>
    </Fact>
  );
}

/** What is wrong in words; of damaged files which and why. */
function Damage({ storage: { problems, quarantined, health } }: { readonly storage: Storage }) {
  const others = problems.filter((text) => !quarantined.some(({ file }) => text.startsWith(file)));
  return (
    <>
      {quarantined.length > 0 && (
        <Alert
          color="red"
          role="alert"
          icon={<IconAlertTriangle aria-hidden />}
          title={`${plural(quarantined.length, 'damaged segment is', 'damaged segments are')} left out of searches`}
        >
          <Stack gap={6}>
            {quarantined.slice(0, 10).map(({ file, reason, index, documents }) => (
              <div key={file}>
                <Text size="sm">
                  {index !== undefined && (
                    <>
                      <b className="storage-name">{index}</b>: {exact(documents ?? 0)} events;{' '}
                    </>
                  )}
                  {reason}
                </Text>
                <Text size="xs" c="dimmed" className="mono storage-name">
                  {file}
                </Text>
              </div>
            ))}
            {quarantined.length > 10 && <Text size="sm">and {exact(quarantined.length - 10)} more</Text>}
            <Text size="sm">
              The rest of the store serves as before. Bring the index back from a snapshot under another name,
              check the disk, then delete the damaged index.
            </Text>
          </Stack>
        </Alert>
      )}
      {others.length > 0 && (
        <Alert
          color={health === 'yellow' ? 'orange' : 'red'}
          role="alert"
          icon={<IconAlertTriangle aria-hidden />}
          title="The event store needs attention"
        >
          {others.map((text) => (
            <Text key={text} size="sm" style={{ overflowWrap: 'anywhere' }}>
              {text}
            </Text>
          ))}
        </Alert>
      )}
    </>
  );
}
