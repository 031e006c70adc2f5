/** Checks one plugin of a config against its declaration, and makes the typed options that it will get. */
import { suggest } from '../kernel/diagnostic.ts';
import {
  commonOptions,
  ecsOption,
  type NestedPlugin,
  type Option,
  type Options,
  Secret,
} from '../kernel/options.ts';
import type { EcsMode, InputPlugin, OutputPlugin, Plugin, PluginKind } from '../kernel/plugin.ts';
import type { PluginNode } from './ast.ts';
import { ConversionError, convertValue } from './convert.ts';
import type { PluginLoader } from './plugin-loader.ts';
import type { Reporter } from './reporter.ts';
import { isSecretName } from './secrets.ts';
import { isRawHash, NestedNode, type Raw, type RawOption, rawOptions } from './values.ts';
import { replaceDeep, VariableError, type Variables } from './variables.ts';

/** What the check of every plugin of a pipeline needs. */
export interface PluginScope {
  readonly loader: PluginLoader;
  readonly reporter: Reporter;
  readonly variables: Variables;
  /** `pipeline.ecs_compatibility`. */
  readonly ecs: EcsMode;
}

export interface CheckedPlugin {
  readonly plugin: Plugin;
  /** Typed, defaults filled in. Without those that failed. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly given: readonly string[];
  /** Options whose value came from the keystore. */
  readonly secrets: readonly string[];
  readonly ecs: EcsMode;
}

/** Undefined if there is no such plugin; every problem is reported. */
export async function checkPlugin(
  kind: PluginKind,
  node: PluginNode,
  scope: PluginScope,
): Promise<CheckedPlugin | undefined> {
  const plugin = await scope.loader.load(kind, node, scope.reporter);
  if (plugin === undefined) return undefined;
  const check = new PluginCheck(plugin, node, scope);
  await check.run();
  return check;
}

/** Every option a plugin takes: common ones, `ecs_compatibility`, its own. */
export function declaredOptions(plugin: Plugin): Options {
  return { ...commonOptions[plugin.kind], ...(plugin.ecs ? ecsOption : {}), ...plugin.options };
}

class PluginCheck implements CheckedPlugin {
  readonly plugin: Plugin;
  readonly options: Record<string, unknown> = {};
  readonly given: string[] = [];
  readonly secrets: string[] = [];
  ecs: EcsMode;
  readonly #node: PluginNode;
  readonly #scope: PluginScope;
  readonly #declared: Options;
  #raw: ReadonlyMap<string, RawOption> = new Map();

  constructor(plugin: Plugin, node: PluginNode, scope: PluginScope) {
    this.plugin = plugin;
    this.ecs = scope.ecs;
    this.#node = node;
    this.#scope = scope;
    this.#declared = declaredOptions(plugin);
  }

  async run(): Promise<void> {
    const before = this.#scope.reporter.errors;
    this.#raw = rawOptions(this.#node.attributes, this.#scope.reporter);
    for (const raw of this.#raw.values()) await this.#option(raw);
    for (const [name, option] of Object.entries(this.#declared)) {
      if (
        Object.hasOwn(this.options, name) ||
        option.renamedTo !== undefined ||
        option.obsolete !== undefined
      ) {
        continue;
      }
      if (option.required && !this.given.includes(name)) this.#failMissing(name, option);
      else await this.#fillDefault(name, option);
    }
    if (this.plugin.ecs) {
      this.ecs = (this.options['ecs_compatibility'] as EcsMode | undefined) ?? this.#scope.ecs;
      this.options['ecs_compatibility'] = this.ecs;
    }
    if (this.plugin.kind === 'input' && this.plugin.streaming) await this.#fixStreamingCodec();
    if (this.plugin.kind === 'output') this.#checkBuffer();
    if (this.#scope.reporter.errors === before) this.#validate();
  }

  /** An id that the engine derives changes with the options: an address that is mended would leave the events behind. */
  #checkBuffer(): void {
    const { disk_buffer: buffered, id } = this.options;
    const given = this.#raw.get('disk_buffer') ?? this.#raw.get('disk_buffer_max_bytes');
    if (buffered === true && (typeof id !== 'string' || id === ''))
      this.#report(
        'error',
        given,
        `\`disk_buffer\` of ${this.#title} needs \`id\``,
        'the id names the folder of its queue, so that what waits is found again when the options change',
      );
    else if (buffered !== true && this.given.includes('disk_buffer_max_bytes'))
      this.#report('warning', given, '`disk_buffer_max_bytes` has no effect without `disk_buffer => true`');
  }

  get #title(): string {
    return `the ${this.plugin.kind} \`${this.plugin.name}\``;
  }

