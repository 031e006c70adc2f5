/** What a server and its tester process say to each other: plain data. */

import type { Diagnostic } from '../../kernel/diagnostic.ts';
import type { PipelineSources } from '../../lang/check.ts';
import type { Variables } from '../../lang/variables.ts';
import type { PreviewSpec } from './preview.ts';
import type { ConfigTestSpec } from './run.ts';

/** The variables that the texts of a request name. */
export interface PackedVariables {
  readonly environment: Readonly<Record<string, string>>;
  readonly keystore: Readonly<Record<string, string>>;
}

export type TesterRequest =
  | {
      readonly kind: 'tests';
      readonly spec: Omit<ConfigTestSpec, 'pipelines' | 'variables'>;
      readonly pipelines:
        | readonly (PipelineSources & { readonly problems: readonly Diagnostic[] })[]
        | undefined;
      readonly variables: PackedVariables;
    }
  | {
      readonly kind: 'preview';
      readonly spec: Omit<PreviewSpec, 'variables'>;
      readonly variables: PackedVariables;
    };

/** The result as JSON (exact numbers do not survive structured clone), or what went wrong. */
export interface TesterAnswer {
  readonly json?: string;
  readonly error?: string;
}

const NAME = /\$\{([a-zA-Z_.][a-zA-Z0-9_.]*)/g;

/** Only secrets that are asked for are handed on. */
export function packVariables(
  { environment, keystore }: Variables,
  texts: readonly string[],
): PackedVariables {
  const given: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment)) if (value !== undefined) given[name] = value;
  const secrets: Record<string, string> = {};
  for (const text of texts) {
    for (const [, name] of text.matchAll(NAME)) {
      const secret = keystore?.(name!);
      if (secret !== undefined) secrets[name!] = secret;
    }
  }
  return { environment: given, keystore: secrets };
}

export const unpackVariables = ({ environment, keystore }: PackedVariables): Variables => ({
  environment,
  keystore: (name) => (Object.hasOwn(keystore, name) ? keystore[name] : undefined),
});
