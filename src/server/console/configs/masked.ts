/** Texts of configs as people see them who may not see secrets, and variables for what they may try out. */
import type { Registry } from '../../../kernel/plugin.ts';
import { checkPipelines } from '../../../lang/check.ts';
import { isSecretName, maskSecrets } from '../../../lang/secrets.ts';
import type { Variables } from '../../../lang/variables.ts';
import type { ConfigFile } from '../../contract/configs.ts';

/** Literal passwords, tokens and credentials become asterisks of the same length, so that places stay. */
export async function maskedText(
  kind: ConfigFile['kind'],
  text: string,
  registry: Registry,
): Promise<string> {
  if (kind !== 'pipeline') return maskedKeys(maskSecrets(text));
  const { sources } = await checkPipelines(
    [{ id: 'masked', sources: [{ file: 'masked', text }], settings: {} }],
    registry,
    { environment: {} },
  );
  return sources.get('masked') ?? maskSecrets(text);
}

const PAIR = /((?:^|[\s{,"'-])([\w.-]+)["']?\s*:[ \t]+)("[^"\r\n]*"|'[^'\r\n]*'|[^\s#,}[{|>&*][^\r\n#,}]*)/gm;

/** `password: x` in YAML and JSON. */
const maskedKeys = (text: string): string =>
  text.replace(PAIR, (all, before: string, name: string, value: string) =>
    isSecretName(name) && !/^["']?\$\{\w/.test(value) ? before + value.replace(/[^"'\s]/g, '*') : all,
  );

const PLACEHOLDER = '<password>';
const NAME = /\$\{([a-zA-Z_.][a-zA-Z0-9_.]*)/g;

/**
 * Variables for what is run on behalf of somebody who sees the outcome: secrets of the keystore, and variables of the
 * environment that look like secrets, are a placeholder; others are there if a saved config names them.
 */
export function harmlessVariables(
  { environment, keystore }: Variables,
  savedTexts: readonly string[],
): Variables {
  const given: Record<string, string> = {};
  for (const text of savedTexts)
    for (const [, name] of text.matchAll(NAME)) {
      const value = Object.hasOwn(environment, name!) ? environment[name!] : undefined;
      if (value !== undefined) given[name!] = isSecretName(name!) ? PLACEHOLDER : value;
    }
  return {
    environment: given,
    keystore: (name) => (keystore?.(name) === undefined ? undefined : PLACEHOLDER),
  };
}
