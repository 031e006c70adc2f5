/** The fields of a form, one control each. */
import {
  ActionIcon,
  Button,
  FileButton,
  Group,
  NumberInput,
  PasswordInput,
  Radio,
  Select,
  Stack,
  Switch,
  TagsInput,
  Text,
  Textarea,
  TextInput,
} from '@mantine/core';
import { IconPlus, IconTrash, IconUpload } from '@tabler/icons-react';
import { useState } from 'react';
import type { IntegrationField } from '../../../../src/server/contract.ts';
import type { Draft, Value } from './draft.ts';

export interface FieldProps {
  readonly field: IntegrationField;
  readonly draft: Draft;
  readonly change: (change: Partial<Draft>) => void;
  readonly problem: string | undefined;
  /** Fields whose secrets and files are kept already. */
  readonly kept: ReadonlySet<string>;
  /** Names and addresses of this computer. */
  readonly addresses: readonly string[];
}

export function Field(props: FieldProps) {
  const { field, draft, change, problem } = props;
  const { name, label, help, control, required, placeholder } = field;
  const value = draft.values[name];
  const set = (next: Value): void => change({ values: { ...draft.values, [name]: next } });
  const common = { label, description: help, error: problem, withAsterisk: required, size: 'sm' as const };
  switch (control) {
    case 'text':
      return (
        <TextInput
          {...common}
          placeholder={placeholder ?? ''}
          autoComplete="off"
          spellCheck={false}
          value={String(value ?? '')}
          onChange={({ currentTarget }) => set(currentTarget.value)}
        />
      );
    case 'number':
      return (
        <NumberInput
          {...common}
          styles={{ wrapper: { maxWidth: name === 'port' ? 160 : 240 } }}
          allowNegative={false}
          allowDecimal={name !== 'port'}
          value={typeof value === 'number' ? value : ''}
          onChange={(next) => set(typeof next === 'number' ? next : '')}
        />
      );
    case 'switch':
      return (
        <Switch
          label={label}
          description={help}
          error={problem}
          checked={value === true}
          onChange={({ currentTarget }) => set(currentTarget.checked)}
        />
      );
    case 'choice':
      return (
        <Radio.Group {...common} value={String(value ?? '')} onChange={set}>
          <Group gap="md" mt={6}>
            {field.choices?.map((choice) => (
              <Radio key={choice.value} value={choice.value} label={choice.label} />
            ))}
          </Group>
        </Radio.Group>
      );
    case 'list':
      return (
        <TagsInput
          {...common}
          placeholder={Array.isArray(value) && value.length > 0 ? '' : (placeholder ?? '')}
          value={Array.isArray(value) ? value : []}
          onChange={set}
          acceptValueOnBlur
          clearable
        />
      );
    case 'secret':
      return <SecretField {...props} />;
    case 'headers':
      return <Headers {...props} />;
    case 'pem':
      return <Pem {...props} name={name} label={label} {...(help !== undefined && { help })} />;
    case 'listen':
      return <Listen {...props} />;
    case 'tls':
      return <Tls {...props} />;
    case 'clients':
      return <Clients {...props} />;
  }
}

function SecretField({ field: { name, label, help, required }, draft, change, problem, kept }: FieldProps) {
  const isKept = kept.has(name) && draft.secrets[name] !== null;
  return (
    <PasswordInput
      label={label}
      description={isKept ? 'One is kept. Leave this empty to keep it.' : help}
      error={problem}
      withAsterisk={required}
      autoComplete="new-password"
      placeholder={isKept ? '••••••••' : ''}
      value={draft.secrets[name] ?? ''}
      onChange={({ currentTarget: { value } }) => {
        const { [name]: _, ...others } = draft.secrets;
        change({ secrets: value === '' ? others : { ...others, [name]: value } });
      }}
    />
  );
}

