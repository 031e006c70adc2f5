/** A new pipeline, or a new file of one. */
import { Alert, Button, Code, Group, Modal, Select, Stack, Text, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { ApiFailure, call } from '../../lib/api.ts';
import type { ConfigList } from './editor.tsx';

const START = `input {
  # Where events come from.
  http { host => "127.0.0.1" port => 8088 }
}

filter {
}

output {
  # Where they go.
  stdout { codec => rubydebug }
}
`;

export function NewDialog({
  list,
  close,
  opened,
}: {
  readonly list: ConfigList;
  readonly close: () => void;
  readonly opened: (id: string) => void;
}) {
  const client = useQueryClient();
  const kinds = [
    ...(list.takesPipelines ? [{ value: 'new', label: 'A new pipeline' }] : []),
    ...(list.pipelines.some(({ takesFiles }) => takesFiles)
      ? [{ value: 'pipeline', label: 'A file of a pipeline' }]
      : []),
    ...(list.pipelines.some(({ files }) => files.length > 0)
      ? [{ value: 'test', label: 'A file of tests' }]
      : []),
  ];
  const [kind, setKind] = useState(kinds[0]?.value ?? 'new');
  const fitting = list.pipelines.filter(({ takesFiles, files }) =>
    kind === 'pipeline' ? takesFiles : files.length > 0,
  );
  const [chosen, setChosen] = useState<string | null>(null);
  const pipeline = chosen ?? fitting[0]?.id ?? '';
  const [name, setName] = useState('');
  const isNew = kind === 'new';
  const create = useMutation({
    mutationFn: () => {
      const title = name.trim();
      if (isNew)
        return call('POST /api/configs/files', {
          body: { kind: 'pipeline', pipeline: title, name: `${title}.conf`, text: START },
        });
      const isTest = kind === 'test';
      const ending = isTest ? '.test.yml' : '.conf';
      return call('POST /api/configs/files', {
        body: {
          kind: isTest ? 'test' : 'pipeline',
          pipeline,
          name: /\.\w+$/.test(title) ? title : `${title}${ending}`,
          text: isTest
            ? `pipeline: ${pipeline}\ntests:\n  - name: what it shows\n    events: [{ message: hello }]\n    count: 1\n`
            : 'filter {\n}\n',
        },
      });
    },
    onSuccess: async ({ outcome, id }) => {
      if (outcome !== 'applied') return;
      await client.invalidateQueries({ queryKey: ['configs'], exact: true });
      close();
      opened(id);
    },
  });
  const { data, error, isPending } = create;
  const problem =
    error?.message ??
    (data && data.outcome !== 'applied'
      ? (data.error ?? data.findings.map((each) => `${each.name}:${each.line}: ${each.message}`).join('\n'))
      : undefined);
  return (
    <Modal opened onClose={close} title="New" closeButtonProps={{ 'aria-label': 'Close' }}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (name.trim() !== '') create.mutate();
        }}
      >
        <Stack gap="sm">
          <Select
            label="What"
            data={kinds}
            value={kind}
            onChange={(value) => {
              setKind(value ?? 'new');
              setChosen(null);
            }}
            allowDeselect={false}
          />
          {!isNew && (
            <Select
              label="Of the pipeline"
              data={fitting.map(({ id }) => id)}
              value={pipeline}
              onChange={setChosen}
              allowDeselect={false}
            />
          )}
          <TextInput
            label={isNew ? 'Id of the pipeline' : 'Name of the file'}
            description={
              isNew
                ? 'It gets a file in pipelines.d, an entry in pipelines.yml, and starts at once with an HTTP input on 127.0.0.1:8088.'
                : undefined
            }
            value={name}
            onChange={({ currentTarget }) => setName(currentTarget.value)}
            maxLength={95}
            required
            data-autofocus
          />
          {problem !== undefined && (
            <Alert color="red" role="alert" title="Not made">
              <Code block style={{ whiteSpace: 'pre-wrap' }}>
                {problem}
              </Code>
              {error instanceof ApiFailure && error.hint !== undefined && <Text size="sm">{error.hint}</Text>}
            </Alert>
          )}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={close}>
              Cancel
            </Button>
            <Button type="submit" loading={isPending} disabled={name.trim() === ''}>
              Make it
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
