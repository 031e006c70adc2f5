/**
 * The declaration of options: one table per plugin feeds validation, error messages, the reference pages,
 * the editor's completion, the forms of the UI and the masking of secrets.
 */

/** Types of Logstash's `:validate`, under the same names. `any` takes every value as written. */
type OptionType =
  | 'string'
  | 'number'
  | 'boolean'
  | 'array'
  | 'hash'
  | 'password'
  | 'uri'
  | 'path'
  | 'bytes'
  | 'duration'
  | 'codec'
  | 'field_reference'
  | 'any';

export interface Option {
  readonly type: OptionType;
  readonly description: string;
  /** The value if the option is not given, in the type that the plugin sees. */
  readonly default?: unknown;
  readonly required?: boolean;
  /** The only values allowed. */
  readonly oneOf?: readonly (string | number)[];
  /** `:list => true`: one value or many of the type; the plugin sees an array. */
  readonly list?: boolean;
  /** For `path`: the file may be absent when the config is checked (default: it must exist). */
  readonly mayBeAbsent?: boolean;
  /** For `duration`: unit of a bare number; the plugin sees seconds. */
  readonly unit?: 'seconds' | 'days';
  /** Still works; the text says what to use instead. */
  readonly deprecated?: string;
  /** The old name of another option: its value goes there, through `value` if given; linted. */
  readonly renamedTo?: string;
  readonly renamedValue?: (value: unknown) => unknown;
  /** No longer works; the text says what to do. A config error. */
  readonly obsolete?: string;
  /** A lower bound for numbers. */
  readonly min?: number;
  readonly max?: number;
}

export type Options = Readonly<Record<string, Option>>;

/** A password as plugins hold it: printing or serialising it shows `<password>`. */
export class Secret {
  readonly #value: string;
  constructor(value: string) {
    this.#value = value;
  }
  /** The text itself, for the wire only. */
  reveal(): string {
    return this.#value;
  }
  toString(): string {
    return '<password>';
  }
  toJSON(): string {
    return '<password>';
  }
}

/** A plugin given as a value (`codec => json { charset => "CP1252" }`), checked, with typed options. */
export interface NestedPlugin {
  readonly plugin: string;
  readonly options: Readonly<Record<string, unknown>>;
}

type BaseValue<T extends Option> = T['oneOf'] extends readonly (infer V)[]
  ? V
  : T['type'] extends 'number' | 'bytes' | 'duration'
    ? number
    : T['type'] extends 'boolean'
      ? boolean
      : T['type'] extends 'array'
        ? unknown[]
        : T['type'] extends 'hash'
          ? Record<string, unknown>
          : T['type'] extends 'password'
            ? Secret
            : T['type'] extends 'codec'
              ? NestedPlugin
              : T['type'] extends 'any'
                ? unknown
                : string;
type ListValue<T extends Option> = T['list'] extends true ? BaseValue<T>[] : BaseValue<T>;
type IsGiven<T extends Option> = T extends { required: true }
  ? true
  : T extends { default: infer D }
    ? undefined extends D
      ? false
      : true
    : false;

/** The typed options a plugin's implementation gets: those with a default or required are never undefined. */
export type OptionValues<O extends Options> = {
  readonly [K in keyof O as O[K] extends { renamedTo: string } | { obsolete: string } ? never : K]: IsGiven<
    O[K]
  > extends true
    ? ListValue<O[K]>
    : ListValue<O[K]> | undefined;
};

/** Names that every plugin of a kind takes, beside its own (Logstash's common options). */
export const commonOptions = {
  input: {
    id: { type: 'string', description: 'Stable name of this plugin in metrics, logs and the UI.' },
    enable_metric: { type: 'boolean', default: true, description: 'Whether metrics are kept for it.' },
    codec: { type: 'codec', default: { plugin: 'plain', options: {} }, description: 'Decodes the records.' },
    type: { type: 'string', description: 'Set as field `type` of every event that has none.' },
    tags: { type: 'array', default: [], description: 'Tags added to every event.' },
    add_field: { type: 'hash', default: {}, description: 'Fields added to every event; sprintf allowed.' },
  },
  filter: {
    id: { type: 'string', description: 'Stable name of this plugin in metrics, logs and the UI.' },
    enable_metric: { type: 'boolean', default: true, description: 'Whether metrics are kept for it.' },
    add_field: { type: 'hash', default: {}, description: 'Fields added on success; sprintf allowed.' },
    remove_field: { type: 'array', default: [], description: 'Fields removed on success.' },
    add_tag: { type: 'array', default: [], description: 'Tags added on success.' },
    remove_tag: { type: 'array', default: [], description: 'Tags removed on success.' },
    periodic_flush: {
      type: 'boolean',
      default: false,
      description: 'Call the flush of the filter in intervals.',
    },
  },
  output: {
    id: { type: 'string', description: 'Stable name of this plugin in metrics, logs and the UI.' },
    enable_metric: { type: 'boolean', default: true, description: 'Whether metrics are kept for it.' },
    codec: { type: 'codec', default: { plugin: 'plain', options: {} }, description: 'Encodes the events.' },
    workers: { type: 'number', deprecated: 'use pipeline.workers', description: 'Has no effect.' },
    disk_buffer: {
      type: 'boolean',
      default: false,
      description:
        'Give this output a queue of its own on the disk: while it is down, other outputs go on. Needs `id`. (Not in Logstash.)',
    },
    disk_buffer_max_bytes: {
      type: 'bytes',
      default: 1024 * 1024 * 1024,
      description: 'Size of that queue at most; when it is full, the pipeline waits.',
    },
  },
  codec: {
    id: { type: 'string', description: 'Stable name of this plugin in metrics, logs and the UI.' },
    enable_metric: { type: 'boolean', default: true, description: 'Whether metrics are kept for it.' },
  },
} as const satisfies Record<string, Options>;

/** Taken by plugins that declare `ecs: true`. */
export const ecsOption = {
  ecs_compatibility: {
    type: 'string',
    oneOf: ['disabled', 'v1', 'v8'],
    description: 'Which field names to use; the pipeline setting unless given.',
  },
} as const satisfies Options;