/** Names with values that are kept as secrets. */
function Headers({ field: { name, label, help }, draft, change, problem, kept }: FieldProps) {
  const value = draft.values[name];
  const names = Array.isArray(value) ? value : [];
  const setNames = (next: string[], secrets = draft.secrets): void =>
    change({ values: { ...draft.values, [name]: next }, secrets });
  const key = (header: string): string => `${name}.${header.trim()}`;
  const without = (header: string): Draft['secrets'] => {
    const { [key(header)]: _, ...others } = draft.secrets;
    return others;
  };
  return (
    <fieldset style={{ border: 0, padding: 0, margin: 0 }}>
      <Text component="legend" size="sm" fw={600} p={0}>
        {label}
      </Text>
      <Text size="xs" c="dimmed" mb={6}>
        {help}
      </Text>
      <Stack gap={6}>
        {names.map((header, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a row is its place, its name changes while it is typed
          <Group key={at} gap={6} wrap="nowrap">
            <TextInput
              size="xs"
              aria-label={`Name of header ${at + 1}`}
              placeholder="Authorization"
              value={header}
              style={{ flex: 2 }}
              onChange={({ currentTarget: { value: next } }) => {
                const secret = draft.secrets[key(header)];
                setNames(
                  names.map((each, other) => (other === at ? next : each)),
                  typeof secret === 'string' ? { ...without(header), [key(next)]: secret } : draft.secrets,
                );
              }}
            />
            <PasswordInput
              size="xs"
              aria-label={`Value of header ${header || at + 1}`}
              placeholder={kept.has(key(header)) ? 'kept' : 'value'}
              autoComplete="new-password"
              value={draft.secrets[key(header)] ?? ''}
              style={{ flex: 3 }}
              onChange={({ currentTarget: { value: next } }) =>
                change({
                  secrets: next === '' ? without(header) : { ...without(header), [key(header)]: next },
                })
              }
            />
            <ActionIcon
              variant="subtle"
              color="gray"
              aria-label={`Remove header ${header || at + 1}`}
              onClick={() =>
                setNames(
                  names.filter((_, other) => other !== at),
                  without(header),
                )
              }
            >
              <IconTrash size={16} aria-hidden />
            </ActionIcon>
          </Group>
        ))}
        <Group>
          <Button
            size="compact-xs"
            variant="default"
            leftSection={<IconPlus size={12} aria-hidden />}
            onClick={() => setNames([...names, ''])}
          >
            Add header
          </Button>
        </Group>
        {problem !== undefined && (
          <Text size="xs" c="var(--mantine-color-error)" role="alert">
            {problem}
          </Text>
        )}
      </Stack>
    </fieldset>
  );
}

const MAX_PEM = 60_000;

/** A certificate or key, pasted or uploaded. */
function Pem({
  name,
  label,
  help,
  draft,
  change,
  problem,
  kept,
}: Pick<FieldProps, 'draft' | 'change' | 'problem' | 'kept'> & {
  readonly name: string;
  readonly label: string;
  readonly help?: string;
}) {
  const [tooLarge, setTooLarge] = useState(false);
  const isKept = kept.has(name) && draft.files[name] !== null;
  const set = (text: string): void => {
    const { [name]: _, ...others } = draft.files;
    change({ files: text === '' ? others : { ...others, [name]: text } });
  };
  const read = async (file: File | null): Promise<void> => {
    setTooLarge((file?.size ?? 0) > MAX_PEM);
    if (file && file.size <= MAX_PEM) set(await file.text());
  };
  return (
    <div>
      <Textarea
        label={label}
        description={
          isKept && draft.files[name] === undefined ? 'One is kept. Leave this empty to keep it.' : help
        }
        error={tooLarge ? 'This file is too large to be a certificate' : problem}
        placeholder={isKept ? '' : '-----BEGIN …'}
        autosize
        minRows={2}
        maxRows={8}
        spellCheck={false}
        styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)', fontSize: 12 } }}
        value={draft.files[name] ?? ''}
        onChange={({ currentTarget }) => set(currentTarget.value)}
      />
      <Group gap={6} mt={6}>
        <FileButton onChange={(file) => void read(file)} accept=".txt,.crt,.cer,.pem,.key">
          {(props) => (
            <Button
              {...props}
              size="compact-xs"
              variant="default"
              leftSection={<IconUpload size={12} aria-hidden />}
            >
              Upload a file<span style={{ position: 'absolute', left: -9999 }}> for {label}</span>
            </Button>
          )}
        </FileButton>
        {isKept && (
          <Button
            size="compact-xs"
            variant="default"
            onClick={() => change({ files: { ...draft.files, [name]: null } })}
          >
            Remove the one that is kept
          </Button>
        )}
      </Group>
    </div>
  );
}

