/** Deletes a file after a question. Its versions stay. */
import { Alert, Button, Code, Group, Modal, Stack, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import type { ConfigFile } from '../../../../src/server/contract.ts';
import { call } from '../../lib/api.ts';

export function DeleteDialog({
  file,
  close,
  deleted,
}: {
  readonly file: ConfigFile;
  readonly close: () => void;
  readonly deleted: () => void;
}) {
  const remove = useMutation({
    mutationFn: () => call('DELETE /api/configs/files/:id', { params: { id: file.id } }),
    onSuccess: ({ outcome }) => {
      if (outcome === 'applied') deleted();
    },
  });
  const { data, error, isPending } = remove;
  const problem =
    error?.message ?? (data && data.outcome !== 'applied' ? (data.error ?? 'it is needed') : undefined);
  return (
    <Modal opened onClose={close} title={`Delete ${file.name}?`} closeButtonProps={{ 'aria-label': 'Close' }}>
      <Stack gap="sm">
        <Text size="sm">
          {file.kind === 'pipeline'
            ? `Pipeline ${file.pipelines.join(', ')} is reloaded without it.`
            : file.usedBy && file.usedBy.length > 0
              ? 'Configs still name this file: their pipelines will not start without it.'
              : 'Nothing names this file.'}
          {!file.secret && ' Its text stays among the versions.'}
        </Text>
        {problem !== undefined && (
          <Alert color="red" role="alert" title="Not deleted">
            <Code block style={{ whiteSpace: 'pre-wrap' }}>
              {problem}
            </Code>
          </Alert>
        )}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={close} data-autofocus>
            Cancel
          </Button>
          <Button color="red" loading={isPending} onClick={() => remove.mutate()}>
            Delete
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
