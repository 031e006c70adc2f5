/** Sources and destinations: what comes in, where it goes, and how each is. */
import {
  Alert,
  Anchor,
  Badge,
  Button,
  Card,
  Group,
  SimpleGrid,
  Skeleton,
  Stack,
  Tabs,
  Text,
  TextInput,
  Title,
  Tooltip,
} from '@mantine/core';
import { IconArrowRight, IconLock, IconPlus, IconSearch } from '@tabler/icons-react';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import type { IntegrationCard, IntegrationItem } from '../../../../src/server/contract.ts';
import { useMay } from '../../app/session.tsx';
import { Problem } from '../../lib/problem.tsx';
import { exact } from '../pipelines/format.ts';
import { Actions } from './actions.tsx';
import { CardIcon } from './icons.tsx';
import './integrations.css';
import type { IntegrationsSearch } from './search.ts';
import { StateLine } from './state.tsx';
import { useCatalogue, useItems } from './use-items.ts';

export function Integrations() {
  const search = useSearch({ strict: false }) as IntegrationsSearch;
  const navigate = useNavigate();
  const mayChange = useMay('operator');
  const { data, error, refetch } = useCatalogue();
  const { items = data?.items, problem } = useItems();
  const set = (change: IntegrationsSearch): void =>
    void navigate({ to: '/integrations', search: change as never, replace: true });
  if (error)
    return (
      <Problem title="Sources and destinations can not be shown" error={error} retry={() => void refetch()} />
    );
  const isDisabled = ({ state }: IntegrationItem): boolean => state === 'disabled';
  const wanted = search.text?.toLowerCase() ?? '';
  const matches = (item: IntegrationItem): boolean =>
    [item.title, item.words, item.place, item.origin, item.problem].some((text) =>
      text?.toLowerCase().includes(wanted),
    );
  const shown = (items ?? []).filter(
    (item) => isDisabled(item) === (search.show === 'disabled') && matches(item),
  );
  const count = (disabled: boolean): number =>
    (items ?? []).filter((item) => isDisabled(item) === disabled).length;
  return (
    <Stack className="integration-page" gap="md">
      <Group justify="space-between" align="center">
        <Title order={1} size="h3">
          Sources and destinations
        </Title>
        {mayChange && data?.runs === true && (
          <Group gap="xs">
            <Button
              size="xs"
              component={Link}
              to="/integrations/new"
              search={{ kind: 'source' } as never}
              leftSection={<IconPlus size={14} aria-hidden />}
            >
              Add a source
            </Button>
            <Button
              size="xs"
              variant="default"
              component={Link}
              to="/integrations/new"
              search={{ kind: 'destination' } as never}
              leftSection={<IconPlus size={14} aria-hidden />}
            >
              Add a destination
            </Button>
          </Group>
        )}
      </Group>
      <Group justify="space-between" align="flex-end" gap="sm">
        <Tabs
          value={search.show ?? 'enabled'}
          onChange={(value) =>
            set({
              ...search,
              ...(value === 'disabled' ? { show: 'disabled' } : { show: undefined as never }),
            })
          }
        >
          <Tabs.List>
            {(['enabled', 'disabled'] as const).map((tab) => (
              <Tabs.Tab key={tab} value={tab}>
                {tab === 'enabled' ? 'Enabled' : 'Disabled'}{' '}
                <Badge size="sm" variant="default" tt="none" className="integration-numbers">
                  {items ? count(tab === 'disabled') : '–'}
                </Badge>
              </Tabs.Tab>
            ))}
          </Tabs.List>
        </Tabs>
        <TextInput
          size="xs"
          w={240}
          aria-label="Search sources and destinations"
          placeholder="Search"
          leftSection={<IconSearch size={14} aria-hidden />}
          value={search.text ?? ''}
          onChange={({ currentTarget: { value } }) => set({ ...search, text: value })}
        />
      </Group>
      {problem !== undefined && (
        <Alert color="red" role="alert" title="The numbers stand still">
          {problem}. They go on when Millrace answers again; reload the page if they do not.
        </Alert>
      )}
      {!items || !data ? (
        <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }} aria-busy="true" aria-label="Loading">
          {[1, 2, 3].map((each) => (
            <Skeleton key={each} height={150} />
          ))}
        </SimpleGrid>
      ) : (
        <>
          <Section
            title="Sources"
            kind="source"
            shown={shown}
            items={items}
            cards={data.cards}
            search={search}
          />
          <Section
            title="Destinations"
            kind="destination"
            shown={shown}
            items={items}
            cards={data.cards}
            search={search}
          />
        </>
      )}
    </Stack>
  );
}

interface SectionProps {
  readonly title: string;
  readonly kind: IntegrationItem['kind'];
  readonly shown: readonly IntegrationItem[];
  readonly items: readonly IntegrationItem[];
  readonly cards: readonly IntegrationCard[];
  readonly search: IntegrationsSearch;
}