  #report(
    severity: 'error' | 'warning' | 'lint',
    raw: RawOption | undefined,
    message: string,
    hint?: string,
  ): void {
    const length = raw ? raw.name.length : this.#node.name.length;
    this.#scope.reporter.report(severity, raw?.attribute.position ?? this.#node.position, message, {
      hint,
      length,
    });
  }

  async #option(raw: RawOption): Promise<void> {
    const { name } = raw;
    const option = Object.hasOwn(this.#declared, name) ? this.#declared[name] : undefined;
    if (option === undefined) return this.#failUnknown(raw);
    if (option.obsolete !== undefined) {
      this.#report('error', raw, `\`${name}\` of ${this.#title} does not exist any more: ${option.obsolete}`);
      return;
    }
    if (option.deprecated !== undefined) {
      this.#report('warning', raw, `\`${name}\` of ${this.#title} is deprecated: ${option.deprecated}`);
    }
    if (option.renamedTo === undefined) {
      const value = await this.#convert(raw, option);
      this.#set(name, value);
    } else await this.#renamed(raw, option, option.renamedTo);
  }

  #set(name: string, value: unknown): void {
    this.given.push(name);
    if (value !== undefined) this.options[name] = value;
  }

  async #renamed(raw: RawOption, option: Option, target: string): Promise<void> {
    this.#report('lint', raw, `\`${raw.name}\` is the old name of \`${target}\``, `write \`${target}\``);
    if (this.#raw.has(target) || this.given.includes(target)) {
      this.#report('error', raw, `\`${raw.name}\` and \`${target}\` are one option: give only \`${target}\``);
      return;
    }
    const declared = this.#declared[target];
    const value = await this.#convert(raw, option.renamedValue || declared === undefined ? option : declared);
    this.#set(target, value === undefined || !option.renamedValue ? value : option.renamedValue(value));
    const at = this.secrets.indexOf(raw.name);
    if (at >= 0) this.secrets[at] = target;
  }

  async #convert(raw: RawOption, option: Option): Promise<unknown> {
    const { value: literal, attribute } = raw;
    let confidential = option.type === 'password' || isSecretName(raw.name);
    try {
      // Ids are shown everywhere: nothing from the keystore belongs into them.
      const { variables } = this.#scope;
      const sources = raw.name === 'id' ? { environment: variables.environment } : variables;
      const replaced = replaceDeep(literal, sources, true);
      if (replaced.secret) {
        this.secrets.push(raw.name);
        confidential = true;
      }
      const value = convertValue(replaced.value as Raw, option);
      return option.type === 'codec' ? await this.#codec(value as Raw, raw) : await this.#nested(value);
    } catch (error) {
      if (error instanceof VariableError) {
        this.#scope.reporter.report('error', attribute.value.position, error.message);
      } else if (error instanceof ConversionError) {
        const message = confidential ? 'the value is not of the right kind' : error.message;
        this.#scope.reporter.report(
          'error',
          attribute.value.position,
          `\`${raw.name}\` of ${this.#title}: ${message}`,
          { expected: error.expected, hint: error.hint },
        );
      } else throw error;
      return undefined;
    }
  }

  /** A codec by name or with options, checked. */
  async #codec(value: Raw | readonly Raw[], raw: RawOption): Promise<unknown> {
    if (Array.isArray(value)) {
      if (value.length !== 1) throw new ConversionError('only one codec is possible', 'one codec');
      return this.#codec(value[0]!, raw);
    }
    if (value instanceof NestedNode) return this.#nestedPlugin(value.node);
    if (typeof value !== 'string') {
      throw new ConversionError('a codec is wanted here', 'the name of a codec, or name { options }');
    }
    return this.#nestedPlugin({
      type: 'plugin',
      name: value,
      attributes: [],
      position: raw.attribute.value.position,
    });
  }

  /** Plugins inside of lists and hashes are codecs. */
  async #nested(value: unknown): Promise<unknown> {
    if (value instanceof NestedNode) return this.#nestedPlugin(value.node);
    if (Array.isArray(value)) return Promise.all(value.map((each) => this.#nested(each)));
    if (!isRawHash(value) || value instanceof Secret || Object.getPrototypeOf(value) !== Object.prototype) {
      return value;
    }
    const pairs: [string, unknown][] = [];
    for (const [key, each] of Object.entries(value)) pairs.push([key, await this.#nested(each)]);
    return Object.fromEntries(pairs);
  }

  async #nestedPlugin(node: PluginNode): Promise<NestedPlugin | undefined> {
    const checked = await checkPlugin('codec', node, this.#scope);
    return checked && { plugin: checked.plugin.name, options: checked.options };
  }

  async #fillDefault(name: string, option: Option): Promise<void> {
    let value = option.default;
    if (option.type === 'codec') {
      const own = name === 'codec' ? (this.plugin as InputPlugin | OutputPlugin).defaultCodec : undefined;
      const wanted = own ?? value;
      if (wanted !== undefined) value = await this.#defaultCodec(wanted as string | NestedPlugin);
    } else if (option.type === 'password' && typeof value === 'string') value = new Secret(value);
    if (value !== undefined) this.options[name] = value;
  }

  async #defaultCodec(
    wanted: string | NestedPlugin,
    given?: NestedPlugin,
  ): Promise<NestedPlugin | undefined> {
    const name = typeof wanted === 'string' ? wanted : wanted.plugin;
    const fixed = typeof wanted === 'string' ? {} : wanted.options;
    const plugin = await this.#scope.loader.find('codec', name);
    if (plugin === undefined) return undefined;
    const node: PluginNode = { type: 'plugin', name, attributes: [], position: this.#node.position };
    const check = new PluginCheck(plugin, node, this.#scope);
    await check.run();
    const declared = declaredOptions(plugin);
    const taken = Object.fromEntries(
      Object.entries(given?.options ?? {}).filter(([option]) => Object.hasOwn(declared, option)),
    );
    return { plugin: name, options: { ...check.options, ...fixed, ...taken } };
  }

  /** Streams need a codec that splits them: plain becomes line, json becomes json_lines. */
  async #fixStreamingCodec(): Promise<void> {
    const codec = this.options['codec'] as NestedPlugin | undefined;
    const splitting =
      codec?.plugin === 'plain' ? 'line' : codec?.plugin === 'json' ? 'json_lines' : undefined;
    if (splitting === undefined) return;
    const fixed = await this.#defaultCodec(splitting, codec);
    if (fixed) this.options['codec'] = fixed;
  }

  #validate(): void {
    try {
      this.plugin.validate?.(this.options as never, (severity, option, message, hint) => {
        const raw = this.#raw.get(option) ?? this.#rawOfOldName(option);
        this.#report(
          severity,
          raw,
          `${option === '' ? this.#title : `\`${option}\` of ${this.#title}`}: ${message}`,
          hint,
        );
      });
    } catch (error) {
      this.#report('error', undefined, `${this.#title} can not be checked: ${(error as Error).message}`);
    }
  }

  #rawOfOldName(target: string): RawOption | undefined {
    for (const raw of this.#raw.values()) {
      if (this.#declared[raw.name]?.renamedTo === target) return raw;
    }
    return undefined;
  }

  #failMissing(name: string, option: Option): void {
    this.#report(
      'error',
      undefined,
      `${this.#title} needs the option \`${name}\``,
      `${name}: ${option.description}`,
    );
  }

  #failUnknown(raw: RawOption): void {
    const { name } = raw;
    const names = Object.keys(this.#declared).filter((each) => this.#declared[each]!.obsolete === undefined);
    const current = Object.keys(this.plugin.options).filter((each) => !this.plugin.options[each]!.renamedTo);
    const near = suggest(name, names);
    const elsewhere = Object.entries(commonOptions)
      .filter(([, options]) => Object.hasOwn(options, name))
      .map(([kind]) => `${kind}s`);
    const hint =
      near !== undefined
        ? `did you mean \`${near}\`?`
        : elsewhere.length > 0
          ? `\`${name}\` is an option of ${elsewhere.join(' and ')}`
          : `it takes ${listed(current)}`;
    this.#report('error', raw, `${this.#title} has no option \`${name}\``, hint);
  }
}

/** Own options of a plugin, in words; long lists are cut. */
function listed(names: readonly string[]): string {
  if (names.length === 0) return 'the common options only';
  const more = names.length > 20 ? ` and ${names.length - 20} more` : '';
  return `${[...names].sort().slice(0, 20).join(', ')}${more}, and the common options`;
}
