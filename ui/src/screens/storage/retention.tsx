/** Rules of retention: which indices are deleted or archived, and when. Changes are tried before they are set. */
import {
  ActionIcon,
  Alert,
  Button,
  Card,
  Group,
  NumberInput,
  Select,
  Stack,
  Text,
  TextInput,
  Title,
} from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { notifications } from '@mantine/notifications';
import { IconArrowUp, IconPlus, IconTrash } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { BodyOf, RetentionRuleView, Storage } from '../../../../src/server/contract.ts';
import { call } from '../../lib/api.ts';
import { exact } from '../pipelines/format.ts';
import { Dialogue } from '../settings/dialogue.tsx';
import { age, DAY, plural, size } from './format.ts';
import { forecastText } from './overview.tsx';

type Rule = BodyOf<'PUT /api/storage/retention'>['rules'][number];

/** A rule as it is typed. */
interface Draft {
  readonly key: number;
  readonly pattern: string;
  readonly maxAge: Amount;
  readonly maxBytes: Amount;
  readonly archiveAfter: Amount;
}
interface Amount {
  readonly value: number | '';
  readonly unit: string;
}

const ages: Readonly<Record<string, number>> = { hours: DAY / 24, days: DAY };
const sizes: Readonly<Record<string, number>> = { MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 };
let nextKey = 1;

export interface RetentionProps {
  readonly storage: Storage;
  readonly mayChange: boolean;
  readonly refresh: () => void;
  readonly now: number;
}

export function Retention({ storage, mayChange, refresh, now }: RetentionProps) {
  const fixed = storage.rules.filter(({ isFixed }) => isFixed);
  const own = storage.rules.filter(({ isFixed }) => !isFixed);
  const [drafts, setDrafts] = useState<readonly Draft[]>();
  const hasArchive = storage.archive !== undefined;
  return (
    <Stack gap="md" maw={1200}>
      <Text size="sm" c="dimmed">
        The first rule whose pattern fits an index, or its data stream, decides. Whole indices go: name them
        by day or month. An index that no rule fits is kept. Names that begin with a dot need a pattern that
        does.
      </Text>
      {fixed.length > 0 && (
        <Card withBorder p="sm">
          <Title order={2} size="h6" mb={4}>
            From the settings file
          </Title>
          <Text size="xs" c="dimmed" mb="xs">
            store.retention in logstash.yml: these come first, and are changed there.
          </Text>
          <RuleList rules={fixed} storage={storage} />
        </Card>
      )}
      <Card withBorder p="sm">
        <Group justify="space-between" mb="xs">
          <Title order={2} size="h6">
            Rules
          </Title>
          {mayChange && !drafts && (
            <Button
              size="xs"
              variant="default"
              onClick={() => setDrafts(own.length > 0 ? own.map(draftOf) : [emptyDraft()])}
            >
              {own.length > 0 ? 'Edit' : 'Add a rule'}
            </Button>
          )}
        </Group>
        {drafts ? (
          <Editor
            drafts={drafts}
            setDrafts={setDrafts}
            storage={storage}
            hasArchive={hasArchive}
            now={now}
            close={() => setDrafts(undefined)}
            saved={() => {
              setDrafts(undefined);
              refresh();
            }}
          />
        ) : own.length > 0 ? (
          <RuleList rules={own} storage={storage} />
        ) : (
          <Text size="sm" c="dimmed">
            {fixed.length > 0
              ? 'No further rules.'
              : 'There are no rules: everything is kept until the disk is full.'}
          </Text>
        )}
      </Card>
    </Stack>
  );
}

function RuleList({
  rules,
  storage,
}: {
  readonly rules: readonly RetentionRuleView[];
  readonly storage: Storage;
}) {
  return (
    <Stack gap={6}>
      {rules.map(({ pattern, maxAge, maxBytes, archiveAfter }, at) => {
        const own = storage.indices.filter(({ rule }) => rule === pattern);
        const says = [
          ...(archiveAfter === undefined ? [] : [`archived ${age(archiveAfter)} after the newest event`]),
          ...(maxAge === undefined ? [] : [`deleted ${age(maxAge)} after the newest event`]),
          ...(maxBytes === undefined ? [] : [`${size(maxBytes)} together at most, the oldest go first`]),
        ];
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: the order is what they are
          <Group key={at} gap="sm" wrap="wrap" justify="space-between">
            <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
              <code>{pattern}</code>: {says.join('; ')}
            </Text>
            <Text size="xs" c="dimmed" className="numbers">
              {plural(own.length, 'index', 'indices')}, {size(own.reduce((sum, { bytes }) => sum + bytes, 0))}
            </Text>
          </Group>
        );
      })}
    </Stack>
  );
}

interface EditorProps {
  readonly drafts: readonly Draft[];
  readonly setDrafts: (drafts: readonly Draft[]) => void;
  readonly storage: Storage;
  readonly hasArchive: boolean;
  readonly now: number;
  readonly close: () => void;
  readonly saved: () => void;
}

