/** Which time is looked at: quick, relative and absolute ranges, and how often it is looked at again. */
import {
  ActionIcon,
  Button,
  Divider,
  Group,
  NativeSelect,
  NumberInput,
  Popover,
  SimpleGrid,
  Stack,
  Tabs,
  Text,
  TextInput,
  Tooltip,
} from '@mantine/core';
import { IconChevronLeft, IconChevronRight, IconClock } from '@tabler/icons-react';
import { useState } from 'react';
import classes from './discover.module.css';
import { inputTime, quickRanges, rangeLabel, refreshIntervals, relativeOf, units } from './time-range.ts';

export interface TimePickerProps {
  readonly from: string;
  readonly to: string;
  readonly refresh: number;
  readonly disabled: boolean;
  readonly onRange: (from: string, to: string) => void;
  readonly onRefresh: (seconds: number) => void;
  /** Of the last search, in milliseconds: for steps back and forth. */
  readonly resolved: { readonly from: number; readonly to: number } | undefined;
}

export function TimePicker({ from, to, refresh, disabled, onRange, onRefresh, resolved }: TimePickerProps) {
  const [opened, setOpened] = useState(false);
  const pick = (start: string, end: string): void => {
    setOpened(false);
    onRange(start, end);
  };
  const step = (direction: 1 | -1): void => {
    if (!resolved) return;
    const length = resolved.to - resolved.from + 1;
    const start = resolved.from + direction * length;
    onRange(new Date(start).toISOString(), new Date(start + length - 1).toISOString());
  };
  return (
    <Group gap={2} wrap="nowrap">
      <Tooltip label="Earlier">
        <ActionIcon
          variant="default"
          size={34}
          className={classes['step']}
          aria-label="Earlier"
          disabled={disabled}
          onClick={() => step(-1)}
        >
          <IconChevronLeft size={16} aria-hidden />
        </ActionIcon>
      </Tooltip>
      <Popover
        opened={opened}
        onChange={setOpened}
        position="bottom-end"
        width={440}
        trapFocus
        withinPortal
        shadow="md"
      >
        <Popover.Target>
          <Button
            variant="default"
            h={34}
            px="sm"
            maw="100%"
            disabled={disabled}
            leftSection={<IconClock size={16} aria-hidden />}
            aria-label={`Time range: ${rangeLabel(from, to)}`}
            onClick={() => setOpened(!opened)}
            styles={{ label: { fontWeight: 500, fontVariantNumeric: 'tabular-nums' } }}
          >
            {rangeLabel(from, to)}
            {refresh > 0 && (
              <Text span size="xs" c="dimmed" ml={6}>
                every {refresh < 60 ? `${refresh} s` : `${refresh / 60} min`}
              </Text>
            )}
          </Button>
        </Popover.Target>
        <Popover.Dropdown p="sm" maw="calc(100vw - 16px)" aria-label="Time range">
          <Tabs
            defaultValue={
              relativeOf(from, to) || quickRanges.some((one) => one.from === from) ? 'quick' : 'absolute'
            }
          >
            <Tabs.List mb="sm">
              <Tabs.Tab value="quick">Quick</Tabs.Tab>
              <Tabs.Tab value="relative">Relative</Tabs.Tab>
              <Tabs.Tab value="absolute">Absolute</Tabs.Tab>
            </Tabs.List>
            <Tabs.Panel value="quick">
              <SimpleGrid cols={2} spacing={2} verticalSpacing={2}>
                {quickRanges.map((range) => {
                  const active = range.from === from && range.to === to;
                  return (
                    <Button
                      key={range.label}
                      variant={active ? 'light' : 'subtle'}
                      color={active ? 'cyan' : 'gray'}
                      size="xs"
                      justify="flex-start"
                      aria-pressed={active}
                      onClick={() => pick(range.from, range.to)}
                    >
                      {range.label}
                    </Button>
                  );
                })}
              </SimpleGrid>
            </Tabs.Panel>
            <Tabs.Panel value="relative">
              <Relative from={from} to={to} onPick={pick} />
            </Tabs.Panel>
            <Tabs.Panel value="absolute">
              <Absolute from={from} to={to} resolved={resolved} onPick={pick} />
            </Tabs.Panel>
          </Tabs>
          <Divider my="sm" />
          <NativeSelect
            label="Search again every"
            size="xs"
            data={refreshIntervals}
            value={String(refresh)}
            onChange={({ currentTarget }) => onRefresh(Number(currentTarget.value))}
          />
        </Popover.Dropdown>
      </Popover>
      <Tooltip label="Later">
        <ActionIcon
          variant="default"
          size={34}
          className={classes['step']}
          aria-label="Later"
          disabled={disabled}
          onClick={() => step(1)}
        >
          <IconChevronRight size={16} aria-hidden />
        </ActionIcon>
      </Tooltip>
    </Group>
  );
}

type Pick = (from: string, to: string) => void;

function Relative({
  from,
  to,
  onPick,
}: {
  readonly from: string;
  readonly to: string;
  readonly onPick: Pick;
}) {
  const given = relativeOf(from, to);
  const [count, setCount] = useState<number | string>(given?.count ?? 15);
  const [unit, setUnit] = useState(given?.unit ?? 'm');
  const valid = Number.isInteger(count) && Number(count) >= 1;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (valid) onPick(`now-${count}${unit}`, 'now');
      }}
    >
      <Group align="flex-end" gap="xs">
        <NumberInput
          label="Last"
          size="xs"
          w={100}
          min={1}
          max={999_999}
          allowDecimal={false}
          value={count}
          onChange={setCount}
        />
        <NativeSelect
          label="Unit"
          size="xs"
          data={[...units]}
          value={unit}
          onChange={({ currentTarget }) => setUnit(currentTarget.value)}
        />
        <Button type="submit" size="xs" disabled={!valid}>
          Apply
        </Button>
      </Group>
    </form>
  );
}

function Absolute({
  from,
  to,
  resolved,
  onPick,
}: {
  readonly from: string;
  readonly to: string;
  readonly resolved: TimePickerProps['resolved'];
  readonly onPick: Pick;
}) {
  const [start, setStart] = useState(() => inputTime(from, resolved?.from ?? Date.now() - 900_000));
  const [end, setEnd] = useState(() => inputTime(to, resolved?.to ?? Date.now()));
  const starts = Date.parse(start);
  const ends = Date.parse(end);
  const wrong = Number.isNaN(starts) || Number.isNaN(ends) ? undefined : starts > ends;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (wrong === false) onPick(new Date(starts).toISOString(), new Date(ends).toISOString());
      }}
    >
      <Stack gap="xs">
        <TextInput
          type="datetime-local"
          step={1}
          size="xs"
          label="From"
          value={start}
          onChange={({ currentTarget }) => setStart(currentTarget.value)}
        />
        <TextInput
          type="datetime-local"
          step={1}
          size="xs"
          label="To"
          value={end}
          error={wrong === true && 'The range ends before it begins.'}
          onChange={({ currentTarget }) => setEnd(currentTarget.value)}
        />
        <Group justify="flex-end">
          <Button type="submit" size="xs" disabled={wrong !== false}>
            Apply
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
