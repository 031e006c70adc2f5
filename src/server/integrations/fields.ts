/** The fields of a card's form: what the card says, and for the rest what the plugin declares. */
import type { Option } from '../../kernel/options.ts';
import type { Plugin, Registry } from '../../kernel/plugin.ts';
import { type Card, type CardField, type Control, offeredCards, pluginKind } from './cards.ts';

export interface FormField {
  readonly name: string;
  readonly label: string;
  readonly help: string | undefined;
  readonly control: Control;
  readonly required: boolean;
  readonly advanced: boolean;
  readonly placeholder: string | undefined;
  readonly preset: string | number | boolean | readonly string[] | undefined;
  readonly choices: readonly { readonly value: string; readonly label: string }[] | undefined;
  /** The plugin's option; undefined for `listen`, `tls` and `clients`. */
  readonly option: Option | undefined;
}

/** A card with what its plugin says of it. */
export interface OfferedCard extends Card {
  readonly form: readonly FormField[];
}

/** Cards that can be used in this process, with their forms. */
export async function loadCards(registry: Registry): Promise<readonly OfferedCard[]> {
  const cards = await Promise.all(
    offeredCards((kind) => registry.names(kind)).map(async (card) => {
      const plugin = await registry.load(pluginKind(card), card.plugin);
      return plugin && { ...card, form: fieldsOf(card, plugin) };
    }),
  );
  return cards.filter((card) => card !== undefined);
}

function fieldsOf(card: Card, plugin: Plugin): FormField[] {
  const options = plugin.options as Readonly<Record<string, Option>>;
  const asked = card.fields ?? required(options);
  return asked.flatMap((field) => {
    const isSpecial = field.control === 'listen' || field.control === 'tls' || field.control === 'clients';
    const option = Object.hasOwn(options, field.name) ? options[field.name] : undefined;
    // An option that this version of the plugin does not have is not asked for.
    if (option === undefined && !isSpecial && field.name !== 'codec') return [];
    return [formField(field, option)];
  });
}

/** For plugins that no card knows well: what they can not do without. */
const required = (options: Readonly<Record<string, Option>>): CardField[] =>
  Object.keys(options)
    .filter((name) => options[name]!.required === true)
    .map((name) => ({ name }));

function formField(field: CardField, option: Option | undefined): FormField {
  const control = field.control ?? controlOf(option);
  const preset = field.preset ?? (isPreset(option?.default) ? option.default : undefined);
  return {
    name: field.name,
    label: field.label ?? words(field.name),
    help: field.help ?? (field.label === undefined ? option?.description : undefined),
    control,
    required: field.required ?? option?.required === true,
    advanced: field.advanced === true,
    placeholder: field.placeholder,
    preset: preset ?? (control === 'switch' ? false : undefined),
    choices: field.choices ?? option?.oneOf?.map((value) => ({ value: String(value), label: String(value) })),
    option,
  };
}

function controlOf(option: Option | undefined): Control {
  if (option === undefined) return 'text';
  if (option.type === 'password') return 'secret';
  if (option.type === 'boolean') return 'switch';
  if (option.oneOf) return 'choice';
  if (option.list === true || option.type === 'array') return 'list';
  if (option.type === 'number') return 'number';
  return 'text';
}

const isPreset = (value: unknown): value is string | number | boolean =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';

/** `ingest_url` as a label: `Ingest url`. */
const words = (name: string): string => {
  const text = name.replaceAll('_', ' ');
  return text.charAt(0).toUpperCase() + text.slice(1);
};
