/** Secrets in configs: how they are recognised, and how source text is shown without them. */
import type { Diagnostic, Position } from '../kernel/diagnostic.ts';
import type { Variables } from './variables.ts';

const NAME =
  /(?:^|[_-])(?:password|passwd|passphrase|secret|token|api_?key|access_key|shared_key|workspace_key|cloud_auth|auth_pass|priv_pass)$/i;

/** Does an option of this name hold a secret, whatever its type? */
export const isSecretName = (name: string): boolean => NAME.test(name);

/** Credentials in a URL: `https://user:password@host`. */
export const hasCredentials = (text: string): boolean => /:\/\/[^/@\s:]*:[^/@\s]+@/.test(text);

/** Value of a header such as `Authorization` that names its scheme. */
export const isAuthorization = (text: string): boolean => /^(?:Bearer|Basic|ApiKey|Splunk)\s+\S/i.test(text);

/** A literal in the text, told from one that variables or fields fill. */
export const isLiteral = (text: string): boolean =>
  text !== '' && !text.includes('${') && !text.includes('%{');

const ASSIGNMENT =
  /((?:password|passwd|passphrase|secret|token|api_?key|access_key|shared_key|workspace_key|cloud_auth|auth_pass|priv_pass)["']?\s*=>\s*)("(?:\\.|[^"\\\r\n])*"?|'(?:\\.|[^'\\\r\n])*'?|\[[^\]]{0,2000}\]|[^\s{}[\],]+)/gi;
const URL_CREDENTIALS = /(:\/\/[^/@\s:"']*:)([^/@\s"']+)(?=@)/g;

/**
 * Source text for messages: values of secrets become asterisks of the same length, so that places stay. `places`
 * are the first characters of further strings to hide.
 */
export function maskSecrets(text: string, places: readonly Position[] = []): string {
  let masked = text
    .replace(ASSIGNMENT, (_all, before: string, value: string) => before + masking(value))
    .replace(URL_CREDENTIALS, (_all, before: string, value: string) => before + '*'.repeat(value.length));
  if (places.length === 0) return masked;
  const starts = [0];
  for (const match of masked.matchAll(/\r\n|\n|\r/g)) starts.push(match.index + match[0].length);
  for (const { line, column } of places) {
    const at = starts[line - 1]! + column - 1;
    const literal = /"(?:\\[\s\S]|[^"\\])*"?|'(?:\\[\s\S]|[^'\\])*'?|[^\s{}[\],]+/y;
    literal.lastIndex = at;
    const value = literal.exec(masked)?.[0];
    if (value) masked = masked.slice(0, at) + masking(value) + masked.slice(at + value.length);
  }
  return masked;
}

/** Keeps quotes and ends of lines; variables hide nothing and stay readable. */
function masking(value: string): string {
  if (/^["']?\$\{[^}]*\}["']?$/.test(value)) return value;
  if (value.startsWith('[')) return value.replace(/[^\s,[\]"']/g, '*');
  const quote = /^["']/.exec(value)?.[0];
  if (quote === undefined) return '*'.repeat(value.length);
  const closed = value.length > 1 && value.endsWith(quote);
  const inner = value.slice(1, closed ? -1 : undefined).replace(/[^\r\n]/g, '*');
  return `${quote}${inner}${closed ? quote : ''}`;
}

/** The same variables; every text that the keystore gives out is put into `kept`. */
export function rememberKept(variables: Variables, kept: Set<string>): Variables {
  const { keystore } = variables;
  if (keystore === undefined) return variables;
  return {
    ...variables,
    keystore(name) {
      const text = keystore(name);
      if (text !== undefined) kept.add(text);
      return text;
    },
  };
}

/** Shorter texts would hide half of every message, and protect nothing. */
const LEAST_LENGTH = 3;

/** A message without what the keystore keeps, as it stands or escaped. */
export function withoutKept(diagnostic: Diagnostic, kept: ReadonlySet<string>): Diagnostic {
  const hide = (text: string): string => {
    let hidden = text;
    for (const secret of kept) {
      if (secret.length < LEAST_LENGTH) continue;
      for (const form of [JSON.stringify(secret).slice(1, -1), secret])
        hidden = hidden.replaceAll(form, '<password>');
    }
    return hidden;
  };
  const { message, expected, found, hint } = diagnostic;
  return {
    ...diagnostic,
    message: hide(message),
    ...(expected === undefined ? {} : { expected: hide(expected) }),
    ...(found === undefined ? {} : { found: hide(found) }),
    ...(hint === undefined ? {} : { hint: hide(hint) }),
  };
}
