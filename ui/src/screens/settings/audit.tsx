/** Audit log: who did what, and whether the log is whole. */
import {
  Alert,
  Badge,
  Button,
  Code,
  Group,
  Modal,
  SegmentedControl,
  Skeleton,
  Stack,
  Table,
  Text,
  TextInput,
} from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { IconAlertTriangle, IconSearch, IconShieldCheck } from '@tabler/icons-react';
import { useInfiniteQuery, useMutation } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import type { AuditRecordView, AuditVerdict } from '../../../../src/server/contract.ts';
import { call } from '../../lib/api.ts';
import { Problem } from '../../lib/problem.tsx';
import { visible, visibleJson } from '../../lib/visible.ts';
import { scrollable } from './scrollable.ts';
import { Section } from './section.tsx';
import { exact } from './times.tsx';

const route = getRouteApi('/settings/audit');
const PAGE = 100;

export function Audit() {
  const { text = '', outcome = '' } = route.useSearch();
  const navigate = route.useNavigate();
  const [shown, setShown] = useState<AuditRecordView>();
  const verify = useMutation({ mutationFn: () => call('POST /api/audit/verify') });
  const search = useDebouncedCallback(
    (value: string) =>
      void navigate({ search: (before) => ({ ...before, text: value || undefined }), replace: true }),
    250,
  );
  const { data, error, fetchNextPage, hasNextPage, isFetching, refetch } = useInfiniteQuery({
    queryKey: ['audit', text, outcome],
    queryFn: ({ pageParam, signal }) =>
      call('GET /api/audit', {
        query: { text, outcome, size: PAGE, ...(pageParam !== undefined && { before: pageParam }) },
        signal,
      }),
    initialPageParam: undefined as number | undefined,
    getNextPageParam: ({ records, more }) => (more ? records.at(-1)?.seq : undefined),
  });
  const records = data?.pages.flatMap((page) => page.records) ?? [];
  return (
    <Section
      title="Audit log"
      explanation="Sign-ins, searches, exports, changes and taps. Each line holds the hash of the one before it."
      action={
        <Group gap="xs">
          <Button variant="default" size="xs" onClick={() => void refetch()}>
            Refresh
          </Button>
          <Button
            size="xs"
            variant="default"
            leftSection={<IconShieldCheck size={14} aria-hidden />}
            loading={verify.isPending}
            onClick={() => verify.mutate()}
          >
            Verify
          </Button>
        </Group>
      }
    >
      <div aria-live="polite">
        {verify.data && <Verdict verdict={verify.data} onClose={verify.reset} />}
        {verify.error && <Problem title="The log can not be verified" error={verify.error} />}
      </div>
      <Group mb="sm" gap="sm">
        <TextInput
          aria-label="Search the audit log"
          placeholder="Words: a user, an action, an address"
          leftSection={<IconSearch size={14} aria-hidden />}
          style={{ flex: '1 1 220px' }}
          defaultValue={text}
          onChange={({ currentTarget }) => search(currentTarget.value)}
        />
        <SegmentedControl
          aria-label="Outcome"
          size="xs"
          data={[
            { value: '', label: 'All' },
            { value: 'success', label: 'Success' },
            { value: 'failure', label: 'Failure' },
            { value: 'denied', label: 'Denied' },
          ]}
          value={outcome}
          onChange={(value) =>
            void navigate({
              search: (before) => ({
                ...before,
                outcome: (value || undefined) as AuditRecordView['outcome'] | undefined,
              }),
            })
          }
        />
      </Group>
      {error && <Problem title="The audit log can not be read" error={error} retry={() => void refetch()} />}
      {!data && !error && <Skeleton h={300} />}
      {data && records.length === 0 && (
        <Text size="sm" c="dimmed" py="lg" ta="center">
          Nothing of this kind was noted.
        </Text>
      )}
      {records.length > 0 && (
        <Table.ScrollContainer minWidth={760} scrollAreaProps={scrollable}>
          <Table verticalSpacing={4} highlightOnHover>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Time</Table.Th>
                <Table.Th>Action</Table.Th>
                <Table.Th>User</Table.Th>
                <Table.Th>Address</Table.Th>
                <Table.Th>Outcome</Table.Th>
                <Table.Th>Details</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {records.map((record) => (
                <Row key={record.seq} record={record} onOpen={() => setShown(record)} />
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      {hasNextPage && (
        <Group justify="center" mt="sm">
          <Button variant="default" size="xs" loading={isFetching} onClick={() => void fetchNextPage()}>
            Show more
          </Button>
        </Group>
      )}
      {shown && (
        <Modal
          opened
          onClose={() => setShown(undefined)}
          title={`Line ${shown.seq}`}
          size="lg"
          closeButtonProps={{ 'aria-label': 'Close' }}
        >
          <Code block className="settings-mono" style={{ whiteSpace: 'pre-wrap' }}>
            {visibleJson(JSON.stringify(shown, undefined, 2))}
          </Code>
        </Modal>
      )}
    </Section>
  );
}

function Row({ record, onOpen }: { readonly record: AuditRecordView; readonly onOpen: () => void }) {
  const { seq, time, action, user, address, outcome, details } = record;
  return (
    <Table.Tr>
      <Table.Td style={{ whiteSpace: 'nowrap' }}>{exact(Date.parse(time))}</Table.Td>
      <Table.Td>
        <Text size="sm" truncate maw={180} title={action}>
          {action}
        </Text>
      </Table.Td>
      <Table.Td>
        <Text size="sm" truncate maw={160} title={user ?? ''}>
          <bdi>{user ?? '–'}</bdi>
        </Text>
      </Table.Td>
      <Table.Td style={{ whiteSpace: 'nowrap' }}>{address || '–'}</Table.Td>
      <Table.Td>
        <Badge
          size="sm"
          variant="default"
          tt="none"
          {...(outcome !== 'success' && { className: 'settings-danger' })}
        >
          {outcome}
        </Badge>
      </Table.Td>
      <Table.Td>
        <Button variant="subtle" color="gray" size="compact-xs" className="settings-details" onClick={onOpen}>
          <bdi className="settings-mono">
            {details ? visible(JSON.stringify(details), 120) : `line ${seq}`}
          </bdi>
        </Button>
      </Table.Td>
    </Table.Tr>
  );
}

function Verdict({ verdict, onClose }: { readonly verdict: AuditVerdict; readonly onClose: () => void }) {
  const { intact, lines, files, head, faults } = verdict;
  return (
    <Alert
      mb="sm"
      color={intact ? 'teal' : 'red'}
      icon={intact ? <IconShieldCheck aria-hidden /> : <IconAlertTriangle aria-hidden />}
      title={intact ? 'The audit log is intact' : 'The audit log was tampered with, or is damaged'}
      withCloseButton
      closeButtonLabel="Close"
      onClose={onClose}
    >
      <Stack gap={4}>
        <Text size="sm">
          {lines.toLocaleString('en')} lines in {files} {files === 1 ? 'file' : 'files'} were checked.
        </Text>
        {faults.map(({ file, line, message }) => (
          <Text size="sm" key={`${file}:${line}:${message}`}>
            {file}
            {line > 0 ? `, line ${line}` : ''}: {message}
          </Text>
        ))}
        <Text size="xs" className="settings-mono">
          Head: {head.seq}:{head.hash}
        </Text>
        {intact && (
          <Text size="xs">
            Note the head in another place: it proves later that nothing up to here was cut off or written
            anew.
          </Text>
        )}
      </Stack>
    </Alert>
  );
}
