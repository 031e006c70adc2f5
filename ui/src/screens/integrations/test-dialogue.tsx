/** Sends a test message and shows what was answered. */
import { Group, Loader, Modal, Stack, Text } from '@mantine/core';
import { IconCircleCheck, IconCircleX } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import type { IntegrationTest } from '../../../../src/server/contract.ts';
import { visible } from '../../lib/visible.ts';

export interface TestDialogueProps {
  readonly title: string;
  readonly run: () => Promise<IntegrationTest>;
  readonly onClose: () => void;
}

export function TestDialogue({ title, run, onClose }: TestDialogueProps) {
  const [results, setResults] = useState<IntegrationTest['results']>();
  const [problem, setProblem] = useState<string>();
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when it opens
  useEffect(() => {
    let shown = true;
    run().then(
      (answer) => shown && setResults(answer.results),
      (error: Error) => shown && setProblem(error.message),
    );
    return () => {
      shown = false;
    };
  }, []);
  return (
    <Modal opened onClose={onClose} title={`Test of ${title}`} closeButtonProps={{ 'aria-label': 'Close' }}>
      <Stack gap="sm" role="status">
        {results === undefined && problem === undefined && (
          <Group gap="sm">
            <Loader size="sm" aria-hidden />
            <Text size="sm">A [Test message] is on its way…</Text>
          </Group>
        )}
        {problem !== undefined && <Result ok={false} title="It could not be sent" text={problem} />}
        {results?.map((result) => (
          <Result key={result.title} {...result} />
        ))}
      </Stack>
    </Modal>
  );
}

function Result({
  ok,
  title,
  text,
  milliseconds,
}: {
  readonly ok: boolean;
  readonly title: string;
  readonly text: string;
  readonly milliseconds?: number;
}) {
  const Icon = ok ? IconCircleCheck : IconCircleX;
  return (
    <Group gap="sm" wrap="nowrap" align="flex-start">
      <Icon
        size={20}
        color={ok ? 'var(--millrace-good)' : 'var(--millrace-bad)'}
        style={{ flexShrink: 0 }}
        aria-label={ok ? 'Worked' : 'Failed'}
      />
      <div style={{ minWidth: 0, flex: 1 }}>
        <Group justify="space-between" wrap="nowrap" gap="xs">
          <Text size="sm" fw={600} className="integration-long" title={title}>
            {title}
          </Text>
          {milliseconds !== undefined && (
            <Text size="xs" c="dimmed" className="integration-numbers">
              {milliseconds} ms
            </Text>
          )}
        </Group>
        <Text size="sm" className="integration-problem">
          {visible(text, 2000)}
        </Text>
      </div>
    </Group>
  );
}
