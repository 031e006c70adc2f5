/** From what a form was filled in with to the options of its plugin, with everything that is wrong in words. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { validateHeaderName } from 'node:http';
import { isIP } from 'node:net';
import { quoted } from './config-text.ts';
import type { FormField, OfferedCard } from './fields.ts';
import type { FieldValue, FieldValues } from './files.ts';

/** A form as it was filled in, saved or not. */
export interface Draft {
  readonly card: string;
  readonly title: string;
  readonly values: FieldValues;
  /** New secrets by field; null takes one away, those that are not named stay. */
  readonly secrets: Readonly<Record<string, string | null>>;
  /** The same for certificates and keys, PEM. */
  readonly files: Readonly<Record<string, string | null>>;
  /** Of a source: beginning of its indices in Millrace's own store; null: its events are not kept there. */
  readonly keep: string | null;
  /** Of a source: ids of destinations. Of a destination: ids of sources. */
  readonly others: readonly string[];
}

export interface FormProblem {
  /** Empty: the form as a whole. */
  readonly field: string;
  readonly text: string;
}

export interface FormContext {
  /** Placeholder of a field's secret in the config; undefined: there is none. */
  secret(field: string): string | undefined;
  /** Path of a certificate or key; undefined: there is none. */
  file(field: string): string | undefined;
  /** Millrace's own certificate. */
  readonly certificate: { readonly certificate: string; readonly key: string; readonly authority: string };
}

export interface FilledForm {
  /** What is kept in the file: no more than the form has. */
  readonly values: FieldValues;
  readonly options: Readonly<Record<string, unknown>>;
  readonly problems: readonly FormProblem[];
}

/** Control characters, and those that turn or hide text. */
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/;
const MAX_TEXT = 4096;

export const TLS_FILES = {
  certificate: 'tls.certificate',
  key: 'tls.key',
  /** Of those who may connect. */
  clients: 'clients.authority',
} as const;
/** Secret of a request header. */
export const headerField = (name: string): string => `headers.${name}`;

export function fillForm(card: OfferedCard, draft: Draft, context: FormContext): FilledForm {
  const problems: FormProblem[] = [];
  const values: Record<string, FieldValue> = {};
  const options: Record<string, unknown> = {};
  const { title } = draft;
  if (title.trim() === '') problems.push({ field: 'title', text: 'Give it a name' });
  else if (CONTROL.test(title)) problems.push({ field: 'title', text: 'A name is one line of text' });
  for (const field of card.form) {
    const report = (text: string): void => void problems.push({ field: field.name, text });
    const value = draft.values[field.name] ?? field.preset;
    if (value !== undefined) values[field.name] = value;
    try {
      write(field, value, context, options, report);
    } catch (error) {
      report((error as Error).message);
    }
  }
  if (card.form.some(({ name }) => name === 'user') && card.form.some(({ name }) => name === 'password')) {
    const [user, password] = [options['user'] !== undefined, options['password'] !== undefined];
    if (user && !password) problems.push({ field: 'password', text: 'A user name needs a password' });
    if (password && !user) problems.push({ field: 'user', text: 'A password needs a user name' });
  }
  for (const [name, text] of Object.entries(draft.files))
    if (typeof text === 'string') checkPem(name, text, problems);
  const withTls = options['ssl_enabled'] === true ? card.withTls : undefined;
  return { values, options: { ...withTls, ...options, ...card.fixed }, problems };
}

