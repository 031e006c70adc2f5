/** Text to be copied. */
import { Button, CopyButton, Group, Text } from '@mantine/core';
import { IconCheck, IconCopy } from '@tabler/icons-react';
import type { ReactNode } from 'react';

function CopyText({ text, what }: { readonly text: string; readonly what: string }) {
  return (
    <CopyButton value={text} timeout={2000}>
      {({ copied, copy }) => (
        <Button
          size="compact-xs"
          variant="default"
          onClick={copy}
          style={{ flexShrink: 0 }}
          leftSection={copied ? <IconCheck size={14} aria-hidden /> : <IconCopy size={14} aria-hidden />}
          aria-label={copied ? 'Copied' : `Copy ${what}`}
        >
          {copied ? 'Copied' : 'Copy'}
        </Button>
      )}
    </CopyButton>
  );
}

export function CodeBlock({
  text,
  label,
  words,
}: {
  readonly text: string;
  readonly label: string;
  readonly words?: ReactNode;
}) {
  return (
    <div>
      <Group justify="space-between" align="flex-end" wrap="nowrap" mb={6}>
        <Text size="sm" c="dimmed">
          {words}
        </Text>
        <CopyText text={text} what={label} />
      </Group>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and the keyboard must reach it */}
      <section className="integration-code" tabIndex={0} aria-label={label}>
        <pre>{text}</pre>
      </section>
    </div>
  );
}
