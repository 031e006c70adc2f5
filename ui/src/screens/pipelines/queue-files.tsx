/** What is in the files of a persisted queue: the numbers of `millrace queue inspect`. */
import { Alert, Button, Stack, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useMay } from '../../app/session.tsx';
import { call } from '../../lib/api.ts';
import { bytes, exact, time } from './format.ts';

export function QueueFiles({ pipeline }: { readonly pipeline: string }) {
  const may = useMay('operator');
  const { data, error, refetch, isFetching } = useQuery({
    queryKey: ['queue files', pipeline],
    queryFn: ({ signal }) => call('GET /api/queues/:pipeline', { params: { pipeline }, signal }),
    enabled: false,
  });
  if (!may) return null;
  return (
    <Stack gap="xs" align="flex-start">
      <Button size="xs" variant="default" loading={isFetching} onClick={() => void refetch()}>
        Look into the files
      </Button>
      {error && (
        <Alert color="red" role="alert">
          {error.message}
        </Alert>
      )}
      {data && !data.persisted && <Text size="sm">The queue is in memory: it has no files.</Text>}
      {data?.persisted && (
        <>
          <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
            {exact(data.waitingEvents)} events wait, {bytes(data.waitingBytes)}
            {data.oldest !== undefined && `, received ${time(data.oldest)} to ${time(data.newest!)}`}.{' '}
            {data.folder}
          </Text>
          {data.sources.map(({ input, events, blocks }) => (
            <Text key={input} size="xs" c="dimmed">
              from {input}: {exact(events)} events in {exact(blocks)} blocks
            </Text>
          ))}
          {(data.damagedAcks > 0 ||
            data.setAside.length > 0 ||
            data.segments.some(({ damaged }) => damaged > 0)) && (
            <Alert color="red">
              Some of it can not be read. Stop Millrace, then: millrace queue repair {data.folder}
            </Alert>
          )}
          <Table verticalSpacing={2} aria-label="Files of the queue">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>File</Table.Th>
                <Table.Th className="numbers">Size</Table.Th>
                <Table.Th className="numbers">Waiting</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {data.segments.map(({ name, bytes: size, waitingEvents }) => (
                <Table.Tr key={name}>
                  <Table.Td>{name}</Table.Td>
                  <Table.Td className="numbers">{bytes(size)}</Table.Td>
                  <Table.Td className="numbers">{exact(waitingEvents)}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </>
      )}
    </Stack>
  );
}
