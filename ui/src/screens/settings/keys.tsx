/** API keys: for shippers, scripts and other programs. */
import {
  ActionIcon,
  Alert,
  Badge,
  Button,
  Code,
  CopyButton,
  Group,
  NumberInput,
  Select,
  Skeleton,
  Table,
  TagsInput,
  Text,
  TextInput,
} from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconCheck, IconCopy, IconPlus } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { BodyOf, KeyView } from '../../../../src/server/contract.ts';
import { useMay } from '../../app/session.tsx';
import { call } from '../../lib/api.ts';
import { Problem } from '../../lib/problem.tsx';
import { Dialogue } from './dialogue.tsx';
import { scrollable } from './scrollable.ts';
import { Section } from './section.tsx';
import { Ago } from './times.tsx';

type Scope = BodyOf<'POST /api/keys'>['scope'];

export function Keys() {
  const client = useQueryClient();
  const seesAll = useMay('administrator');
  const [making, setMaking] = useState(false);
  const [revoking, setRevoking] = useState<KeyView>();
  const { data, error, refetch } = useQuery({
    queryKey: ['keys'],
    queryFn: ({ signal }) => call('GET /api/keys', { signal }),
  });
  const refresh = (): void => void client.invalidateQueries({ queryKey: ['keys'] });
  if (error)
    return <Problem title="The API keys can not be shown" error={error} retry={() => void refetch()} />;
  return (
    <Section
      title="API keys"
      explanation="For the event store (port 9200) and this console: Authorization: ApiKey …"
      action={
        <Button size="xs" leftSection={<IconPlus size={14} aria-hidden />} onClick={() => setMaking(true)}>
          New key
        </Button>
      }
    >
      {!data && <Skeleton h={120} />}
      {data?.keys.length === 0 && (
        <Text size="sm" c="dimmed" py="lg" ta="center">
          There is no key yet. A key with the scope “write” lets Beats and other shippers send events without
          a password.
        </Text>
      )}
      {data && data.keys.length > 0 && (
        <Table.ScrollContainer minWidth={720} scrollAreaProps={scrollable}>
          <Table verticalSpacing={6} highlightOnHover>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Name</Table.Th>
                {seesAll && <Table.Th>Owner</Table.Th>}
                <Table.Th>Scope</Table.Th>
                <Table.Th>Indices</Table.Th>
                <Table.Th>Made</Table.Th>
                <Table.Th>Ends</Table.Th>
                <Table.Th>State</Table.Th>
                <Table.Th aria-label="Revoke" />
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {data.keys.map((key) => (
                <Table.Tr key={key.id} {...(key.state !== 'valid' && { c: 'dimmed' })}>
                  <Table.Td>
                    <Text size="sm" truncate maw={220} title={`${key.name} (id ${key.id})`}>
                      {key.name}
                    </Text>
                  </Table.Td>
                  {seesAll && <Table.Td>{key.owner}</Table.Td>}
                  <Table.Td>{key.scope}</Table.Td>
                  <Table.Td>
                    <Text size="sm" truncate maw={200} title={key.indices.join(', ')}>
                      {key.indices.length === 0 || key.indices.includes('*') ? 'all' : key.indices.join(', ')}
                    </Text>
                  </Table.Td>
                  <Table.Td>
                    <Ago time={key.created} />
                  </Table.Td>
                  <Table.Td>{key.expires === undefined ? 'never' : <Ago time={key.expires} />}</Table.Td>
                  <Table.Td>
                    <Badge size="sm" variant="default">
                      {key.state}
                    </Badge>
                  </Table.Td>
                  <Table.Td ta="right">
                    {key.state === 'valid' && (
                      <Button
                        variant="subtle"
                        color="gray"
                        className="settings-danger"
                        size="compact-xs"
                        aria-label={`Revoke ${key.name}`}
                        onClick={() => setRevoking(key)}
                      >
                        Revoke
                      </Button>
                    )}
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      {making && <NewKey onClose={() => setMaking(false)} onDone={refresh} />}
      {revoking && (
        <Dialogue
          title={`Revoke ${revoking.name}`}
          submit="Revoke"
          danger
          onClose={() => setRevoking(undefined)}
          onSubmit={async () => {
            await call('DELETE /api/keys/:id', { params: { id: revoking.id } });
            notifications.show({ message: `${revoking.name} is revoked.` });
            refresh();
          }}
        >
          <Text size="sm">
            Whatever uses this key is refused from now on. A revoked key does not come back.
          </Text>
        </Dialogue>
      )}
    </Section>
  );
}

function NewKey({ onClose, onDone }: { readonly onClose: () => void; readonly onDone: () => void }) {
  const may = {
    analyst: useMay('analyst'),
    operator: useMay('operator'),
    administrator: useMay('administrator'),
  };
  const scopes: readonly { value: Scope; label: string }[] = [
    ...(may.operator ? [{ value: 'write' as const, label: 'Write: sends events, reads nothing' }] : []),
    { value: 'viewer', label: 'Viewer: searches' },
    ...(may.analyst ? [{ value: 'analyst' as const, label: 'Analyst: exports, too' }] : []),
    ...(may.operator ? [{ value: 'operator' as const, label: 'Operator: writes and sets up' }] : []),
    ...(may.administrator ? [{ value: 'administrator' as const, label: 'Administrator: everything' }] : []),
  ];
  const [name, setName] = useState('');
  const [scope, setScope] = useState<Scope>(scopes[0]!.value);
  const [indices, setIndices] = useState<string[]>([]);
  const [days, setDays] = useState<number | string>(90);
  const [made, setMade] = useState<string>();
  return (
    <Dialogue
      title="New API key"
      submit={made === undefined ? 'Make the key' : 'I have kept it'}
      onClose={onClose}
      onSubmit={async () => {
        if (made !== undefined) return true;
        const body = { name: name.trim(), scope, indices, ...(typeof days === 'number' && { days }) };
        setMade((await call('POST /api/keys', { body })).encoded);
        onDone();
        return false;
      }}
    >
      {made === undefined ? (
        <>
          <TextInput
            label="Name"
            description="What it is for."
            required
            data-autofocus
            autoComplete="off"
            maxLength={256}
            value={name}
            onChange={({ currentTarget }) => setName(currentTarget.value)}
          />
          <Select
            label="Scope"
            data={scopes}
            allowDeselect={false}
            value={scope}
            onChange={(value) => setScope(value as Scope)}
          />
          <TagsInput
            label="Indices"
            description="Names and patterns such as web-*; none: all that you may see."
            placeholder={indices.length === 0 ? 'all' : ''}
            value={indices}
            onChange={setIndices}
            acceptValueOnBlur
          />
          <NumberInput
            label="Days until it ends"
            description="Empty: it does not end by itself."
            min={1}
            max={3650}
            allowDecimal={false}
            value={days}
            onChange={setDays}
          />
        </>
      ) : (
        <>
          <Alert color="yellow" title="Keep this key">
            It is not shown again; Millrace keeps only its hash.
          </Alert>
          <Group wrap="nowrap">
            <Code block style={{ flex: 1, overflowWrap: 'anywhere', whiteSpace: 'pre-wrap' }}>
              {made}
            </Code>
            <CopyButton value={made}>
              {({ copied, copy }) => (
                <ActionIcon
                  variant="default"
                  size="lg"
                  onClick={copy}
                  aria-label={copied ? 'Copied' : 'Copy the key'}
                >
                  {copied ? <IconCheck size={18} aria-hidden /> : <IconCopy size={18} aria-hidden />}
                </ActionIcon>
              )}
            </CopyButton>
          </Group>
          <Text size="sm">
            <code>Authorization: ApiKey …</code>, or <code>api_key</code> of the Elasticsearch output.
          </Text>
        </>
      )}
    </Dialogue>
  );
}
