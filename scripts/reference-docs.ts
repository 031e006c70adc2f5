/**
 * Writes docs/reference from the declarations: a page for every plugin, the settings and the command line. With
 * `--check` nothing is written: exits 1 and names the pages that are not as they would be written.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { commands } from '../src/cli/commands.ts';
import type { Setting } from '../src/cli/setting.ts';
import { settings } from '../src/cli/settings-table.ts';
import type { Fields } from '../src/kernel/event-types.ts';
import {
  commonOptions,
  ecsOption,
  type NestedPlugin,
  type Option,
  type Options,
} from '../src/kernel/options.ts';
import type { Example, InputPlugin, OutputPlugin, Plugin, PluginKind } from '../src/kernel/plugin.ts';
import { parseConfig } from '../src/lang/parse.ts';
import { printConfig } from '../src/lang/print.ts';
import { registry } from '../src/plugins/registry.ts';

const root = dirname(import.meta.dirname);
const folder = join(root, 'docs', 'reference');
const NOTE = '<!-- Written by scripts/reference-docs.ts from the declarations in src/. Do not edit. -->';

const folders: Record<PluginKind, string> = {
  input: 'inputs',
  filter: 'filters',
  output: 'outputs',
  codec: 'codecs',
};
const kinds = Object.keys(folders) as PluginKind[];

// ---- Markdown ----

type Row = readonly string[];

function table(head: Row, rows: readonly Row[]): string {
  const line = (cells: Row): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replace(/\s*\n\s*/g, ' ')).join(' | ')} |`;
  return [line(head), `|${' --- |'.repeat(head.length)}`, ...rows.map(line)].join('\n');
}

const code = (text: string): string => (text.includes('`') ? `\`\` ${text} \`\`` : `\`${text}\``);
const block = (language: string, text: string): string => `\`\`\`${language}\n${text}\n\`\`\``;

/** Text between backticks stays; elsewhere what Markdown would take for markup is escaped. */
function prose(text: string): string {
  return text
    .split(/(`[^`]*`)/)
    .map((part) => (part.startsWith('`') ? part : part.replace(/[<*]|(?<!\w)_|_(?!\w)/g, '\\$&')))
    .join('');
}

const page = (...parts: readonly (string | undefined)[]): string =>
  `${[NOTE, ...parts.filter((part) => part !== undefined && part !== '')].join('\n\n')}\n`;

// ---- values as configs write them ----

const isNested = (value: unknown): value is NestedPlugin =>
  typeof value === 'object' && value !== null && typeof (value as Partial<NestedPlugin>).plugin === 'string';

function literal(value: unknown): string {
  if (isNested(value)) return value.plugin;
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    const pairs = Object.entries(value).map(
      ([name, inner]) => `${JSON.stringify(name)} => ${literal(inner)}`,
    );
    return pairs.length === 0 ? '{ }' : `{ ${pairs.join(', ')} }`;
  }
  return JSON.stringify(value);
}

const byteUnits = [
  ['GiB', 1024 ** 3],
  ['MiB', 1024 ** 2],
  ['KiB', 1024],
] as const;
const timeUnits = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
] as const;

/** The default of an option or setting, in the largest unit that divides it. */
function defaultText(value: unknown, type: string): string {
  if (value === undefined) return '';
  if (type === 'bytes' && typeof value === 'number') {
    const unit = byteUnits.find(([, size]) => value >= size && value % size === 0);
    if (unit) return code(`"${value / unit[1]} ${unit[0]}"`);
  }
  if (type === 'duration' && typeof value === 'number') {
    const unit = timeUnits.find(([, size]) => value >= size && value % size === 0);
    const [name, count] = unit ? [unit[0], value / unit[1]] : ['second', value];
    return code(`"${count} ${name}${count === 1 ? '' : 's'}"`);
  }
  if (type === 'ports' && Array.isArray(value)) return code(value.join('-'));
  return code(literal(value));
}

// ---- options ----

const typeNames: Partial<Record<Option['type'], string>> = {
  field_reference: 'field reference',
  bytes: 'size',
  any: 'anything',
};

function typeText(option: Option): string {
  if (option.oneOf) {
    const values = option.oneOf.map((each) => code(String(each))).join(', ');
    return option.list ? `list of ${values}` : values;
  }
  const name = typeNames[option.type] ?? option.type;
  return option.list ? `list of ${name}` : name;
}

function limits({ min, max }: Option): string {
  if (min !== undefined && max !== undefined) return ` From ${min} to ${max}.`;
  if (min !== undefined && min > 0) return ` At least ${min}.`;
  return max === undefined ? '' : ` At most ${max}.`;
}

function optionRow([name, option]: readonly [string, Option]): Row {
  const description = `${option.deprecated === undefined ? '' : `*Deprecated: ${prose(option.deprecated)}.* `}${prose(option.description)}${limits(option)}`;
  return [
    code(name),
    typeText(option),
    option.required ? '**required**' : defaultText(option.default, option.type),
    description,
  ];
}

const optionTable = (options: readonly (readonly [string, Option])[]): string =>
  table(['Option', 'Type', 'Default', 'Description'], options.map(optionRow));