function write(
  field: FormField,
  value: FieldValue | undefined,
  context: FormContext,
  options: Record<string, unknown>,
  report: (text: string) => void,
): void {
  const { name, control, option } = field;
  const missing = (): void => {
    if (field.required) report('This is needed');
  };
  switch (control) {
    case 'listen':
      if (typeof value !== 'string' || isIP(value) === 0) report('Say who may send');
      else options['host'] = value;
      return;
    case 'tls':
      writeTls(value, context, options, report);
      return;
    case 'clients':
      writeClients(value, context, options, report);
      return;
    case 'secret': {
      const placeholder = context.secret(name);
      if (placeholder === undefined) missing();
      else options[name] = placeholder;
      return;
    }
    case 'headers':
      writeHeaders(value, context, options, report);
      return;
    case 'pem': {
      const path = context.file(name);
      if (path === undefined) missing();
      else options[name] = path;
      return;
    }
    case 'switch':
      if (name === 'ssl_verification_mode') {
        if (value === false) options[name] = 'none';
        else if (option?.default !== 'full') options[name] = 'full';
      } else if (value !== (option?.default ?? false)) options[name] = value === true;
      return;
    case 'number': {
      if (value === undefined || value === '') {
        missing();
        return;
      }
      const number = Number(value);
      const isPort = name === 'port';
      const [min, max] = isPort ? [1, 65_535] : [option?.min ?? 0, option?.max ?? Number.MAX_SAFE_INTEGER];
      if (!Number.isFinite(number) || number < min || number > max || (isPort && !Number.isInteger(number)))
        report(
          max === Number.MAX_SAFE_INTEGER ? `A number from ${min} on` : `A number from ${min} to ${max}`,
        );
      else if (number !== option?.default || field.required || isPort) options[name] = number;
      return;
    }
    case 'list': {
      const list = (Array.isArray(value) ? value : [])
        .map((each) => String(each).trim())
        .filter((each) => each !== '');
      if (list.length === 0) {
        missing();
        return;
      }
      for (const each of list) checkText(each);
      options[name] = list;
      return;
    }
    case 'choice': {
      const text = String(value ?? '');
      if (!field.choices?.some((choice) => choice.value === text)) {
        report('Choose one');
        return;
      }
      if (name === 'codec') options[name] = { plugin: text };
      else if (text !== option?.default || option?.required === true) options[name] = text;
      return;
    }
    case 'text': {
      const text = String(value ?? '').trim();
      if (text === '') {
        missing();
        return;
      }
      checkText(text);
      if (name === 'url') checkUrl(text);
      if (text !== option?.default) options[name] = text;
    }
  }
}

/** @throws Error that says what is wrong */
function checkText(text: string): void {
  if (text.length > MAX_TEXT) throw new RangeError(`At most ${MAX_TEXT} characters`);
  if (CONTROL.test(text)) throw new RangeError('One line of text');
  quoted(text);
}

function checkUrl(text: string): void {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:'))
    throw new RangeError('An address that begins with https:// or http://');
  if (url.username !== '' || url.password !== '')
    throw new RangeError('Give the password as a request header, not in the address: there it can be read');
}

function writeTls(
  value: FieldValue | undefined,
  { certificate, file }: FormContext,
  options: Record<string, unknown>,
  report: (text: string) => void,
): void {
  if (value === 'off' || value === undefined) return;
  options['ssl_enabled'] = true;
  if (value === 'made') {
    options['ssl_certificate'] = certificate.certificate;
    options['ssl_key'] = certificate.key;
  } else {
    options['ssl_certificate'] = file(TLS_FILES.certificate);
    options['ssl_key'] = file(TLS_FILES.key);
    if (options['ssl_certificate'] === undefined || options['ssl_key'] === undefined)
      report('Give both, the certificate and its private key');
  }
}

/** Behind TLS: without it nobody can show a certificate. */
function writeClients(
  value: FieldValue | undefined,
  { certificate, file }: FormContext,
  options: Record<string, unknown>,
  report: (text: string) => void,
): void {
  if (options['ssl_enabled'] !== true || (value !== 'made' && value !== 'own')) return;
  const authority = value === 'made' ? certificate.authority : file(TLS_FILES.clients);
  if (authority === undefined) report('Give the certificate of the CA that signs those of the senders');
  options['ssl_client_authentication'] = 'required';
  options['ssl_certificate_authorities'] = authority === undefined ? undefined : [authority];
}

function writeHeaders(
  value: FieldValue | undefined,
  context: FormContext,
  options: Record<string, unknown>,
  report: (text: string) => void,
): void {
  const names = (Array.isArray(value) ? value : [])
    .map((each) => String(each).trim())
    .filter((each) => each !== '');
  const headers: Record<string, string> = {};
  for (const name of names) {
    try {
      validateHeaderName(name);
    } catch {
      report(`"${name.slice(0, 60)}" can not be the name of a header`);
      return;
    }
    const placeholder = context.secret(headerField(name));
    if (placeholder === undefined) {
      report(`The header ${name} needs a value`);
      return;
    }
    headers[name] = placeholder;
  }
  if (names.length > 0) options['headers'] = headers;
}

function checkPem(field: string, text: string, problems: FormProblem[]): void {
  const name = field.startsWith('tls.') ? 'tls' : field === TLS_FILES.clients ? 'clients' : field;
  try {
    if (field === TLS_FILES.key) createPrivateKey(text);
    else void new X509Certificate(text);
  } catch {
    problems.push({
      field: name,
      text:
        field === TLS_FILES.key
          ? 'That is no private key without a passphrase: it begins with -----BEGIN PRIVATE KEY-----'
          : 'That is no certificate: it begins with -----BEGIN CERTIFICATE-----',
    });
  }
}