function Section({ title, kind, shown, items, cards, search }: SectionProps) {
  const own = shown.filter((item) => item.kind === kind);
  return (
    <section aria-label={title}>
      <Title order={2} size="h5" mb="xs">
        {title}
      </Title>
      {own.length === 0 ? (
        <Text size="sm" c="dimmed" py="sm">
          {search.text !== undefined
            ? `None matches “${search.text.slice(0, 80)}”.`
            : search.show === 'disabled'
              ? 'None is disabled.'
              : kind === 'source'
                ? 'Nothing comes in yet. Add a source: its port is opened, and you are shown what to set at the sender.'
                : 'Nothing is sent on. Add a destination to send events to a cluster, a SIEM or a webhook.'}
        </Text>
      ) : (
        <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }} spacing="sm">
          {own.map((item) => (
            <ItemCard key={item.id} item={item} items={items} tests={testsOf(item, cards)} />
          ))}
        </SimpleGrid>
      )}
    </section>
  );
}

const testsOf = (item: IntegrationItem, cards: readonly IntegrationCard[]): boolean =>
  cards.some(({ id, tests }) => id === item.card && tests) &&
  (item.kind === 'source' || (item.managed && !item.edited));

interface ItemCardProps {
  readonly item: IntegrationItem;
  readonly items: readonly IntegrationItem[];
  readonly tests: boolean;
}

function ItemCard({ item, items, tests }: ItemCardProps) {
  const {
    id,
    title,
    words,
    card,
    place,
    tls,
    problem,
    others,
    keep,
    kind,
    managed,
    origin,
    edited,
    queued = 0,
  } = item;
  const isStore = card === 'store';
  const known = [...(keep === undefined ? [] : ['own store']), ...others.map((each) => each.title)];
  const targets = managed && !edited && known.length === 0 ? ['nowhere'] : known;
  return (
    <Card withBorder p="sm" className="integration-card">
      <Group justify="space-between" wrap="nowrap" align="flex-start" gap="xs">
        <Group gap="xs" wrap="nowrap" style={{ minWidth: 0 }}>
          <CardIcon card={card} />
          <div style={{ minWidth: 0 }}>
            {isStore ? (
              <Text fw={600} size="sm">
                {title}
              </Text>
            ) : (
              <Anchor
                component={Link}
                to="/integrations/$id"
                params={{ id } as never}
                fw={600}
                size="sm"
                className="integration-long"
                style={{ display: 'block' }}
                title={title}
              >
                {title}
              </Anchor>
            )}
            <Text size="xs" c="dimmed" className="integration-long" title={words}>
              {words}
            </Text>
          </div>
        </Group>
        <Actions item={item} tests={tests} items={items} />
      </Group>
      <StateLine item={item} />
      {problem !== undefined && (
        <Text size="xs" lineClamp={3} className="integration-problem" title={problem.slice(0, 1000)}>
          {problem}
        </Text>
      )}
      <Group gap={6} mt="auto" wrap="nowrap" style={{ minWidth: 0 }}>
        {tls === true && (
          <Tooltip label="Encrypted (TLS)">
            <IconLock size={14} aria-label="Encrypted" style={{ flexShrink: 0 }} />
          </Tooltip>
        )}
        {place !== undefined && (
          <Text size="xs" c="dimmed" className="integration-long integration-numbers" title={place}>
            {place}
          </Text>
        )}
        {kind === 'source' && targets.length > 0 && (
          <>
            <IconArrowRight size={14} aria-label="to" style={{ flexShrink: 0 }} />
            <Text size="xs" c="dimmed" className="integration-long" title={targets.join(', ')}>
              {targets.join(', ')}
            </Text>
          </>
        )}
        {kind === 'destination' && (
          <Text
            size="xs"
            c="dimmed"
            className="integration-long"
            title={others.map((each) => each.title).join(', ')}
          >
            {others.length === 0 ? '' : `from ${others.map((each) => each.title).join(', ')}`}
          </Text>
        )}
        {queued > 0 && (
          <Badge
            size="sm"
            variant="default"
            tt="none"
            className="integration-numbers"
            style={{ flexShrink: 0 }}
          >
            {exact(queued)} waiting
          </Badge>
        )}
        {!managed && !isStore && (
          <Tooltip label={`Comes from ${origin ?? 'a config file'}: change it there`} multiline maw={360}>
            <Badge size="sm" variant="default" tt="none" ml="auto" style={{ flexShrink: 0 }}>
              {origin === 'millrace up' ? 'built in' : 'config file'}
            </Badge>
          </Tooltip>
        )}
        {edited && (
          <Badge size="sm" variant="default" tt="none" ml="auto" style={{ flexShrink: 0 }}>
            changed by hand
          </Badge>
        )}
      </Group>
    </Card>
  );
}