function Editor({ drafts, setDrafts, hasArchive, now, close, saved }: EditorProps) {
  const [asking, setAsking] = useState(false);
  const rules = drafts.map(ruleOf);
  const wrong = drafts.map(faultOf).find((fault) => fault !== undefined);
  const [settled] = useDebouncedValue(JSON.stringify(rules), 300);
  const isSettled = settled === JSON.stringify(rules);
  const preview = useQuery({
    queryKey: ['storage', 'preview', settled],
    queryFn: ({ signal }) =>
      call('POST /api/storage/retention/preview', { body: { rules: JSON.parse(settled) as Rule[] }, signal }),
    enabled: wrong === undefined && isSettled,
    placeholderData: (before) => before,
    staleTime: 0,
    retry: false,
  });
  const isReady = wrong === undefined && isSettled && preview.isSuccess && !preview.isPlaceholderData;
  const change = (key: number, part: Partial<Draft>): void =>
    setDrafts(drafts.map((draft) => (draft.key === key ? { ...draft, ...part } : draft)));
  const due = preview.data?.due ?? [];
  const save = async (): Promise<void> => {
    await call('PUT /api/storage/retention', { body: { rules } });
    notifications.show({ message: 'The rules are set.' });
    saved();
  };
  return (
    <Stack gap="md">
      <div className="storage-rules" data-archive={hasArchive}>
        {[
          'Indices',
          'Delete after',
          'Keep at most',
          ...(hasArchive ? ['Archive after'] : []),
          'Applies to',
          '',
        ].map((title) => (
          <div key={title} className="head" aria-hidden>
            {title}
          </div>
        ))}
        {drafts.map((draft, at) => (
          <fieldset
            key={draft.key}
            className="storage-rule"
            style={{ border: 0 }}
            aria-label={`Rule ${at + 1}`}
          >
            <div>
              <Label>Indices</Label>
              <TextInput
                size="xs"
                aria-label={`Pattern of rule ${at + 1}`}
                placeholder="syslog-*"
                autoFocus={draft.pattern === ''}
                value={draft.pattern}
                onChange={({ currentTarget }) => change(draft.key, { pattern: currentTarget.value })}
              />
            </div>
            <AmountInput
              label={`Rule ${at + 1}: delete after`}
              title="Delete after"
              placeholder="never"
              units={ages}
              amount={draft.maxAge}
              onChange={(maxAge) => change(draft.key, { maxAge })}
            />
            <AmountInput
              label={`Rule ${at + 1}: keep at most`}
              title="Keep at most"
              placeholder="no limit"
              units={sizes}
              amount={draft.maxBytes}
              onChange={(maxBytes) => change(draft.key, { maxBytes })}
            />
            {hasArchive && (
              <AmountInput
                label={`Rule ${at + 1}: archive after`}
                title="Archive after"
                placeholder="never"
                units={ages}
                amount={draft.archiveAfter}
                onChange={(archiveAfter) => change(draft.key, { archiveAfter })}
              />
            )}
            <Text size="xs" c="dimmed">
              {faultOf(draft) ?? appliesTo(isReady ? preview.data?.applies[at] : undefined)}
            </Text>
            <Group gap={4} wrap="nowrap">
              <ActionIcon
                variant="subtle"
                color="gray"
                disabled={at === 0}
                aria-label={`Move rule ${at + 1} up`}
                onClick={() => setDrafts(drafts.with(at, drafts[at - 1]!).with(at - 1, draft))}
              >
                <IconArrowUp size={16} aria-hidden />
              </ActionIcon>
              <ActionIcon
                variant="subtle"
                color="gray"
                aria-label={`Remove rule ${at + 1}`}
                onClick={() => setDrafts(drafts.filter(({ key }) => key !== draft.key))}
              >
                <IconTrash size={16} aria-hidden />
              </ActionIcon>
            </Group>
          </fieldset>
        ))}
      </div>
      <Group>
        <Button
          size="xs"
          variant="subtle"
          leftSection={<IconPlus size={14} aria-hidden />}
          onClick={() => setDrafts([...drafts, emptyDraft()])}
        >
          Another rule
        </Button>
      </Group>
      {wrong === undefined && preview.error && (
        <Alert color="red" role="alert" p="xs">
          {preview.error.message}
        </Alert>
      )}
      {wrong === undefined && preview.data && (
        <Alert color={due.length > 0 ? 'orange' : 'gray'} p="sm" role="status" icon={null}>
          <Text size="sm" fw={600}>
            {due.length === 0
              ? 'Nothing is deleted at once.'
              : `${plural(due.length, 'index is', 'indices are')} deleted at once: ${plural(
                  due.reduce((sum, { documents }) => sum + documents, 0),
                  'event',
                )}, ${size(due.reduce((sum, { bytes }) => sum + bytes, 0))}.`}
          </Text>
          {due.length > 0 && (
            <Text size="sm" className="storage-name">
              {due
                .slice(0, 8)
                .map(({ name, due: why }) => `${name} (${why === 'age' ? 'too old' : 'too much'})`)
                .join(', ')}
              {due.length > 8 && ` and ${exact(due.length - 8)} more`}
            </Text>
          )}
          <Text size="sm" mt={4}>
            Disk: {forecastText(preview.data.growth, now)}
          </Text>
        </Alert>
      )}
      <Group justify="flex-end">
        <Button size="xs" variant="default" onClick={close}>
          Cancel
        </Button>
        <Button
          size="xs"
          disabled={!isReady}
          onClick={() => {
            if (due.length > 0) setAsking(true);
            else
              save().catch(({ message }: Error) =>
                notifications.show({ color: 'red', title: 'The rules are not set', message }),
              );
          }}
        >
          Save
        </Button>
      </Group>
      {asking && (
        <Dialogue
          title="Delete by the new rules?"
          submit={`Save, and delete ${plural(due.length, 'index', 'indices')}`}
          danger
          onClose={() => setAsking(false)}
          onSubmit={save}
        >
          <Text size="sm">
            {plural(due.length, 'index', 'indices')} with{' '}
            {size(due.reduce((sum, { bytes }) => sum + bytes, 0))} are deleted for good as soon as the rules
            are saved.
          </Text>
          <Text size="sm" className="storage-name" mah={200} style={{ overflow: 'auto' }} tabIndex={0}>
            {due
              .slice(0, 500)
              .map(({ name }) => name)
              .join(', ')}
          </Text>
        </Dialogue>
      )}
    </Stack>
  );
}

