/** Issues certificates for those who send to a source that asks for one; the key is shown once, here. */
import { Alert, Button, Card, Group, Text, TextInput, Title } from '@mantine/core';
import { IconDownload, IconKey } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { call } from '../../lib/api.ts';
import { saveFile } from '../../lib/save-file.ts';

const NAME = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$/;

export function ClientCertificate({ id, mayIssue }: { readonly id: string; readonly mayIssue: boolean }) {
  const [name, setName] = useState('');
  const issue = useMutation({
    mutationFn: (sender: string) =>
      call('POST /api/integrations/:id/certificate', { params: { id }, body: { name: sender } }),
  });
  const { data, variables: sender = '' } = issue;
  const wrong = name !== '' && !NAME.test(name);
  return (
    <Card withBorder p="md">
      <Title order={2} size="h5">
        The sender needs a certificate of its own
      </Title>
      <Text size="sm" c="dimmed">
        Who has none is refused. Issue one for each sender, and copy it there as /etc/millrace-client.crt, its
        key as /etc/millrace-client.key.
      </Text>
      {mayIssue ? (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            if (NAME.test(name)) issue.mutate(name);
          }}
        >
          <Group align="flex-start" gap="xs" mt="sm">
            <TextInput
              aria-label="Name of the sender"
              placeholder="Name of the sender, such as web-1.example"
              size="xs"
              maxLength={64}
              value={name}
              onChange={({ currentTarget }) => setName(currentTarget.value)}
              error={wrong ? 'Letters, digits, dots, - and _ only' : undefined}
              spellCheck={false}
              style={{ flex: 1, minWidth: 200 }}
            />
            <Button
              type="submit"
              size="xs"
              disabled={name === '' || wrong}
              loading={issue.isPending}
              leftSection={<IconKey size={14} aria-hidden />}
            >
              Issue a certificate
            </Button>
          </Group>
        </form>
      ) : (
        <Text size="sm" mt="sm">
          Operators and administrators issue them.
        </Text>
      )}
      {issue.error && (
        <Alert color="red" p="xs" mt="sm" role="alert">
          {issue.error.message}
        </Alert>
      )}
      {data && (
        <Alert
          color="teal"
          p="xs"
          mt="sm"
          role="status"
          title={`Issued for ${sender}, until ${new Date(data.expires).toISOString().slice(0, 10)}`}
        >
          <Text size="sm">
            Millrace keeps neither: who leaves this page without the key has to issue another one.
          </Text>
          <Group gap="xs" mt="xs">
            <Button
              size="compact-sm"
              variant="default"
              leftSection={<IconDownload size={14} aria-hidden />}
              onClick={() => saveFile(new Blob([data.certificate]), 'millrace-client.crt')}
            >
              Certificate
            </Button>
            <Button
              size="compact-sm"
              variant="default"
              leftSection={<IconDownload size={14} aria-hidden />}
              onClick={() => saveFile(new Blob([data.key]), 'millrace-client.key')}
            >
              Key
            </Button>
          </Group>
        </Alert>
      )}
    </Card>
  );
}
