/** The plugin at the cursor as a form, made from its declaration. A change is written into the text in its place. */
import {
  Accordion,
  Autocomplete,
  Button,
  Group,
  NumberInput,
  Select,
  Stack,
  Switch,
  TagsInput,
  Text,
  Textarea,
  TextInput,
  Title,
} from '@mantine/core';
import { useMemo } from 'react';
import type { PluginOption } from '../../../../src/server/contract.ts';
import { numbered } from '../../lib/numbered.ts';
import { type Known, typeWords, viewOf } from './completion.ts';
import { type OutlinePlugin, outline, pluginAt } from './config-outline.ts';
import { type FieldValue, kindOf, printValue, readValue, withOption } from './form-values.ts';

export interface FormPaneProps {
  readonly text: string;
  readonly cursor: number;
  readonly known: Known;
  readonly readOnly: boolean;
  readonly change: (text: string) => void;
  readonly moveTo: (offset: number, line: number, column: number) => void;
}

export function FormPane({ text, cursor, known, readOnly, change, moveTo }: FormPaneProps) {
  const { plugins } = useMemo(() => outline(text), [text]);
  const plugin = pluginAt(plugins, cursor);
  const view = plugin && viewOf(known, plugin);
  const goTo = (one: OutlinePlugin): void => {
    const before = text.slice(0, one.from);
    moveTo(one.from, before.split('\n').length, one.from - before.lastIndexOf('\n'));
  };
  return (
    <Stack gap="sm">
      {plugins.length > 0 && (
        <Select
          size="xs"
          label="Plugin"
          description="Or put the cursor into it"
          placeholder="Choose one"
          value={plugin ? String(plugin.from) : null}
          onChange={(value) => {
            const chosen = plugins.find(({ from }) => String(from) === value);
            if (chosen) goTo(chosen);
          }}
          allowDeselect={false}
          data={plugins.map(({ kind, name, from }) => ({
            value: String(from),
            label: `${kind} ${name}, line ${text.slice(0, from).split('\n').length}`,
          }))}
        />
      )}
      {!plugin ? (
        <Text size="sm" c="dimmed">
          {plugins.length === 0
            ? 'There is no plugin in this file yet. Type one inside of input, filter or output: the editor offers those there are.'
            : 'The plugin at the cursor is shown here with all of its options.'}
        </Text>
      ) : !view ? (
        <Text size="sm">
          There is no {plugin.kind} {plugin.name}.
        </Text>
      ) : (
        <section aria-label={`${plugin.kind} ${plugin.name}`}>
          <Title order={2} size="h5">
            {plugin.name}
          </Title>
          <Text size="sm" c="dimmed" mb="xs">
            {view.summary}
          </Text>
          {!plugin.closed && (
            <Text size="sm" c="var(--mantine-color-error)">
              Its closing bracket is missing.
            </Text>
          )}
          <Options
            key={`${plugin.kind} ${plugin.from}`}
            text={text}
            plugin={plugin}
            options={view.options}
            readOnly={readOnly || !plugin.closed}
            change={change}
          />
        </section>
      )}
    </Stack>
  );
}

interface OptionsProps {
  readonly text: string;
  readonly plugin: OutlinePlugin;
  readonly options: readonly PluginOption[];
  readonly readOnly: boolean;
  readonly change: (text: string) => void;
}

function Options({ text, plugin, options, readOnly, change }: OptionsProps) {
  const given = new Set(plugin.options.map(({ name }) => name));
  const first = options.filter(({ name, required }) => required || given.has(name));
  const rest = options.filter((option) => !first.includes(option) && option.deprecated === undefined);
  const field = (option: PluginOption) => (
    <OptionField
      key={option.name}
      option={option}
      text={text}
      plugin={plugin}
      readOnly={readOnly}
      change={change}
    />
  );
  return (
    <Stack gap="md">
      {first.length === 0 && (
        <Text size="sm" c="dimmed">
          No option is given.
        </Text>
      )}
      {first.map(field)}
      <Accordion
        variant="separated"
        multiple
        chevronPosition="left"
        styles={{ content: { paddingInline: 12 } }}
      >
        {(
          [
            ['further', 'Further options', rest.filter(({ common }) => !common)],
            ['common', 'Options of every plugin', rest.filter(({ common }) => common)],
          ] as const
        ).map(
          ([value, title, some]) =>
            some.length > 0 && (
              <Accordion.Item key={value} value={value}>
                <Accordion.Control>
                  <Text size="sm">
                    {title} ({some.length})
                  </Text>
                </Accordion.Control>
                <Accordion.Panel>
                  <Stack gap="md">{some.map(field)}</Stack>
                </Accordion.Panel>
              </Accordion.Item>
            ),
        )}
      </Accordion>
    </Stack>
  );
}

interface OptionFieldProps extends Omit<OptionsProps, 'options'> {
  readonly option: PluginOption;
}

