/** Conditions as pills: edited, inverted, switched off, pinned, removed. */
import {
  ActionIcon,
  Autocomplete,
  Button,
  Group,
  Menu,
  NativeSelect,
  Popover,
  Stack,
  Text,
  TextInput,
} from '@mantine/core';
import { IconFilterPlus, IconPin, IconPinnedOff, IconX } from '@tabler/icons-react';
import { useState } from 'react';
import type { EventField, FilterPill } from '../../../../src/server/contract.ts';
import { visible } from '../../lib/visible.ts';
import classes from './discover.module.css';

type Operator = FilterPill['operator'];

const operatorNames: Readonly<Record<Operator, string>> = {
  is: 'is',
  is_not: 'is not',
  exists: 'exists',
  not_exists: 'does not exist',
  one_of: 'is one of',
  not_one_of: 'is none of',
  range: 'is between',
};
const inverse: Readonly<Partial<Record<Operator, Operator>>> = {
  is: 'is_not',
  is_not: 'is',
  exists: 'not_exists',
  not_exists: 'exists',
  one_of: 'not_one_of',
  not_one_of: 'one_of',
};

/** `user.name is alice`. */
function pillText({ field, operator, value }: FilterPill): string {
  const name = visible(field, 60);
  if (operator === 'exists' || operator === 'not_exists') return `${name} ${operatorNames[operator]}`;
  if (operator === 'range') {
    const bounds = (value ?? {}) as Record<string, string | number>;
    const signs: readonly (readonly [string, string])[] = [
      ['gt', '>'],
      ['gte', '≥'],
      ['lt', '<'],
      ['lte', '≤'],
    ];
    const parts = signs.flatMap(([key, sign]) =>
      bounds[key] === undefined ? [] : `${sign} ${visible(bounds[key], 40)}`,
    );
    return `${name} ${parts.join(' and ')}`;
  }
  const shown = Array.isArray(value)
    ? value
        .slice(0, 5)
        .map((one) => visible(one as string, 30))
        .join(', ') + (value.length > 5 ? ', …' : '')
    : visible(value as string, 60);
  return `${name} ${operatorNames[operator]} ${shown === '' ? '(empty)' : shown}`;
}

const sameValue = (a: FilterPill, b: FilterPill): boolean =>
  a.field === b.field && JSON.stringify(a.value) === JSON.stringify(b.value);

/** Adds a condition; the opposite of one that is there takes its place. */
export function withPill(pills: readonly FilterPill[], pill: FilterPill): FilterPill[] {
  const at = pills.findIndex(
    (one) =>
      sameValue(one, pill) && (one.operator === pill.operator || inverse[one.operator] === pill.operator),
  );
  if (at < 0) return [...pills, pill];
  return pills.with(at, { ...pills[at]!, operator: pill.operator, disabled: false });
}

export interface FilterPillsProps {
  readonly pills: readonly FilterPill[];
  readonly fields: readonly EventField[];
  readonly onChange: (pills: FilterPill[]) => void;
}

export function FilterPills({ pills, fields, onChange }: FilterPillsProps) {
  return (
    <Group gap={6} component="ul" className={classes['pills']} aria-label="Filters">
      {pills.map((pill, at) => (
        <li key={`${pill.field} ${pill.operator} ${JSON.stringify(pill.value)}`}>
          <Pill
            pill={pill}
            fields={fields}
            onChange={(changed) => onChange(changed ? pills.with(at, changed) : pills.toSpliced(at, 1))}
          />
        </li>
      ))}
      <li>
        <AddFilter fields={fields} onAdd={(pill) => onChange(withPill(pills, pill))} />
      </li>
      {pills.length > 1 && (
        <li>
          <Menu position="bottom-start">
            <Menu.Target>
              <Button variant="subtle" color="gray" size="compact-xs">
                All filters
              </Button>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item onClick={() => onChange(pills.map((pill) => ({ ...pill, disabled: false })))}>
                Enable all
              </Menu.Item>
              <Menu.Item onClick={() => onChange(pills.map((pill) => ({ ...pill, disabled: true })))}>
                Disable all
              </Menu.Item>
              <Menu.Item color="red" onClick={() => onChange([])}>
                Remove all
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
        </li>
      )}
    </Group>
  );
}

