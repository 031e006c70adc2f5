/** Everything that is wrong, of all files; a click goes there. */
import { Skeleton, Stack, Text, UnstyledButton } from '@mantine/core';
import type { Finding } from '../../../../src/server/contract.ts';
import { numbered } from '../../lib/numbered.ts';

const words = { error: 'Error', warning: 'Warning', lint: 'Hint' } as const;

export function ProblemsPane({
  findings,
  millis,
  go,
}: {
  readonly findings: readonly Finding[] | undefined;
  readonly millis: number | undefined;
  readonly go: (finding: Finding) => void;
}) {
  if (!findings) return <Skeleton height={120} role="status" aria-label="Loading" />;
  if (findings.length === 0)
    return (
      <Text size="sm" c="dimmed">
        Nothing is wrong. Checked in {Math.max(1, Math.round(millis ?? 0))} ms, with all pipelines together.
      </Text>
    );
  return (
    <Stack gap={4} component="ul" m={0} p={0} style={{ listStyle: 'none' }} aria-label="Problems">
      {numbered(findings).map(({ item: finding, place }) => (
        <li key={place}>
          <UnstyledButton
            className="config-finding"
            data-severity={finding.severity}
            onClick={() => go(finding)}
          >
            <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
              <span className={`config-severity config-severity-${finding.severity}`}>
                {words[finding.severity]}
              </span>{' '}
              {finding.message}
            </Text>
            {finding.expected !== undefined && (
              <Text size="xs" style={{ overflowWrap: 'anywhere' }}>
                Expected: {finding.expected}
                {finding.found !== undefined && `; found: ${finding.found}`}
              </Text>
            )}
            {finding.hint !== undefined && (
              <Text size="xs" style={{ overflowWrap: 'anywhere' }}>
                {finding.hint}
              </Text>
            )}
            <Text size="xs" c="dimmed" className="numbers" ta="left">
              {finding.name}:{finding.line}:{finding.column}
            </Text>
          </UnstyledButton>
        </li>
      ))}
    </Stack>
  );
}
