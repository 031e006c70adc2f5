/** Custom files: uploaded, pasted, or as a list in one YAML text. */
import {
  Alert,
  Button,
  FileButton,
  Group,
  List,
  Modal,
  Stack,
  Tabs,
  Text,
  Textarea,
  TextInput,
} from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { Applied, Finding } from '../../../../src/server/contract.ts';
import { ApiFailure, call } from '../../lib/api.ts';
import { numbered } from '../../lib/numbered.ts';
import type { ConfigList } from './editor.tsx';

export interface CustomDialogProps {
  readonly list: ConfigList;
  readonly close: () => void;
  readonly opened: (id: string) => void;
}

const MAX_BYTES = 4 * 1024 * 1024;

export function CustomDialog({ list, close, opened }: CustomDialogProps) {
  return (
    <Modal
      opened
      onClose={close}
      size="xl"
      title="Add custom files"
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <Text size="sm" c="dimmed" mb="sm" style={{ overflowWrap: 'anywhere' }}>
        Dictionaries, patterns, certificates and keys that configs name. They are kept in {list.customFolder}.
        Keys are never shown again.
      </Text>
      <Tabs defaultValue="upload" keepMounted={false}>
        <Tabs.List>
          <Tabs.Tab value="upload">Upload</Tabs.Tab>
          <Tabs.Tab value="paste">Paste</Tabs.Tab>
          <Tabs.Tab value="list">List in YAML</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="upload" pt="sm">
          <Upload list={list} close={close} opened={opened} />
        </Tabs.Panel>
        <Tabs.Panel value="paste" pt="sm">
          <Paste list={list} close={close} opened={opened} />
        </Tabs.Panel>
        <Tabs.Panel value="list" pt="sm">
          <Import list={list} close={close} opened={opened} />
        </Tabs.Panel>
      </Tabs>
    </Modal>
  );
}

const nameOf = (name: string): string =>
  name.replace(/[^A-Za-z0-9_.-]/g, '_').replace(/^[.-]+/, '') || 'file';
const has = ({ files }: ConfigList, name: string): boolean =>
  files.some((file) => file.kind === 'custom' && file.name === name);

function useDone({ close, opened }: CustomDialogProps): (ids: readonly string[]) => Promise<void> {
  const client = useQueryClient();
  return async (ids) => {
    await client.invalidateQueries({ queryKey: ['configs'] });
    close();
    if (ids[0] !== undefined) opened(ids[0]);
  };
}

function Upload(props: CustomDialogProps) {
  const { list } = props;
  const done = useDone(props);
  const [files, setFiles] = useState<readonly File[]>([]);
  const upload = useMutation({
    mutationFn: async () => {
      const answers: Applied[] = [];
      for (const file of files) {
        if (file.size > MAX_BYTES) throw new Error(`${file.name} is larger than 4 MB`);
        const name = nameOf(file.name);
        const bytes = new Uint8Array(await file.arrayBuffer());
        const text = textOf(bytes);
        const answer = await call('POST /api/configs/files', {
          body: {
            kind: 'custom',
            name,
            replace: true,
            ...(text === undefined ? { text: base64Of(bytes), base64: true } : { text }),
          },
        });
        if (answer.outcome !== 'applied') throw new Error(reasonOf(name, answer));
        answers.push(answer);
      }
      return answers;
    },
    onSuccess: (answers) => done(answers.map(({ id }) => id)),
  });
  return (
    <Stack gap="sm">
      <Group>
        <FileButton multiple onChange={(chosen) => setFiles(chosen)}>
          {(button) => (
            <Button variant="default" {...button}>
              Choose files…
            </Button>
          )}
        </FileButton>
        <Text size="sm" c="dimmed">
          {files.length === 0 ? 'No file is chosen.' : `${files.length} chosen`}
        </Text>
      </Group>
      {files.length > 0 && (
        <List size="sm">
          {files.map((file) => (
            <List.Item key={file.name} style={{ overflowWrap: 'anywhere' }}>
              {nameOf(file.name)}, {file.size} bytes
              {has(list, nameOf(file.name)) && ' (replaces the one that is there)'}
            </List.Item>
          ))}
        </List>
      )}
      <Failed error={upload.error} />
      <Group justify="flex-end">
        <Button disabled={files.length === 0} loading={upload.isPending} onClick={() => upload.mutate()}>
          Upload
        </Button>
      </Group>
    </Stack>
  );
}

/** Undefined: no UTF-8. */
function textOf(bytes: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    return text.includes('\0') ? undefined : text;
  } catch {
    return undefined;
  }
}

function base64Of(bytes: Uint8Array): string {
  let binary = '';
  for (let at = 0; at < bytes.length; at += 8192)
    binary += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(binary);
}

const reasonOf = (name: string, { error, findings }: Applied): string =>
  error ?? findings.map((each) => `${name}, line ${each.line}: ${each.message}`).join('\n');