function OptionField({ option, text, plugin, readOnly, change }: OptionFieldProps) {
  const at = plugin.options.find(({ name }) => name === option.name);
  const written = at && text.slice(at.valueFrom, at.valueTo);
  const value = written === undefined ? undefined : readValue(option, written);
  const put = (next: FieldValue | undefined): void =>
    change(withOption(text, plugin, option.name, next && printValue(option, next)));
  const isLiteralSecret =
    option.secret && value?.kind === 'text' && value.text !== '' && !value.text.includes('${');
  const props = {
    size: 'xs',
    label: option.name,
    disabled: readOnly,
    withAsterisk: option.required === true,
    description: (
      <>
        {option.description}{' '}
        <Text span inherit c="dimmed">
          ({typeWords(option)}
          {option.default !== undefined && `; default ${option.default}`})
        </Text>
      </>
    ),
    ...(isLiteralSecret && {
      error: 'A secret in plain text: put it into the keystore, and write "${NAME}" here.',
    }),
  } as const;
  const kind = value?.kind ?? kindOf(option);
  const unset = at && !option.required && !readOnly && (
    <Button
      size="compact-xs"
      variant="subtle"
      color="gray"
      onClick={() => put(undefined)}
      aria-label={`Take away ${option.name}`}
    >
      Take away
    </Button>
  );
  return (
    <div>
      <Field kind={kind} option={option} value={value} put={put} props={props} />
      {unset && <Group justify="flex-end">{unset}</Group>}
    </div>
  );
}

interface FieldProps {
  readonly kind: FieldValue['kind'];
  readonly option: PluginOption;
  readonly value: FieldValue | undefined;
  readonly put: (value: FieldValue | undefined) => void;
  readonly props: object & { readonly label: string; readonly disabled: boolean };
}

function Field({ kind, option, value, put, props }: FieldProps) {
  const shown = value && 'text' in value ? value.text : '';
  switch (kind) {
    case 'switch':
      return (
        <Switch
          {...props}
          checked={value?.kind === 'switch' ? value.on : option.default === 'true'}
          onChange={({ currentTarget }) => put({ kind: 'switch', on: currentTarget.checked })}
        />
      );
    case 'choice':
      return (
        <Select
          {...props}
          data={(option.oneOf ?? []).map(String)}
          value={shown === '' ? null : shown}
          placeholder={bare(option.default)}
          clearable={!option.required}
          onChange={(text) => put(text === null ? undefined : { kind: 'choice', text })}
        />
      );
    case 'number':
      return (
        <NumberInput
          {...props}
          value={shown}
          placeholder={option.default ?? ''}
          {...(option.min !== undefined && { min: option.min })}
          {...(option.max !== undefined && { max: option.max })}
          onChange={(text) => put(text === '' ? undefined : { kind: 'number', text: String(text) })}
        />
      );
    case 'list':
      return (
        <TagsInput
          {...props}
          value={value?.kind === 'list' ? [...value.items] : []}
          placeholder={value ? '' : 'Enter adds one'}
          splitChars={['\n']}
          onChange={(items) => put(items.length === 0 ? undefined : { kind: 'list', items })}
        />
      );
    case 'pairs':
      return (
        <Pairs
          {...props}
          pairs={value?.kind === 'pairs' ? value.pairs : []}
          put={(pairs) => put(pairs.length === 0 ? undefined : { kind: 'pairs', pairs })}
        />
      );
    case 'written':
      return option.type === 'codec' ? (
        <Autocomplete
          {...props}
          value={shown}
          placeholder={option.default ?? ''}
          onChange={(text) => put({ kind: 'written', text })}
        />
      ) : (
        <Textarea
          {...props}
          autosize
          minRows={1}
          maxRows={10}
          value={shown}
          placeholder={option.default ?? 'as a config writes it'}
          onChange={({ currentTarget }) => put({ kind: 'written', text: currentTarget.value })}
          styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)' } }}
        />
      );
    default:
      return (
        <TextInput
          {...props}
          value={shown}
          placeholder={option.secret ? '"${NAME}" of the keystore' : bare(option.default)}
          onChange={({ currentTarget }) => put({ kind: 'text', text: currentTarget.value })}
        />
      );
  }
}

const bare = (text = ''): string => text.replace(/^"(.*)"$/s, '$1');

interface PairsProps {
  readonly label: string;
  readonly description?: React.ReactNode;
  readonly disabled: boolean;
  readonly pairs: readonly (readonly [string, string])[];
  readonly put: (pairs: readonly (readonly [string, string])[]) => void;
}

function Pairs({ label, description, disabled, pairs, put }: PairsProps) {
  const replace = (at: number, pair: readonly [string, string] | undefined): void =>
    put(pairs.flatMap((each, index) => (index === at ? (pair ? [pair] : []) : [each])));
  return (
    <fieldset className="config-pairs">
      <legend>{label}</legend>
      <Text size="xs" c="dimmed">
        {description}
      </Text>
      <Stack gap={4} mt={4}>
        {numbered(pairs).map(({ item: [name, value], place }) => (
          <Group key={place} gap={4} wrap="nowrap" align="flex-start">
            <TextInput
              size="xs"
              aria-label={`${label}, name ${place + 1}`}
              disabled={disabled}
              value={name}
              onChange={({ currentTarget }) => replace(place, [currentTarget.value, value])}
              style={{ flex: 2 }}
            />
            <TextInput
              size="xs"
              aria-label={`${label}, value ${place + 1}`}
              disabled={disabled}
              value={value}
              onChange={({ currentTarget }) => replace(place, [name, currentTarget.value])}
              style={{ flex: 3 }}
            />
            <Button
              size="compact-xs"
              variant="subtle"
              color="gray"
              disabled={disabled}
              aria-label={`${label}, remove ${place + 1}`}
              onClick={() => replace(place, undefined)}
            >
              ×
            </Button>
          </Group>
        ))}
        <div>
          <Button
            size="compact-xs"
            variant="default"
            disabled={disabled}
            onClick={() => put([...pairs, ['', '']])}
            aria-label={`Add to ${label}`}
          >
            Add
          </Button>
        </div>
      </Stack>
    </fieldset>
  );
}