function optionSections(plugin: Plugin): string[] {
  const all = Object.entries(plugin.options as Options);
  const current = all.filter(
    ([, { renamedTo, obsolete }]) => renamedTo === undefined && obsolete === undefined,
  );
  const isTls = ([name]: readonly [string, Option]): boolean => /^(?:ssl_|tls_|ca_trusted)/.test(name);
  const sorted = [...current].sort(
    ([, a], [, b]) => Number(b.required ?? false) - Number(a.required ?? false),
  );
  const own = sorted.filter((entry) => !isTls(entry));
  const tls = sorted.filter(isTls);
  const renamed = all.filter(([, { renamedTo }]) => renamedTo !== undefined);
  const obsolete = all.filter(([, option]) => option.obsolete !== undefined);
  const sections = ['## Options'];
  if (own.length > 0) sections.push(optionTable(own));
  else if (tls.length === 0) sections.push('None of its own.');
  if (tls.length > 0) sections.push('### TLS', optionTable(tls));
  sections.push('### Common options', optionTable(commonOf(plugin)));
  if (renamed.length > 0) {
    sections.push(
      '### Old names',
      'They still work; the check of the config names the new ones.',
      table(
        ['Old name', 'New name'],
        renamed.map(([name, { renamedTo }]) => [code(name), code(renamedTo!)]),
      ),
    );
  }
  if (obsolete.length > 0) {
    sections.push(
      '### Options that are gone',
      table(
        ['Option', 'What to do'],
        obsolete.map(([name, option]) => [code(name), prose(option.obsolete!)]),
      ),
    );
  }
  return sections;
}

/** What all plugins of the kind take, with this plugin's own default codec. */
function commonOf(plugin: Plugin): [string, Option][] {
  const common: Options = { ...commonOptions[plugin.kind], ...(plugin.ecs ? ecsOption : {}) };
  const { defaultCodec } = plugin as InputPlugin | OutputPlugin;
  return Object.entries(common).map(([name, option]) =>
    name === 'codec' && defaultCodec
      ? [name, { ...option, default: { plugin: defaultCodec, options: {} } }]
      : [name, option],
  );
}

// ---- examples ----

const WIDTH = 100;

/** JSON in one line if it is short. */
function json(value: unknown): string {
  const line = oneLine(value);
  return line.length <= WIDTH ? line : JSON.stringify(value, null, 2);
}

function oneLine(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(oneLine).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const pairs = Object.entries(value).map(([name, inner]) => `${JSON.stringify(name)}: ${oneLine(inner)}`);
  return pairs.length === 0 ? '{}' : `{ ${pairs.join(', ')} }`;
}

/** A block of a config; one that is too wide for a line is laid out anew. */
function configText(kind: PluginKind, config: string): string {
  if (config.includes('\n') || config.length <= WIDTH) return config;
  const bare = !config.startsWith(`${kind} {`);
  const laidOut = printConfig(
    parseConfig(bare ? `${kind} { ${config} }` : config, kind, { supportEscapes: false }),
  );
  if (!bare) return laidOut.trimEnd();
  return laidOut
    .trimEnd()
    .split('\n')
    .slice(1, -1)
    .map((line) => line.slice(2))
    .join('\n');
}

/** Null stands for a field that is not there. */
function eventText(fields: Fields): string {
  const there = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
  const gone = Object.keys(fields).filter((name) => fields[name] === null);
  return `${block('json', json(there))}${gone.length > 0 ? `\n\nThere is no ${gone.map(code).join(' and no ')}.` : ''}`;
}

function exampleText(plugin: Plugin, example: Example): string {
  const { config, input, output } = example;
  const text =
    plugin.kind === 'codec'
      ? `codec => ${plugin.name} {${config === '' ? ' ' : ` ${config} `}}`
      : configText(plugin.kind, config);
  const parts = [`### ${prose(example.title)}`, block('', text)];
  if (input !== undefined) {
    parts.push(
      'In:',
      typeof input === 'string' ? block('', input.replace(/\n$/, '')) : block('json', json(input)),
    );
  }
  if (output !== undefined) {
    const outputs = [output].flat() as Fields[];
    parts.push(outputs.length > 1 ? 'Out, one event each:' : 'Out:', ...outputs.map(eventText));
  }
  return parts.join('\n\n');
}

function pluginPage(kind: PluginKind, name: string, plugin: Plugin): string {
  if (plugin.name !== name) {
    return page(`# ${name} (${kind})`, `Another name of [${plugin.name}](${plugin.name}.md).`);
  }
  return page(
    `# ${name} (${kind})`,
    prose(plugin.summary),
    plugin.examples?.length ? '## Examples' : '',
    ...(plugin.examples ?? []).map((example) => exampleText(plugin, example)),
    ...optionSections(plugin),
    plugin.differences?.length ? '## Differences from Logstash' : '',
    (plugin.differences ?? []).map((each) => `- ${prose(each)}`).join('\n'),
  );
}

// ---- settings and command line ----

const settingEntries = Object.entries(settings as Readonly<Record<string, Setting>>);
const settingType = ({ type, oneOf }: Setting): string =>
  oneOf ? oneOf.map(code).join(', ') : type === 'bytes' ? 'size' : type === 'ports' ? 'port or range' : type;