function Pill({
  pill,
  fields,
  onChange,
}: {
  readonly pill: FilterPill;
  readonly fields: readonly EventField[];
  readonly onChange: (pill: FilterPill | undefined) => void;
}) {
  const [editing, setEditing] = useState(false);
  const negative =
    pill.operator === 'is_not' || pill.operator === 'not_exists' || pill.operator === 'not_one_of';
  const opposite = inverse[pill.operator];
  const text = pillText(pill);
  return (
    <Popover
      opened={editing}
      onChange={setEditing}
      position="bottom-start"
      width={340}
      withRoles={false}
      trapFocus
      withinPortal
      shadow="md"
    >
      <Popover.Target>
        <span
          className={classes['pill']}
          data-negative={negative || undefined}
          data-disabled={pill.disabled || undefined}
        >
          <Menu position="bottom-start" withinPortal>
            <Menu.Target>
              <button
                type="button"
                className={classes['pillText']}
                title={text}
                aria-label={`Filter: ${text}${pill.disabled ? ', disabled' : ''}${pill.pinned ? ', pinned' : ''}`}
              >
                {pill.pinned && <IconPin size={13} aria-hidden />}
                <bdi>{text}</bdi>
              </button>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item onClick={() => setEditing(true)}>Edit</Menu.Item>
              {opposite && (
                <Menu.Item onClick={() => onChange({ ...pill, operator: opposite })}>
                  {negative ? 'Only events that match' : 'Only events that do not match'}
                </Menu.Item>
              )}
              <Menu.Item onClick={() => onChange({ ...pill, disabled: pill.disabled !== true })}>
                {pill.disabled ? 'Enable' : 'Disable'}
              </Menu.Item>
              <Menu.Item
                leftSection={
                  pill.pinned ? <IconPinnedOff size={14} aria-hidden /> : <IconPin size={14} aria-hidden />
                }
                onClick={() => onChange({ ...pill, pinned: pill.pinned !== true })}
              >
                {pill.pinned ? 'Unpin' : 'Pin: keep it in other searches'}
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
          <ActionIcon
            variant="transparent"
            color="gray"
            size={20}
            aria-label={`Remove filter ${text}`}
            onClick={() => onChange(undefined)}
          >
            <IconX size={13} aria-hidden />
          </ActionIcon>
        </span>
      </Popover.Target>
      <Popover.Dropdown aria-label="Edit filter">
        {editing && (
          <FilterForm
            pill={pill}
            fields={fields}
            onDone={(changed) => {
              setEditing(false);
              onChange({ ...pill, ...changed });
            }}
          />
        )}
      </Popover.Dropdown>
    </Popover>
  );
}

function AddFilter({
  fields,
  onAdd,
}: {
  readonly fields: readonly EventField[];
  readonly onAdd: (pill: FilterPill) => void;
}) {
  const [opened, setOpened] = useState(false);
  return (
    <Popover
      opened={opened}
      onChange={setOpened}
      position="bottom-start"
      width={340}
      trapFocus
      withinPortal
      shadow="md"
    >
      <Popover.Target>
        <Button
          variant="subtle"
          size="compact-xs"
          leftSection={<IconFilterPlus size={14} aria-hidden />}
          onClick={() => setOpened(!opened)}
        >
          Add filter
        </Button>
      </Popover.Target>
      <Popover.Dropdown aria-label="Add filter">
        {opened && (
          <FilterForm
            fields={fields}
            onDone={(pill) => {
              setOpened(false);
              onAdd(pill);
            }}
          />
        )}
      </Popover.Dropdown>
    </Popover>
  );
}

const listed = (text: string): string[] =>
  text
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');

function FilterForm({
  pill,
  fields,
  onDone,
}: {
  readonly pill?: FilterPill;
  readonly fields: readonly EventField[];
  readonly onDone: (pill: FilterPill) => void;
}) {
  const [field, setField] = useState(pill?.field ?? '');
  const [operator, setOperator] = useState<Operator>(pill?.operator ?? 'is');
  const bounds = (pill?.operator === 'range' ? pill.value : {}) as Record<string, unknown>;
  const [value, setValue] = useState(
    Array.isArray(pill?.value)
      ? pill.value.join(', ')
      : typeof pill?.value === 'object'
        ? ''
        : String(pill?.value ?? ''),
  );
  const [low, setLow] = useState(String(bounds['gte'] ?? bounds['gt'] ?? ''));
  const [high, setHigh] = useState(String(bounds['lt'] ?? bounds['lte'] ?? ''));
  const needsList = operator === 'one_of' || operator === 'not_one_of';
  const needsValue = operator === 'is' || operator === 'is_not' || needsList;
  const ready =
    field !== '' &&
    (needsList ? listed(value).length > 0 : operator === 'range' ? low !== '' || high !== '' : true);
  const submit = (): void => {
    const base = { field, operator };
    if (needsList) onDone({ ...base, value: listed(value) });
    else if (operator === 'range')
      onDone({ ...base, value: { ...(low !== '' && { gte: low }), ...(high !== '' && { lt: high }) } });
    else onDone(needsValue ? { ...base, value } : { ...base, value: undefined });
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (ready) submit();
      }}
    >
      <Stack gap="xs">
        <Autocomplete
          label="Field"
          size="xs"
          data-autofocus
          data={fields.filter(({ searchable }) => searchable).map(({ name }) => name)}
          limit={50}
          value={field}
          onChange={setField}
          comboboxProps={{ withinPortal: false }}
          maxDropdownHeight={220}
        />
        <NativeSelect
          label="Condition"
          size="xs"
          data={Object.entries(operatorNames).map(([id, label]) => ({ value: id, label }))}
          value={operator}
          onChange={({ currentTarget }) => setOperator(currentTarget.value as Operator)}
        />
        {needsValue && (
          <TextInput
            label={needsList ? 'Values, with commas between' : 'Value'}
            size="xs"
            value={value}
            onChange={({ currentTarget }) => setValue(currentTarget.value)}
          />
        )}
        {operator === 'range' && (
          <Group gap="xs" grow>
            <TextInput
              label="From"
              size="xs"
              value={low}
              onChange={({ currentTarget }) => setLow(currentTarget.value)}
            />
            <TextInput
              label="To, without it"
              size="xs"
              value={high}
              onChange={({ currentTarget }) => setHigh(currentTarget.value)}
            />
          </Group>
        )}
        {operator === 'range' && (
          <Text size="xs" c="dimmed">
            Numbers, times or addresses; one of them may stay empty.
          </Text>
        )}
        <Group justify="flex-end">
          <Button type="submit" size="xs" disabled={!ready}>
            {pill ? 'Save' : 'Add'}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
