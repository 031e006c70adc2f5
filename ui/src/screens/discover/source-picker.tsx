/** Which indices are looked at: families of daily indices as one. */
import { Button, Checkbox, Popover, ScrollArea, Stack, Text } from '@mantine/core';
import { IconDatabase } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { call } from '../../lib/api.ts';
import { visible } from '../../lib/visible.ts';
import classes from './discover.module.css';
import { showCount } from './values.ts';

/** `logs-2026.11.20` → `logs-*` */
const familyOf = (index: string): string =>
  index
    .replace(/^\.ds-/, '')
    .replace(/[-_.]?\d{4}[.-]\d{2}(?:[.-]\d{2})?(?:[-_]\d{1,6})?$|-\d{6}$/, (date) =>
      date.startsWith('-') || date.startsWith('_') ? `${date[0]}*` : '*',
    );

export function SourcePicker({
  chosen,
  disabled,
  onChange,
}: {
  readonly chosen: readonly string[];
  readonly disabled?: boolean;
  readonly onChange: (sources: string[]) => void;
}) {
  const [opened, setOpened] = useState(false);
  const { data, error } = useQuery({
    queryKey: ['events', 'indices'],
    queryFn: ({ signal }) => call('GET /api/events/indices', { signal }),
    staleTime: 30_000,
    enabled: opened,
  });
  const families = useMemo(() => {
    const counts = new Map<string, number>(chosen.map((name) => [name, 0]));
    for (const { name, documents } of data?.indices ?? []) {
      const family = familyOf(name);
      counts.set(family, (counts.get(family) ?? 0) + documents);
    }
    return [...counts].toSorted(([a], [b]) => (a < b ? -1 : 1));
  }, [data, chosen]);
  const text =
    chosen.length === 0
      ? 'All sources'
      : chosen.length === 1
        ? visible(chosen[0]!, 40)
        : `${chosen.length} sources`;
  return (
    <Popover
      opened={opened}
      onChange={setOpened}
      position="bottom-start"
      width={320}
      withinPortal
      trapFocus
      shadow="md"
    >
      <Popover.Target>
        <Button
          variant="default"
          h={34}
          px="sm"
          maw={220}
          disabled={disabled ?? false}
          leftSection={<IconDatabase size={16} aria-hidden />}
          aria-label={`Sources: ${text}`}
          styles={{ label: { fontWeight: 500 } }}
          onClick={() => setOpened(!opened)}
        >
          <span className={classes['sourcesText']}>{text}</span>
        </Button>
      </Popover.Target>
      <Popover.Dropdown p="sm" aria-label="Sources">
        <Stack gap="xs">
          <Checkbox
            size="xs"
            label="All sources"
            checked={chosen.length === 0}
            onChange={() => onChange([])}
          />
          {error && (
            <Text size="sm" c="var(--problem)" role="alert">
              {error.message}
            </Text>
          )}
          {data && families.length === 0 && (
            <Text size="sm" c="dimmed">
              Nothing is stored yet.
            </Text>
          )}
          <ScrollArea.Autosize mah={320} type="auto">
            <Stack gap={6}>
              {families.map(([name, count]) => (
                <Checkbox
                  key={name}
                  size="xs"
                  label={`${visible(name, 80)}${count > 0 ? ` (${showCount(count)})` : ''}`}
                  checked={chosen.includes(name)}
                  onChange={({ currentTarget }) =>
                    onChange(currentTarget.checked ? [...chosen, name] : chosen.filter((one) => one !== name))
                  }
                />
              ))}
            </Stack>
          </ScrollArea.Autosize>
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}