const appliesTo = (own: { readonly indices: number; readonly bytes: number } | undefined): string =>
  own ? `${plural(own.indices, 'index', 'indices')}, ${size(own.bytes)}` : '…';

/** Where there is no head above the columns. */
const Label = ({ children }: { readonly children: string }) => (
  <span className="storage-label" aria-hidden>
    {children}
  </span>
);

interface AmountProps {
  readonly title: string;
  readonly label: string;
  readonly placeholder: string;
  readonly units: Readonly<Record<string, number>>;
  readonly amount: Amount;
  readonly onChange: (amount: Amount) => void;
}

function AmountInput({ title, label, placeholder, units, amount, onChange }: AmountProps) {
  return (
    <div>
      <Label>{title}</Label>
      <Group gap={4} wrap="nowrap">
        <NumberInput
          size="xs"
          style={{ flex: 1, minWidth: 70 }}
          aria-label={label}
          placeholder={placeholder}
          min={0}
          hideControls
          value={amount.value}
          onChange={(value) => onChange({ ...amount, value: typeof value === 'number' ? value : '' })}
        />
        <Select
          size="xs"
          w={86}
          aria-label={`${label}, unit`}
          data={Object.keys(units)}
          value={amount.unit}
          allowDeselect={false}
          onChange={(unit) => onChange({ ...amount, unit: unit ?? amount.unit })}
        />
      </Group>
    </div>
  );
}

const emptyDraft = (): Draft => ({
  key: nextKey++,
  pattern: '',
  maxAge: { value: '', unit: 'days' },
  maxBytes: { value: '', unit: 'GiB' },
  archiveAfter: { value: '', unit: 'days' },
});

const draftOf = ({ pattern, maxAge, maxBytes, archiveAfter }: RetentionRuleView): Draft => ({
  key: nextKey++,
  pattern,
  maxAge: amountOf(maxAge, ages, 'days'),
  maxBytes: amountOf(maxBytes, sizes, 'GiB'),
  archiveAfter: amountOf(archiveAfter, ages, 'days'),
});

/** In the largest unit that it is a whole number of. */
function amountOf(value: number | undefined, units: Readonly<Record<string, number>>, usual: string): Amount {
  if (value === undefined) return { value: '', unit: usual };
  const unit =
    Object.keys(units).findLast((name) => value % units[name]! === 0) ??
    Object.keys(units).findLast((name) => value >= units[name]!) ??
    Object.keys(units)[0]!;
  return { value: value / units[unit]!, unit };
}

function ruleOf({ pattern, maxAge, maxBytes, archiveAfter }: Draft): Rule {
  const of = ({ value, unit }: Amount, units: Readonly<Record<string, number>>): number | undefined =>
    value === '' || value <= 0 ? undefined : value * units[unit]!;
  const values = {
    maxAge: of(maxAge, ages),
    maxBytes: of(maxBytes, sizes),
    archiveAfter: of(archiveAfter, ages),
  };
  return {
    pattern: pattern.trim(),
    ...(Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Omit<
      Rule,
      'pattern'
    >),
  };
}

function faultOf(draft: Draft): string | undefined {
  const { pattern, maxAge, maxBytes, archiveAfter } = ruleOf(draft);
  if (pattern === '') return 'needs a pattern';
  if (maxAge === undefined && maxBytes === undefined && archiveAfter === undefined)
    return 'needs an age or a size';
  if (maxAge !== undefined && archiveAfter !== undefined && maxAge <= archiveAfter)
    return 'deletes before it archives';
  return undefined;
}
