/** One source or destination: how it is, what to set at the other side, its form and its config. */
import { Alert, Anchor, Button, Card, Group, Skeleton, Stack, Tabs, Text, Title } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconDownload } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import type { IntegrationDetail, IntegrationItem } from '../../../../src/server/contract.ts';
import { useMay } from '../../app/session.tsx';
import { call } from '../../lib/api.ts';
import { Problem } from '../../lib/problem.tsx';
import { visible } from '../../lib/visible.ts';
import { exact } from '../pipelines/format.ts';
import { Actions } from './actions.tsx';
import { ClientCertificate } from './client-certificate.tsx';
import { CodeBlock } from './code.tsx';
import { savedDraft } from './draft.ts';
import { FirstEvent } from './first-event.tsx';
import { IntegrationForm } from './form.tsx';
import { CardIcon } from './icons.tsx';
import './integrations.css';
import type { DetailTab, IntegrationSearch } from './search.ts';
import { StateLine } from './state.tsx';
import { readable, useCatalogue, useItems } from './use-items.ts';

export function Integration() {
  const { id } = useParams({ strict: false }) as { id: string };
  const search = useSearch({ strict: false }) as IntegrationSearch;
  const navigate = useNavigate();
  const client = useQueryClient();
  const mayChange = useMay('operator');
  const { items } = useItems();
  const catalogue = useCatalogue();
  const { data, error, refetch } = useQuery({
    queryKey: ['integration', id],
    queryFn: ({ signal }) => call('GET /api/integrations/:id', { params: { id }, signal }),
    retry: false,
  });
  if (error)
    return (
      <Problem title="This can not be shown" error={error} retry={() => void refetch()}>
        <Anchor component={Link} to="/integrations" size="sm">
          All sources and destinations
        </Anchor>
      </Problem>
    );
  const item = items?.find((each) => each.id === id) ?? (data && readable(data.item));
  if (!data || !item || !catalogue.data)
    return (
      <div className="integration-page" aria-busy="true">
        <Skeleton height={60} mb="md" />
        <Skeleton height={320} role="status" aria-label="Loading" />
      </div>
    );
  const card = catalogue.data.cards.find((each) => each.id === item.card);
  const isSource = item.kind === 'source';
  const hasForm = mayChange && data.form !== undefined && card !== undefined;
  const tabs: readonly { readonly value: DetailTab; readonly title: string }[] = [
    ...(isSource ? [{ value: 'connect' as const, title: 'Connect a sender' }] : []),
    ...(hasForm ? [{ value: 'settings' as const, title: 'Settings' }] : []),
    ...(mayChange ? [{ value: 'config' as const, title: 'Config' }] : []),
  ];
  const tab = tabs.find(({ value }) => value === search.tab)?.value ?? tabs[0]?.value ?? 'connect';
  return (
    <Stack className="integration-page" gap="md">
      <div>
        <Anchor component={Link} to="/integrations" size="sm">
          Sources and destinations
        </Anchor>
        <Group justify="space-between" mt={4} wrap="nowrap" align="flex-start">
          <Group gap="xs" wrap="nowrap" style={{ minWidth: 0 }}>
            <CardIcon card={item.card} size={28} />
            <div style={{ minWidth: 0 }}>
              <Title order={1} size="h3" style={{ overflowWrap: 'anywhere' }}>
                {item.title}
              </Title>
              <Text size="sm" c="dimmed">
                {[item.words, item.place, item.tls === true ? 'TLS' : undefined].filter(Boolean).join(' · ')}
              </Text>
            </div>
          </Group>
          <Actions
            item={item}
            items={items ?? []}
            tests={data.tests}
            onDeleted={() => {
              client.removeQueries({ queryKey: ['integration', id] });
              void navigate({ to: '/integrations' });
            }}
          />
        </Group>
      </div>
      <Status item={item} detail={data} />
      <Tabs
        value={tab}
        onChange={(value) => void navigate({ to: '.', search: { tab: value } as never, replace: true })}
        keepMounted={false}
      >
        {tabs.length > 1 && (
          <Tabs.List mb="md">
            {tabs.map(({ value, title }) => (
              <Tabs.Tab key={value} value={value}>
                {title}
              </Tabs.Tab>
            ))}
          </Tabs.List>
        )}
        {isSource && (
          <Tabs.Panel value="connect">
            <Connect
              item={item}
              detail={data}
              mayWatch={mayChange && item.state !== 'disabled'}
              mayIssue={mayChange}
            />
          </Tabs.Panel>
        )}
        {hasForm && (
          <Tabs.Panel value="settings">
            <IntegrationForm
              key={id}
              card={card}
              items={catalogue.data.items}
              addresses={catalogue.data.addresses}
              store={catalogue.data.store}
              initial={savedDraft(card, data)}
              saved={data}
              onSaved={(detail) => {
                client.setQueryData(['integration', id], detail);
                void client.invalidateQueries({ queryKey: ['integrations'] });
                notifications.show({ message: `${detail.item.title} is saved and runs as it says.` });
              }}
            />
          </Tabs.Panel>
        )}
        {mayChange && (
          <Tabs.Panel value="config">
            <Config item={item} detail={data} />
          </Tabs.Panel>
        )}
      </Tabs>
    </Stack>
  );
}

