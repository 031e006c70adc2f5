/** What is going to be written, and what became of it. */
import {
  Alert,
  Button,
  Code,
  Group,
  List,
  Modal,
  SegmentedControl,
  Stack,
  Text,
  TextInput,
} from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import type { Applied, ConfigFile } from '../../../../src/server/contract.ts';
import { ApiFailure, call } from '../../lib/api.ts';
import { numbered } from '../../lib/numbered.ts';
import { DiffView } from './diff-view.tsx';

export interface ApplyDialogProps {
  readonly file: ConfigFile;
  readonly before: string;
  readonly after: string;
  /** As the file will hold it. */
  readonly text: string;
  readonly base: string;
  /** Number of the version that comes back. */
  readonly rollback?: number;
  readonly close: () => void;
  readonly applied: (answer: Applied, text: string) => void;
}

const became = {
  started: 'started',
  reloaded: 'runs with the change',
  unchanged: 'is as before',
  failed: 'does not start',
  stopped: 'was stopped',
} as const;

export function ApplyDialog({ file, before, after, text, base, rollback, close, applied }: ApplyDialogProps) {
  const [comment, setComment] = useState('');
  const narrow = useMediaQuery('(max-width: 48em)') ?? false;
  const [split, setSplit] = useState(false);
  const apply = useMutation({
    mutationFn: () =>
      call('POST /api/configs/files/:id/apply', {
        params: { id: file.id },
        body: { text, base, comment, ...(rollback !== undefined && { rollback }) },
      }),
    onSuccess: (answer) => {
      if (answer.outcome === 'applied') applied(answer, text);
    },
  });
  const { data, error, isPending } = apply;
  const isBack = rollback !== undefined;
  const restarts = file.kind === 'pipeline' || file.kind === 'pipelines';
  return (
    <Modal
      opened
      onClose={close}
      size={narrow ? '100%' : 'min(1100px, 92vw)'}
      fullScreen={narrow}
      title={isBack ? `Roll ${file.name} back to version ${rollback}` : `Apply ${file.name}`}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <Stack gap="sm">
        {data?.outcome !== 'applied' && (
          <>
            <Group justify="space-between" gap="xs">
              <Text size="sm" c="dimmed">
                {restarts
                  ? 'The file is written, and its pipelines are reloaded without closing their connections. If they do not start, what runs now stays.'
                  : 'The file is written. Pipelines that name it are reloaded.'}
              </Text>
              {!narrow && (
                <SegmentedControl
                  size="xs"
                  aria-label="Difference"
                  value={split ? 'split' : 'unified'}
                  onChange={(value) => setSplit(value === 'split')}
                  data={[
                    { value: 'unified', label: 'One column' },
                    { value: 'split', label: 'Side by side' },
                  ]}
                />
              )}
            </Group>
            <DiffView before={before} after={after} split={split && !narrow} label="What changes" />
          </>
        )}
        {error && (
          <Alert color="red" role="alert" title="Not applied">
            <Text size="sm">{error.message}</Text>
            {error instanceof ApiFailure && error.hint !== undefined && <Text size="sm">{error.hint}</Text>}
          </Alert>
        )}
        {data && data.outcome !== 'applied' && <Failure answer={data} />}
        {data?.outcome === 'applied' ? (
          <Success answer={data} close={close} />
        ) : (
          <form
            onSubmit={(event) => {
              event.preventDefault();
              apply.mutate();
            }}
          >
            <Group align="flex-end" gap="sm">
              <TextInput
                label="Comment"
                placeholder="Why, for the list of versions"
                value={comment}
                onChange={({ currentTarget }) => setComment(currentTarget.value)}
                maxLength={500}
                style={{ flex: '1 1 240px' }}
                data-autofocus
              />
              <Button variant="default" onClick={close}>
                Cancel
              </Button>
              <Button type="submit" loading={isPending}>
                {isBack ? 'Roll back' : restarts ? 'Apply and reload' : 'Apply'}
              </Button>
            </Group>
          </form>
        )}
      </Stack>
    </Modal>
  );
}

function Failure({ answer: { outcome, error, findings } }: { readonly answer: Applied }) {
  return (
    <Alert
      color="red"
      role="alert"
      title={
        outcome === 'refused' ? 'Not applied: there are errors' : 'It did not start: what ran before goes on'
      }
    >
      {error !== undefined && (
        <Code block style={{ whiteSpace: 'pre-wrap' }}>
          {error}
        </Code>
      )}
      {outcome === 'refused' && (
        <List size="sm">
          {numbered(findings.slice(0, 10)).map(({ item: finding, place }) => (
            <List.Item key={place}>
              {finding.name}:{finding.line}: {finding.message}
            </List.Item>
          ))}
        </List>
      )}
    </Alert>
  );
}

function Success({
  answer: { pipelines, version },
  close,
}: {
  readonly answer: Applied;
  readonly close: () => void;
}) {
  return (
    <>
      <Alert
        color="teal"
        role="status"
        title={version === undefined ? 'Applied' : `Applied as version ${version}`}
      >
        {pipelines.length === 0 ? (
          <Text size="sm">No pipeline had to be reloaded.</Text>
        ) : (
          <List size="sm">
            {pipelines.map(({ id, outcome, error }) => (
              <List.Item key={id}>
                Pipeline {id} {became[outcome]}
                {error !== undefined && `: ${error}`}
              </List.Item>
            ))}
          </List>
        )}
      </Alert>
      <Group justify="flex-end">
        <Button onClick={close} data-autofocus>
          Done
        </Button>
      </Group>
    </>
  );
}
