/** The guided form of a source or destination. */
import {
  Alert,
  Anchor,
  Button,
  Card,
  Checkbox,
  Collapse,
  Group,
  Stack,
  Switch,
  Text,
  TextInput,
  Title,
} from '@mantine/core';
import { useDebouncedValue, useDisclosure } from '@mantine/hooks';
import { IconChevronDown, IconChevronRight, IconSend } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type FormEvent, useEffect, useRef, useState } from 'react';
import type { IntegrationCard, IntegrationDetail, IntegrationItem } from '../../../../src/server/contract.ts';
import { call } from '../../lib/api.ts';
import { CodeBlock } from './code.tsx';
import type { Draft } from './draft.ts';
import { Field } from './fields.tsx';
import { TestDialogue } from './test-dialogue.tsx';

export interface IntegrationFormProps {
  readonly card: IntegrationCard;
  readonly items: readonly IntegrationItem[];
  readonly addresses: readonly string[];
  readonly store: boolean;
  readonly initial: Draft;
  /** Undefined: it is new. */
  readonly saved?: IntegrationDetail;
  readonly onSaved: (detail: IntegrationDetail) => void;
}

export function IntegrationForm({
  card,
  items,
  addresses,
  store,
  initial,
  saved,
  onSaved,
}: IntegrationFormProps) {
  const [draft, setDraft] = useState(initial);
  const [touched, setTouched] = useState<ReadonlySet<string>>(new Set());
  const [all, setAll] = useState(false);
  const [testing, setTesting] = useState(false);
  const [settled] = useDebouncedValue(draft, 350);
  const id = saved?.item.id;
  const isNew = saved === undefined;
  const isSource = card.kind === 'source';
  const kept = new Set([...(saved?.form?.secrets ?? []), ...(saved?.form?.files ?? [])]);
  const { data: checked } = useQuery({
    queryKey: ['integration check', id, settled],
    queryFn: ({ signal }) =>
      call('POST /api/integrations/check', {
        body: { draft: settled, ...(id !== undefined && { id }) },
        signal,
      }),
    placeholderData: (before) => before,
    gcTime: 0,
    retry: false,
  });
  const save = useMutation({
    mutationFn: () =>
      id === undefined
        ? call('POST /api/integrations', { body: draft })
        : call('PUT /api/integrations/:id', { params: { id }, body: draft }),
    onSuccess: onSaved,
  });
  const change = (next: Partial<Draft>): void => {
    setDraft((before) => ({ ...before, ...next }));
    const changed = Object.keys(next.values ?? {}).filter(
      (name) => next.values?.[name] !== draft.values[name],
    );
    const others = [...Object.keys(next.secrets ?? {}), ...Object.keys(next.files ?? {})].map(
      (name) => name.split('.')[0]!,
    );
    setTouched((before) => new Set([...before, ...changed, ...others]));
  };
  useFreePort(isNew, checked?.freePort, touched.has('port'), (port) =>
    setDraft((before) => ({ ...before, values: { ...before.values, port } })),
  );
  const problemOf = (field: string): string | undefined => {
    const text = checked?.problems.find((each) => each.field === field)?.text;
    if (text !== undefined && (all || touched.has(field))) return text;
    return field === 'port' ? checked?.port : undefined;
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    setAll(true);
    save.mutate();
  };
  const field = (each: IntegrationCard['fields'][number]) => (
    <Field
      key={each.name}
      field={each}
      {...{ draft, change, kept, addresses }}
      problem={problemOf(each.name)}
    />
  );
  const [first, more] = [
    card.fields.filter(({ advanced }) => !advanced),
    card.fields.filter(({ advanced }) => advanced),
  ];
  const general = all ? checked?.problems.find((each) => each.field === '')?.text : undefined;
  return (
    <form onSubmit={submit} noValidate>
      <div className="integration-columns">
        <Stack gap="md">
          <Card withBorder p="md">
            <Stack gap="md">
              <TextInput
                label="Name"
                description="As you want to see it in lists."
                withAsterisk
                maxLength={80}
                autoComplete="off"
                data-autofocus
                value={draft.title}
                error={all || touched.has('title') ? problemOf('title') : undefined}
                onChange={({ currentTarget }) => {
                  setTouched((before) => new Set([...before, 'title']));
                  setDraft({ ...draft, title: currentTarget.value });
                }}
              />
              {first.map(field)}
              {checked?.freePort !== undefined && (
                <Group>
                  <Button
                    size="compact-sm"
                    variant="default"
                    onClick={() => change({ values: { ...draft.values, port: checked.freePort! } })}
                  >
                    Use port {checked.freePort}
                  </Button>
                </Group>
              )}
              {more.length > 0 && <More>{more.map(field)}</More>}
            </Stack>
          </Card>
          <Card withBorder p="md">
            {isSource ? (
              <Targets {...{ draft, items, store, change }} preset={card.keep} problem={problemOf('keep')} />
            ) : (
              <Senders {...{ draft, items, change }} />
            )}
          </Card>
          {(save.error ?? general) && (
            <Alert color="red" role="alert" title={isNew ? 'It was not set up' : 'Nothing was changed'}>
              <Text size="sm" className="integration-problem">
                {save.error?.message ?? general}
              </Text>
            </Alert>
          )}
          <Group justify="flex-end">
            {isNew && (
              <Button variant="default" component={Link} to="/integrations">
                Cancel
              </Button>
            )}
            {!isSource && (
              <Button
                variant="default"
                leftSection={<IconSend size={16} aria-hidden />}
                onClick={() => {
                  setAll(true);
                  setTesting(true);
                }}
              >
                Test
              </Button>
            )}
            <Button type="submit" loading={save.isPending}>
              {!isNew ? 'Save' : isSource ? 'Start receiving' : 'Start sending'}
            </Button>
          </Group>
        </Stack>
        <Card withBorder p="md" className="integration-sticky" visibleFrom="lg">
          <CodeBlock
            label="the config"
            words="This form writes the config below. It is an ordinary pipeline that you can read and keep."
            text={checked?.config ?? ''}
          />
        </Card>
      </div>
      {testing && (
        <TestDialogue
          title={draft.title}
          run={() =>
            call('POST /api/integrations/test', { body: { draft, ...(id !== undefined && { id }) } })
          }
          onClose={() => setTesting(false)}
        />
      )}
    </form>
  );
}

