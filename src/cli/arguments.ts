/** Logstash's command line: every flag of the settings table, the short ones, and the deprecated ones. */
import { suggest } from '../kernel/diagnostic.ts';
import { MillraceError } from '../kernel/errors.ts';
import type { Setting } from './setting.ts';
import { convertSetting, isSettingName, type SettingValues } from './settings.ts';
import { type SettingName, settings } from './settings-table.ts';

export interface Arguments {
  readonly values: SettingValues;
  readonly help: boolean;
  readonly version: boolean;
  readonly interactive: string | undefined;
  readonly warnings: string[];
}

const table: Readonly<Record<string, Setting>> = settings;
const byFlag = new Map<string, SettingName>();
for (const [name, setting] of Object.entries(table)) {
  byFlag.set(`--${name}`, name as SettingName);
  for (const flag of setting.flags ?? []) byFlag.set(flag, name as SettingName);
}

/** Flags that only set the log level. */
const levels: Readonly<Record<string, string>> = {
  '--debug': 'debug',
  '--verbose': 'info',
  '--quiet': 'error',
};

/** @throws MillraceError ERR_USAGE naming the argument and a near one */
export function parseArguments(argv: readonly string[]): Arguments {
  const values: SettingValues = {};
  const warnings: string[] = [];
  let help = false;
  let version = false;
  let interactive: string | undefined;
  const usage = (message: string): never => {
    throw new MillraceError('ERR_USAGE', `${message}. See "millrace --help".`);
  };
  for (let at = 0; at < argv.length; at++) {
    let argument = argv[at]!;
    let attached: string | undefined;
    const equals = argument.startsWith('--') ? argument.indexOf('=') : -1;
    if (equals > 0) {
      attached = argument.slice(equals + 1);
      argument = argument.slice(0, equals);
    } else if (/^-[a-zA-Z]./.test(argument) && !argument.startsWith('--')) {
      // -w2 as Clamp takes it
      attached = argument.slice(2);
      argument = argument.slice(0, 2);
    }
    if (argument === '-h' || argument === '--help') help = true;
    else if (argument === '-V' || argument === '--version') version = true;
    else if (argument === '-i' || argument === '--interactive') interactive = attached ?? argv[++at];
    else if (argument === '--enable-local-plugin-development')
      warnings.push(`${argument} has no effect: there are no Ruby plugins`);
    else if (levels[argument]) {
      warnings.push(`${argument} is deprecated: use --log.level=${levels[argument]}`);
      values['log.level'] ??= levels[argument];
    } else if (argument === '-S' || argument === '--setting') {
      const [name, ...rest] = (attached ?? argv[++at] ?? '').split('=');
      if (!isSettingName(name!)) usage(`there is no setting ${name}`);
      values[name as SettingName] = convertSetting(name as SettingName, rest.join('='), `-S ${name}`);
    } else {
      const negated = argument.startsWith('--no-') ? byFlag.get(`--${argument.slice(5)}`) : undefined;
      const name = negated ?? byFlag.get(argument);
      if (name === undefined) {
        const near = suggest(argument, [...byFlag.keys(), ...Object.keys(levels), '--help', '--version']);
        usage(`unknown argument ${argument}${near ? `, did you mean ${near}?` : ''}`);
        continue;
      }
      const setting = table[name]!;
      if (setting.ignored) warnings.push(`${argument} has no effect: ${setting.ignored}`);
      if (negated) values[name] = false;
      else if (setting.type === 'boolean') {
        const next = argv[at + 1];
        if (attached === undefined && (next === 'true' || next === 'false')) attached = argv[++at];
        values[name] = attached === undefined ? true : convertSetting(name, attached, argument);
      } else {
        const value = attached ?? argv[++at];
        if (value === undefined) usage(`${argument} needs a value`);
        values[name] = name === 'config.string' ? value : convertSetting(name, value, argument);
      }
    }
  }
  return { values, help, version, interactive, warnings };
}
