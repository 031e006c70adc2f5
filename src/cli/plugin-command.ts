/** `millrace plugin` and `logstash-plugin`: everything is bundled. */
import { suggest } from '../kernel/diagnostic.ts';
import { MillraceError } from '../kernel/errors.ts';
import type { PluginKind } from '../kernel/plugin.ts';
import { VERSION } from '../kernel/version.ts';
import { registry } from '../plugins/registry.ts';

export const help = `Usage: millrace plugin COMMAND

  list [TEXT] [--verbose] [--group input|filter|output|codec]
  install NAME…    says whether the plugin is bundled; nothing has to be installed

  millrace plugin list --group filter
  millrace plugin install logstash-filter-grok
`;
const kinds: readonly PluginKind[] = ['codec', 'filter', 'input', 'output'];

/** Names as Logstash prints them: `logstash-filter-grok`. */
export function pluginNames(): string[] {
  return kinds.flatMap((kind) => registry.names(kind).map((name) => `logstash-${kind}-${name}`)).sort();
}

export function pluginCommand(argv: readonly string[]): number {
  const [command, ...rest] = argv;
  if (command === 'list') return list(rest);
  if (command === 'install' || command === 'update')
    return install(rest.filter((word) => !word.startsWith('-')));
  if (command === 'remove')
    throw new MillraceError('ERR_PLUGIN', 'plugins are a part of Millrace and can not be removed');
  if (command !== undefined && !['--help', '-h', 'help'].includes(command)) {
    throw new MillraceError(
      'ERR_USAGE',
      `there is no plugin command ${command}. See "millrace plugin --help".`,
    );
  }
  process.stdout.write(help);
  return 0;
}

/** @throws MillraceError ERR_USAGE */
function list(argv: readonly string[]): number {
  let group: string | undefined;
  let verbose = false;
  let text = '';
  for (let at = 0; at < argv.length; at++) {
    const [word = '', attached] = argv[at]!.startsWith('--') ? argv[at]!.split(/=(.*)/s) : [argv[at]!];
    if (word === '--verbose') verbose = true;
    else if (word === '--installed') continue;
    else if (word === '--group') {
      group = attached ?? argv[++at];
      if (!kinds.some((kind) => kind === group))
        throw new MillraceError('ERR_USAGE', `--group takes one of ${kinds.join(', ')}`);
    } else if (word.startsWith('-'))
      throw new MillraceError('ERR_USAGE', `unknown argument ${word}. See "millrace plugin --help".`);
    else text = word.replaceAll('*', '');
  }
  const names = pluginNames().filter(
    (name) => name.includes(text) && (group === undefined || name.startsWith(`logstash-${group}-`)),
  );
  if (names.length === 0) {
    process.stderr.write('No plugins found\n');
    return 1;
  }
  for (const name of names) process.stdout.write(`${name}${verbose ? ` (${VERSION})` : ''}\n`);
  return 0;
}

function install(wanted: readonly string[]): number {
  if (wanted.length === 0) {
    process.stdout.write('Everything that Millrace has is installed.\n');
    return 0;
  }
  let status = 0;
  const names = pluginNames();
  for (const name of wanted) {
    const short = name.replace(/^logstash-/, '');
    const bundled = names.find((each) => each === name || each === `logstash-${short}`);
    if (bundled)
      process.stdout.write(
        `${name} is bundled with Millrace ${VERSION}: nothing to install\nInstallation successful\n`,
      );
    else {
      const near = suggest(name, names);
      process.stderr.write(
        `${name} is not a plugin of Millrace ${VERSION}${near ? `; did you mean ${near}?` : ''}. Ruby plugins can not be loaded.\n`,
      );
      status = 1;
    }
  }
  return status;
}