function Status({ item, detail }: { readonly item: IntegrationItem; readonly detail: IntegrationDetail }) {
  const { problem, total, queued = 0, kind, others, keep, state, managed, origin, edited } = item;
  const targets = [
    ...(keep === undefined ? [] : ["Millrace's own store"]),
    ...others.map(({ title }) => title),
  ];
  return (
    <Card withBorder p="md">
      <Group gap="xl" style={{ rowGap: 4 }}>
        <StateLine item={item} size="md" />
        {state !== 'disabled' && (
          <Text size="sm" c="dimmed" className="integration-numbers">
            {exact(total)} events since it was started
            {queued > 0 && `, ${exact(queued)} wait on the disk`}
          </Text>
        )}
        {targets.length > 0 && (
          <Text size="sm" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
            {kind === 'source' ? 'to' : 'from'} {targets.join(', ')}
          </Text>
        )}
        {state !== 'disabled' && item.pipeline !== '' && (
          <Anchor component={Link} to="/pipelines/$id" params={{ id: item.pipeline } as never} size="sm">
            Look into the pipeline
          </Anchor>
        )}
      </Group>
      {problem !== undefined && (
        <Alert color={state === 'warning' ? 'yellow' : 'red'} mt="sm" role="alert">
          <Text size="sm" className="integration-problem">
            {problem}
          </Text>
        </Alert>
      )}
      {!managed && (
        <Text size="sm" c="dimmed" mt="sm">
          {origin === 'millrace up'
            ? 'Built in: “millrace up” listens here. Another port, other addresses or off: see “millrace up --help”. For TLS or a name of its own add a source.'
            : `It stands in ${origin ?? 'a config file'}: change it there.`}
        </Text>
      )}
      {managed && edited && (
        <Text size="sm" c="dimmed" mt="sm">
          Its config was changed by hand, so there is no form any more: change {detail.file ?? 'the file'}.
        </Text>
      )}
    </Card>
  );
}

function Connect({
  item,
  detail: { snippets, authority, clients },
  mayWatch,
  mayIssue,
}: {
  readonly item: IntegrationItem;
  readonly detail: IntegrationDetail;
  readonly mayWatch: boolean;
  readonly mayIssue: boolean;
}) {
  const [shown, setShown] = useState<string>();
  const current = snippets.find(({ title }) => title === shown) ?? snippets[0];
  return (
    <div className="integration-columns">
      <Stack gap="md" miw={0}>
        {authority && (
          <Card withBorder p="md">
            <Group justify="space-between">
              <div style={{ flex: 1, minWidth: 220 }}>
                <Title order={2} size="h5">
                  The sender needs the CA certificate
                </Title>
                <Text size="sm" c="dimmed">
                  Copy it there as /etc/millrace-ca.crt. With it the sender knows that it speaks to this
                  Millrace.
                </Text>
              </div>
              <Button
                component="a"
                href="/api/integrations/authority"
                download="millrace-ca.crt"
                variant="default"
                size="xs"
                leftSection={<IconDownload size={14} aria-hidden />}
              >
                Download the CA certificate
              </Button>
            </Group>
          </Card>
        )}
        {clients && <ClientCertificate id={item.id} mayIssue={mayIssue} />}
        {current ? (
          <Card withBorder p="md">
            <Title order={2} size="h5" mb="xs">
              What to set at the sender
            </Title>
            {/* Their ids are made of these values: no titles, which have spaces. */}
            <Tabs
              value={String(snippets.indexOf(current))}
              onChange={(value) => setShown(snippets[Number(value)]?.title)}
              variant="pills"
            >
              <Tabs.List mb="sm">
                {snippets.map(({ title }, at) => (
                  <Tabs.Tab key={title} value={String(at)}>
                    {title}
                  </Tabs.Tab>
                ))}
              </Tabs.List>
              {snippets.map(({ title, words, text }, at) => (
                <Tabs.Panel key={title} value={String(at)}>
                  <CodeBlock text={text} words={words} label={title} />
                </Tabs.Panel>
              ))}
            </Tabs>
          </Card>
        ) : (
          <Text size="sm" c="dimmed">
            There is nothing to set at a sender.
          </Text>
        )}
      </Stack>
      {mayWatch && <FirstEvent key={item.id} id={item.id} item={item} />}
    </div>
  );
}

function Config({
  item,
  detail: { config, file },
}: {
  readonly item: IntegrationItem;
  readonly detail: IntegrationDetail;
}) {
  return (
    <Card withBorder p="md">
      {file !== undefined && item.state !== 'disabled' && (
        <Anchor
          component={Link}
          to="/editor"
          search={{ path: file } as never}
          size="sm"
          mb="sm"
          display="inline-block"
        >
          Edit as text
        </Anchor>
      )}
      <CodeBlock
        label="the config"
        text={visible(config, 100_000)}
        words={
          file === undefined
            ? `The part of ${item.origin ?? 'the config'} that this is about, without secrets.`
            : `The pipeline ${item.pipeline}, in ${file}. After a change by hand the form is off.`
        }
      />
    </Card>
  );
}