/** A new form begins with a port that is free. */
function useFreePort(
  isNew: boolean,
  free: number | undefined,
  touched: boolean,
  use: (port: number) => void,
): void {
  const done = useRef(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, with the first answer
  useEffect(() => {
    if (!isNew || done.current || touched || free === undefined) return;
    done.current = true;
    use(free);
  }, [isNew, free, touched]);
}

function More({ children }: { readonly children: React.ReactNode }) {
  const [opened, { toggle }] = useDisclosure(false);
  const Icon = opened ? IconChevronDown : IconChevronRight;
  return (
    <div>
      <Button
        variant="subtle"
        color="gray"
        size="compact-sm"
        px={4}
        leftSection={<Icon size={16} aria-hidden />}
        onClick={toggle}
        aria-expanded={opened}
      >
        More options
      </Button>
      <Collapse expanded={opened}>
        <Stack gap="md" mt="sm">
          {children}
        </Stack>
      </Collapse>
    </div>
  );
}

interface TargetsProps {
  readonly draft: Draft;
  readonly items: readonly IntegrationItem[];
  readonly store: boolean;
  readonly preset: string | undefined;
  readonly problem: string | undefined;
  readonly change: (change: Partial<Draft>) => void;
}

/** Where the events of a source go. */
function Targets({ draft, items, store, preset, problem, change }: TargetsProps) {
  const destinations = items.filter(({ kind, managed }) => kind === 'destination' && managed);
  const nowhere = draft.keep === null && draft.others.length === 0;
  return (
    <Stack gap="sm">
      <Title order={2} size="h5">
        Where do its events go?
      </Title>
      {store && (
        <Switch
          label="Keep them in Millrace's own event store"
          description="There they can be searched in Discover."
          checked={draft.keep !== null}
          onChange={({ currentTarget }) =>
            change({ keep: currentTarget.checked ? (preset ?? 'logs') : null })
          }
        />
      )}
      {draft.keep !== null && (
        <TextInput
          label="Index"
          description={`One for each day: ${draft.keep || '…'}-2026.11.20`}
          maw={320}
          error={problem}
          value={draft.keep}
          onChange={({ currentTarget }) => change({ keep: currentTarget.value })}
        />
      )}
      {destinations.length > 0 ? (
        <Choices
          legend="Send them to"
          items={destinations}
          chosen={draft.others}
          choose={(others) => change({ others })}
        />
      ) : (
        <Text size="sm" c="dimmed">
          To send them on, too,{' '}
          <Anchor
            underline="always"
            component={Link}
            to="/integrations/new"
            search={{ kind: 'destination' } as never}
            size="sm"
          >
            add a destination
          </Anchor>{' '}
          afterwards.
        </Text>
      )}
      {nowhere && <Alert color="yellow">Its events go nowhere: they are taken and forgotten.</Alert>}
    </Stack>
  );
}

function Senders({ draft, items, change }: Pick<TargetsProps, 'draft' | 'items' | 'change'>) {
  const sources = items.filter(
    ({ kind, managed, edited }) => kind === 'source' && managed && (!edited || draft.others.length > 0),
  );
  return (
    <Stack gap="sm">
      <Title order={2} size="h5">
        Whose events are sent?
      </Title>
      {sources.length > 0 ? (
        <Choices
          legend="Sources"
          items={sources}
          chosen={draft.others}
          choose={(others) => change({ others })}
        />
      ) : (
        <Text size="sm" c="dimmed">
          There is no source yet that was set up here.{' '}
          <Anchor
            underline="always"
            component={Link}
            to="/integrations/new"
            search={{ kind: 'source' } as never}
            size="sm"
          >
            Add one
          </Anchor>
          , and choose there that it sends here.
        </Text>
      )}
      {sources.length > 0 && draft.others.length === 0 && (
        <Text size="sm" c="dimmed">
          With none chosen nothing is sent.
        </Text>
      )}
    </Stack>
  );
}

function Choices({
  legend,
  items,
  chosen,
  choose,
}: {
  readonly legend: string;
  readonly items: readonly IntegrationItem[];
  readonly chosen: readonly string[];
  readonly choose: (ids: string[]) => void;
}) {
  return (
    <Checkbox.Group label={legend} value={[...chosen]} onChange={choose}>
      <Stack gap={8} mt={6}>
        {items.map(({ id, title, words, state }) => (
          <Checkbox
            key={id}
            value={id}
            label={title}
            description={state === 'disabled' ? `${words}, disabled` : words}
          />
        ))}
      </Stack>
    </Checkbox.Group>
  );
}
