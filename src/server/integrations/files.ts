/**
 * The folder of what people set up on the page of sources and destinations: a config file for each, which is one pipeline.
 * `NAME.conf` runs, `NAME.conf.disabled` does not. The third line of a file holds what the form was filled in with, and a
 * checksum of what follows: a file that somebody has edited is shown as it is, and never written over by a form.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { writeWhole } from '../../lib/files/write-whole.ts';

/** What a field of a form holds. Secrets and files are not among them. */
export type FieldValue = string | number | boolean | readonly string[];
export type FieldValues = Readonly<Record<string, FieldValue>>;

/** What a file says of itself. */
export interface IntegrationForm {
  /** Which kind of source or destination: the id of a card. */
  readonly card: string;
  readonly title: string;
  readonly values: FieldValues;
  /** Of a source: whether its events are kept in Millrace's own store, and in which index. */
  readonly keep?: string;
  /** Of a source: ids of the destinations that it sends to. */
  readonly destinations?: readonly string[];
  /** Names of the fields whose values are in the keystore. */
  readonly secrets?: readonly string[];
}

export interface IntegrationFile {
  /** Of the pipeline; also the name of the file. */
  readonly id: string;
  readonly enabled: boolean;
  /** Absolute path. */
  readonly file: string;
  readonly text: string;
  /** Undefined: a file that no form has made. */
  readonly form: IntegrationForm | undefined;
  /** Somebody has changed what the form wrote. */
  readonly edited: boolean;
}

const MARK = '# form: ';
const NAME = /^([a-z0-9][a-z0-9-]{0,62})\.conf(\.disabled)?$/;
const MAX_BYTES = 1 << 20;

const checksum = (body: string): string => createHash('sha256').update(body).digest('hex').slice(0, 16);

/** The whole text of a file. `body`: the config. */
export function integrationText(form: IntegrationForm, words: string, body: string): string {
  const line = JSON.stringify({ ...form, sum: checksum(body) });
  return `# ${form.title} (${words}): made on the page "Sources and destinations" of the console.\n# After a change by hand the form there is off; "Edit as text" stays.\n${MARK}${line}\n\n${body}`;
}

function formOf(text: string): { form: IntegrationForm; edited: boolean } | undefined {
  const start = text.startsWith(MARK) ? 0 : text.indexOf(`\n${MARK}`) + 1;
  if (!text.startsWith(MARK, start)) return undefined;
  const end = text.indexOf('\n', start);
  try {
    const { sum, ...form } = JSON.parse(text.slice(start + MARK.length, end)) as IntegrationForm & {
      sum: string;
    };
    if (typeof form.card !== 'string' || typeof form.title !== 'string') return undefined;
    return {
      form: { ...form, values: form.values ?? {} },
      edited: checksum(text.slice(end + 1).replace(/^\n/, '')) !== sum,
    };
  } catch {
    return undefined;
  }
}

export interface IntegrationFiles {
  /** Where they are. */
  readonly folder: string;
  list(): IntegrationFile[];
  read(id: string): IntegrationFile | undefined;
  /** Writes a file whole or not at all, enabled or not. */
  write(id: string, text: string, enabled: boolean): void;
  enable(id: string, enabled: boolean): void;
  remove(id: string): void;
  /** Where a certificate or key that belongs to one of them is, or would be. */
  attachment(id: string, name: string): string;
  hasAttachment(id: string, name: string): boolean;
  detach(id: string, name: string): void;
  attach(id: string, name: string, text: string): void;
}

/** Those of a data folder. Files are read anew at every call: people edit them. */
export function integrationFiles(dataPath: string): IntegrationFiles {
  const folder = resolve(dataPath, 'integrations');
  const attachments = join(folder, 'files');
  const path = (id: string, enabled: boolean): string =>
    join(folder, `${id}.conf${enabled ? '' : '.disabled'}`);
  const attachment = (id: string, name: string): string => join(attachments, `${id}.${name}`);

  const load = (name: string): IntegrationFile | undefined => {
    const [, id, disabled] = NAME.exec(name) ?? [];
    if (id === undefined) return undefined;
    const file = join(folder, name);
    try {
      const text = readFileSync(file, 'utf8');
      if (text.length > MAX_BYTES) return undefined;
      const known = formOf(text);
      return {
        id,
        enabled: disabled === undefined,
        file,
        text,
        form: known?.form,
        edited: known?.edited ?? true,
      };
    } catch {
      // A folder, or gone meanwhile.
      return undefined;
    }
  };
  const names = (directory: string): string[] => {
    try {
      return readdirSync(directory).sort();
    } catch {
      // Nobody has set up anything.
      return [];
    }
  };
  const list = (): IntegrationFile[] => {
    const byId = new Map<string, IntegrationFile>();
    for (const name of names(folder)) {
      const one = load(name);
      // If there are both, the one that runs counts.
      if (one && !byId.get(one.id)?.enabled) byId.set(one.id, one);
    }
    return [...byId.values()];
  };
  return {
    folder,
    list,
    read: (id) => load(`${id}.conf`) ?? load(`${id}.conf.disabled`),
    write(id, text, enabled) {
      writeWhole(path(id, enabled), text, { mode: 0o640, folderMode: 0o700 });
      rmSync(path(id, !enabled), { force: true });
    },
    enable(id, enabled) {
      renameSync(path(id, !enabled), path(id, enabled));
    },
    remove(id) {
      for (const enabled of [true, false]) rmSync(path(id, enabled), { force: true });
      for (const name of names(attachments))
        if (name.startsWith(`${id}.`)) rmSync(join(attachments, name), { force: true });
    },
    attachment,
    hasAttachment: (id, name) => existsSync(attachment(id, name)),
    detach: (id, name) => rmSync(attachment(id, name), { force: true }),
    attach: (id, name, text) => writeWhole(attachment(id, name), text, { mode: 0o600, folderMode: 0o700 }),
  };
}
