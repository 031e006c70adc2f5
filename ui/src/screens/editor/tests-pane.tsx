/** Config tests, run on the edit as it is. */
import { Badge, Button, Code, Group, Stack, Text, UnstyledButton } from '@mantine/core';
import { IconPlayerPlay } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import type { ConfigFile, TestResult } from '../../../../src/server/contract.ts';
import { call } from '../../lib/api.ts';
import { numbered } from '../../lib/numbered.ts';
import { Problem } from '../../lib/problem.tsx';
import type { Edit } from './drafts.ts';

const colours = { passed: 'teal', failed: 'red', broken: 'red', skipped: 'gray' } as const;

export interface TestsPaneProps {
  readonly tests: readonly ConfigFile[];
  readonly edits: readonly Edit[];
  readonly go: (file: string | undefined, line: number) => void;
}

export function TestsPane({ tests, edits, go }: TestsPaneProps) {
  const run = useMutation({
    mutationFn: () => call('POST /api/configs/tests/run', { body: { edits: [...edits] } }),
  });
  const { data, error, isPending } = run;
  if (tests.length === 0)
    return (
      <Text size="sm" c="dimmed">
        There are no tests yet. Save a sample as one under Preview, or put files that end with .test.yml
        beside the config: millrace test runs the same ones.
      </Text>
    );
  return (
    <Stack gap="sm">
      <Group justify="space-between">
        <Text size="sm" className="numbers" role="status">
          {data
            ? `${data.passed} passed, ${data.failed + data.broken} failed${data.skipped > 0 ? `, ${data.skipped} skipped` : ''} in ${Math.round(data.millis)} ms`
            : `${tests.length} ${tests.length === 1 ? 'file' : 'files'}${edits.length > 0 ? ', to run on your edit' : ''}`}
        </Text>
        <Button
          size="compact-sm"
          leftSection={<IconPlayerPlay size={15} aria-hidden />}
          loading={isPending}
          onClick={() => run.mutate()}
        >
          Run tests
        </Button>
      </Group>
      {error && <Problem title="The tests could not be run" error={error} />}
      {data?.files.map((file) => (
        <section key={file.name} aria-label={file.name}>
          <UnstyledButton className="config-link" onClick={() => go(file.file, 1)}>
            <Text size="xs" fw={600}>
              {file.name}
            </Text>
          </UnstyledButton>
          {file.errors.map((text) => (
            <Code key={text} block style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
              {text}
            </Code>
          ))}
          <Stack gap={4} mt={4}>
            {numbered(file.tests).map(({ item, place }) => (
              <Result key={place} test={item} open={() => go(file.file, item.line)} />
            ))}
          </Stack>
        </section>
      ))}
      {!data &&
        tests.map((file) => (
          <UnstyledButton key={file.id} className="config-finding" onClick={() => go(file.id, 1)}>
            <Text size="sm">{file.name}</Text>
          </UnstyledButton>
        ))}
    </Stack>
  );
}

function Result({
  test: { name, status, problems, error, millis },
  open,
}: {
  readonly test: TestResult;
  readonly open: () => void;
}) {
  return (
    <div className="config-finding">
      <Group gap={6} wrap="nowrap" justify="space-between">
        <UnstyledButton className="config-link" onClick={open} style={{ minWidth: 0 }}>
          <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
            {name}
          </Text>
        </UnstyledButton>
        <Group gap={6} wrap="nowrap">
          <Text size="xs" c="dimmed" className="numbers">
            {Math.max(1, Math.round(millis))} ms
          </Text>
          <Badge size="sm" variant="outline" color={colours[status]}>
            {status}
          </Badge>
        </Group>
      </Group>
      {error !== undefined && (
        <Text size="xs" style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
          {error}
        </Text>
      )}
      {numbered(problems).map(({ item: { message, differences }, place }) => (
        <div key={place}>
          <Text size="xs">{message}</Text>
          <table className="tap-fields mono">
            <tbody>
              {differences.map(({ field, expected, actual }) => (
                <tr key={field}>
                  <th scope="row" style={{ width: '34%' }}>
                    {field}
                  </th>
                  <td>
                    {expected !== undefined && <del className="tap-removed">{expected}</del>}{' '}
                    {actual !== undefined && <ins className="tap-added">{actual}</ins>}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ))}
    </div>
  );
}