function Paste(props: CustomDialogProps) {
  const { list } = props;
  const done = useDone(props);
  const [name, setName] = useState('');
  const [text, setText] = useState('');
  const [asked] = useDebouncedValue({ name, text }, 300);
  const checked = useQuery({
    queryKey: ['configs', 'custom', asked],
    queryFn: ({ signal }) => call('POST /api/configs/custom/check', { body: asked, signal }),
    enabled: asked.text !== '',
    gcTime: 0,
  });
  const save = useMutation({
    mutationFn: () =>
      call('POST /api/configs/files', { body: { kind: 'custom', name: name.trim(), text, replace: true } }),
    onSuccess: (answer) => (answer.outcome === 'applied' ? done([answer.id]) : undefined),
  });
  const findings = checked.data?.findings ?? [];
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      <Stack gap="sm">
        <TextInput
          label="Name of the file"
          placeholder="hosts.yml"
          description={
            has(list, name.trim())
              ? 'It replaces the file of this name.'
              : 'Its ending says what is checked: .yml, .json, .csv, .crt'
          }
          value={name}
          onChange={({ currentTarget }) => setName(currentTarget.value)}
          required
        />
        <LinedText label="Text" value={text} change={setText} findings={findings} />
        <Findings findings={findings} text={text} />
        <Failed error={save.error} />
        <Group justify="flex-end">
          <Button
            type="submit"
            loading={save.isPending}
            disabled={
              name.trim() === '' || text === '' || findings.some(({ severity }) => severity === 'error')
            }
          >
            Save
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function Import(props: CustomDialogProps) {
  const done = useDone(props);
  const [text, setText] = useState('');
  const [asked] = useDebouncedValue(text, 300);
  const checked = useQuery({
    queryKey: ['configs', 'custom list', asked],
    queryFn: ({ signal }) =>
      call('POST /api/configs/custom/check', { body: { name: 'list.yml', text: asked, list: true }, signal }),
    enabled: asked !== '',
    gcTime: 0,
  });
  const save = useMutation({
    mutationFn: () => call('POST /api/configs/custom/import', { body: { text } }),
    onSuccess: ({ files }) => (files.length > 0 ? done(files) : undefined),
  });
  const findings = asked === '' ? [] : (checked.data?.findings ?? []);
  const files = asked === '' ? [] : (checked.data?.files ?? []);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      <Stack gap="sm">
        <LinedText
          label="A list of files, with file_name and file_text"
          value={text}
          change={setText}
          findings={findings}
          placeholder={
            '- file_name: ca.crt\n  file_text: |\n    -----BEGIN CERTIFICATE-----\n    …\n    -----END CERTIFICATE-----'
          }
        />
        <Findings findings={findings} text={text} />
        {files.length > 0 && (
          <Text size="sm" role="status">
            {files.map(({ name, bytes }) => `${name} (${bytes} bytes)`).join(', ')}
          </Text>
        )}
        <Failed error={save.error} />
        <Group justify="flex-end">
          <Button type="submit" loading={save.isPending} disabled={files.length === 0}>
            {files.length > 1 ? `Save ${files.length} files` : 'Save'}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function LinedText({
  label,
  value,
  change,
  findings,
  placeholder,
}: {
  readonly label: string;
  readonly value: string;
  readonly change: (value: string) => void;
  readonly findings: readonly Finding[];
  readonly placeholder?: string;
}) {
  return (
    <Textarea
      label={label}
      autosize
      minRows={8}
      maxRows={18}
      value={value}
      onChange={({ currentTarget }) => change(currentTarget.value)}
      spellCheck={false}
      aria-invalid={findings.some(({ severity }) => severity === 'error')}
      {...(placeholder !== undefined && { placeholder })}
      styles={{
        input: {
          fontFamily: 'var(--mantine-font-family-monospace)',
          fontSize: 12,
          whiteSpace: 'pre',
          overflowX: 'auto',
        },
      }}
    />
  );
}

/** What is wrong, each with its line as it stands. */
function Findings({ findings, text }: { readonly findings: readonly Finding[]; readonly text: string }) {
  if (findings.length === 0) return null;
  const lines = text.split(/\r\n|\n|\r/);
  return (
    <Stack gap={6} role="status">
      {numbered(findings.slice(0, 5)).map(({ item: finding, place }) => (
        <div key={place} className="config-finding">
          <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
            <span className={`config-severity config-severity-${finding.severity}`}>Line {finding.line}</span>
            : {finding.message}
          </Text>
          {lines[finding.line - 1] !== undefined && (
            <pre className="mono config-line">
              {lines[finding.line - 1]!.replace(/^ +/, (spaces) => '·'.repeat(spaces.length)).slice(0, 200)}
            </pre>
          )}
          {finding.expected !== undefined && <Text size="xs">Expected: {finding.expected}</Text>}
          {finding.hint !== undefined && <Text size="xs">{finding.hint}</Text>}
        </div>
      ))}
    </Stack>
  );
}

function Failed({ error }: { readonly error: Error | null }) {
  if (!error) return null;
  return (
    <Alert color="red" role="alert" title="Not saved">
      <Text size="sm" style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
        {error.message}
      </Text>
      {error instanceof ApiFailure && error.hint !== undefined && <Text size="sm">{error.hint}</Text>}
    </Alert>
  );
}