const isAddress = (text: string): boolean => /^[\d.]+$|:/.test(text);

function Listen({ field: { name, label }, draft, change, problem, addresses }: FieldProps) {
  const value = String(draft.values[name] ?? '127.0.0.1');
  const known = ['127.0.0.1', '0.0.0.0'];
  const more = addresses.filter((address) => isAddress(address) && !known.includes(address));
  return (
    <Select
      label={label}
      description={
        value === '127.0.0.1'
          ? 'Other machines can not reach the port.'
          : 'Whoever reaches this computer reaches the port: let a firewall admit the senders only.'
      }
      error={problem}
      allowDeselect={false}
      data={[
        { value: '127.0.0.1', label: 'Programs on this computer' },
        { value: '0.0.0.0', label: 'Other machines, through all networks of this computer' },
        ...[...new Set([...more, ...(known.includes(value) ? [] : [value])])].map((address) => ({
          value: address,
          label: `Other machines, only through ${address}`,
        })),
      ]}
      value={value}
      onChange={(next) => next !== null && change({ values: { ...draft.values, [name]: next } })}
    />
  );
}

function Tls(props: FieldProps) {
  const { field, draft, change, problem, kept } = props;
  const value = String(draft.values[field.name] ?? 'off');
  return (
    <Stack gap="xs">
      <Radio.Group
        label={field.label}
        description={field.help}
        error={problem}
        value={value}
        onChange={(next) => change({ values: { ...draft.values, [field.name]: next } })}
      >
        <Stack gap={6} mt={6}>
          <Radio value="off" label="Off" />
          <Radio value="made" label="On, with a certificate that Millrace makes" />
          <Radio value="own" label="On, with a certificate of my own" />
        </Stack>
      </Radio.Group>
      {value === 'own' && (
        <>
          <Pem
            {...{ draft, change, kept }}
            problem={undefined}
            name="tls.certificate"
            label="Certificate"
            help="With the certificates of its chain behind it."
          />
          <Pem
            {...{ draft, change, kept }}
            problem={undefined}
            name="tls.key"
            label="Private key"
            help="Without a passphrase. It is never shown again."
          />
        </>
      )}
    </Stack>
  );
}

/** Whether senders must show a certificate; without TLS nobody can. */
function Clients({ field: { name, label, help }, draft, change, problem, kept }: FieldProps) {
  if (String(draft.values['tls'] ?? 'off') === 'off') return null;
  const value = String(draft.values[name] ?? 'anybody');
  return (
    <Stack gap="xs">
      <Radio.Group
        label={label}
        description={help}
        error={value === 'own' ? undefined : problem}
        value={value}
        onChange={(next) => change({ values: { ...draft.values, [name]: next } })}
      >
        <Stack gap={6} mt={6}>
          <Radio value="anybody" label="Anybody who reaches the port" />
          <Radio value="made" label="Only who has a certificate that Millrace issues" />
          <Radio value="own" label="Only who has a certificate of a CA of my own" />
        </Stack>
      </Radio.Group>
      {value === 'made' && (
        <Text size="xs" c="dimmed">
          Certificates are issued on the page of the source, as soon as it is saved: one for each sender.
        </Text>
      )}
      {value === 'own' && (
        <Pem
          {...{ draft, change, kept, problem }}
          name="clients.authority"
          label="CA certificate of the senders"
          help="That of the authority which signs the certificates of the senders."
        />
      )}
    </Stack>
  );
}