const flagsOf = (name: string, { flags = [] }: Setting): string =>
  [...flags]
    .sort((a, b) => a.length - b.length)
    .concat(`--${name}`)
    .map(code)
    .join(', ');

function settingsPage(): string {
  const used = settingEntries.filter(([, { ignored }]) => ignored === undefined);
  const ignored = settingEntries.filter(([, setting]) => setting.ignored !== undefined);
  return page(
    '# Settings',
    'Settings stand in `logstash.yml` (in the folder that `--path.settings` names), and on the command line as `--NAME VALUE`. Those marked with a dot may be set for one pipeline in `pipelines.yml`. Values may use `${NAME}` from the keystore or the environment.',
    table(
      ['Setting', 'Type', 'Default', 'Per pipeline', 'Description'],
      used.map(([name, setting]) => [
        code(name),
        settingType(setting),
        defaultText(setting.default, setting.type),
        setting.perPipeline ? '•' : '',
        prose(setting.description),
      ]),
    ),
    '## Taken, without effect',
    'Logstash has these; configs that set them work.',
    table(
      ['Setting', 'Why it has no effect'],
      ignored.map(([name, setting]) => [code(name), prose(setting.ignored!)]),
    ),
  );
}

/** What `millrace COMMAND --help` prints. */
function helpOf(command: string): string {
  const main = join(root, 'src', 'cli', 'main.ts');
  return execFileSync(process.execPath, ['--no-warnings', main, command, '--help'], {
    encoding: 'utf8',
  }).trimEnd();
}

function commandLinePage(): string {
  const [intro = ''] = helpOf('run').split(/\nOptions \(/);
  return page(
    '# Command line',
    '`millrace` takes the arguments of `logstash`, and has commands of its own. `compat/bin` has launchers under the names `logstash`, `logstash-keystore` and `logstash-plugin`.',
    block('', intro.trimEnd()),
    ...Object.keys(commands).flatMap((command) => [`## millrace ${command}`, block('', helpOf(command))]),
    '## Options',
    'Every [setting](settings.md) is an option; those that are switches need no value, and `--no-NAME` turns them off. Exit status: 0 when all went well, 1 for what is wrong with arguments or configs.',
    table(
      ['Options', 'Default', 'Description'],
      settingEntries
        .filter(([, { ignored }]) => ignored === undefined)
        .map(([name, setting]) => [
          flagsOf(name, setting),
          defaultText(setting.default, setting.type),
          prose(setting.description),
        ]),
    ),
  );
}

// ---- all pages ----

/** Undefined, with a message and a bad exit status, when the plugin's file can not be loaded. */
async function load(kind: PluginKind, name: string): Promise<Plugin | undefined> {
  try {
    return await registry.load(kind, name);
  } catch (error) {
    process.stderr.write(`the ${kind} ${name} can not be loaded: ${(error as Error).message}\n`);
    process.exitCode = 1;
    return undefined;
  }
}

async function makePages(): Promise<Map<string, string>> {
  const pages = new Map<string, string>();
  const lists: string[] = [];
  for (const kind of kinds) {
    const rows: Row[] = [];
    for (const name of [...registry.names(kind)].sort()) {
      const plugin = await load(kind, name);
      if (plugin === undefined) continue;
      const path = `${folders[kind]}/${name}.md`;
      pages.set(path, pluginPage(kind, name, plugin));
      rows.push([
        `[${name}](${path})`,
        plugin.name === name ? prose(plugin.summary) : `Another name of ${plugin.name}.`,
      ]);
    }
    const title = folders[kind].replace(/^./, (letter) => letter.toUpperCase());
    lists.push(`## ${title}`, table(['Name', 'What it does'], rows));
  }
  pages.set('settings.md', settingsPage());
  pages.set('command-line.md', commandLinePage());
  const more = 'See also the [settings](settings.md) and the [command line](command-line.md).';
  pages.set(
    'README.md',
    page('# Reference', `Every plugin that comes with Millrace, with all its options. ${more}`, ...lists),
  );
  return pages;
}

/** Pages on disk, relative to the folder. */
function pagesOnDisk(): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.md'));
}

const pages = await makePages();
const leftOver = pagesOnDisk().filter((path) => !pages.has(path));
const stale = [...pages].filter(([path, text]) => {
  const file = join(folder, path);
  return !existsSync(file) || readFileSync(file, 'utf8') !== text;
});

if (process.argv.includes('--check')) {
  for (const [path] of stale) process.stderr.write(`docs/reference/${path} is stale\n`);
  for (const path of leftOver) process.stderr.write(`docs/reference/${path} belongs to nothing any more\n`);
  if (stale.length + leftOver.length > 0) {
    process.stderr.write('Run "npm run docs" and commit what it writes.\n');
    process.exitCode = 1;
  }
} else {
  for (const [path, text] of stale) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  for (const path of leftOver) rmSync(join(folder, path));
  process.stdout.write(`${pages.size} pages, ${stale.length} written, ${leftOver.length} removed\n`);
}
