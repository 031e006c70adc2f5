/** Turns forms into configs, with everything that is wrong with them: the form's own rules, and the plugin's. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkPipelines } from '../../lang/check.ts';
import type { GraphNode, PipelineGraph } from '../../lang/graph.ts';
import { destinationBody, sourceBody, type Target } from './body.ts';
import type { OfferedCard } from './fields.ts';
import type { IntegrationFile, IntegrationFiles } from './files.ts';
import { type Draft, type FilledForm, type FormProblem, fillForm } from './form.ts';
import type { IntegrationHost } from './host.ts';
import type { OwnCertificate } from './own-certificate.ts';

export interface Prepared {
  readonly form: FilledForm;
  /** The config; empty while it can not be written. */
  readonly body: string;
  readonly problems: readonly FormProblem[];
  /** The pipeline, where nothing is wrong. */
  readonly graph: PipelineGraph | undefined;
}

/** Name of a secret in the keystore. */
export const secretName = (id: string, field: string): string =>
  `INTEGRATION_${id}_${field}`.toUpperCase().replace(/[^A-Z0-9]/g, '_');

const KEEP = /^[a-z0-9][a-z0-9_.-]{0,100}$/;

export interface PrepareOptions {
  readonly host: IntegrationHost;
  readonly files: IntegrationFiles;
  readonly certificate: OwnCertificate;
  readonly card: OfferedCard;
  readonly id: string;
  /** What is there already. */
  readonly known: IntegrationFile | undefined;
  readonly draft: Draft;
  /** Of a source: destinations that are enabled. */
  readonly targets: readonly Target[];
  /** Certificates that are not saved yet lie here, and not where they will be. */
  readonly folder: string | undefined;
}

/** @returns the config of a form, whatever is wrong with it */
export async function prepare(options: PrepareOptions): Promise<Prepared> {
  const { host, files, certificate, card, id, known, draft, targets, folder } = options;
  const stored = new Set(known?.form?.secrets ?? []);
  const wanted = (field: string): string | undefined => draft.secrets[field] ?? undefined;
  const form = fillForm(card, draft, {
    secret: (field) =>
      wanted(field) !== undefined || (stored.has(field) && draft.secrets[field] !== null)
        ? `\${${secretName(id, field)}}`
        : undefined,
    file: (field) => {
      const given = draft.files[field];
      if (given === null) return undefined;
      if (given !== undefined)
        return folder === undefined ? files.attachment(id, field) : join(folder, field);
      return known && files.hasAttachment(id, field) ? files.attachment(id, field) : undefined;
    },
    certificate,
  });
  const problems = [...form.problems];
  if (card.kind === 'source' && draft.keep !== null && !KEEP.test(draft.keep))
    problems.push({ field: 'keep', text: 'Small letters, digits, - _ and . only' });
  let body = '';
  try {
    body =
      card.kind === 'source'
        ? sourceBody(
            id,
            card,
            { ...form.options, ...card.own?.(host.dataPath) },
            draft.keep ?? undefined,
            targets,
          )
        : destinationBody(id, card, form.options);
  } catch (error) {
    problems.push({ field: '', text: (error as Error).message });
  }
  if (problems.length > 0) return { form, body, problems, graph: undefined };
  const keystore = await host.keystore();
  const pending = new Map(
    Object.entries(draft.secrets).flatMap(([field, value]) =>
      value === null ? [] : [[secretName(id, field).toLowerCase(), value] as const],
    ),
  );
  const { pipelines, diagnostics } = await checkPipelines(
    [{ id, sources: [{ file: `${id}.conf`, text: body }], settings: host.settings.all }],
    host.registry,
    { keystore: (name) => pending.get(name.toLowerCase()) ?? keystore?.(name), environment: process.env },
  );
  const lines = body.split('\n');
  for (const { severity, line, message } of diagnostics) {
    if (severity !== 'error') continue;
    problems.push({ field: fieldOf(card, lines[line - 1] ?? ''), text: message });
  }
  return { form, body, problems, graph: pipelines[0]?.graph };
}

/** The field that a line of the config comes from. */
function fieldOf(card: OfferedCard, line: string): string {
  const option = /^\s*(\w+) =>/.exec(line)?.[1] ?? '';
  if (card.form.some(({ name }) => name === option)) return option;
  if (option === 'host') return 'listen';
  if (/^ssl_(?:client_authentication|certificate_authorities)$/.test(option) && has(card, 'clients'))
    return 'clients';
  return option.startsWith('ssl_') && card.form.some(({ name }) => name === 'tls') ? 'tls' : '';
}

const has = (card: OfferedCard, field: string): boolean => card.form.some(({ name }) => name === field);

/** Does something with the certificates of a draft in a folder that is gone afterwards. */
export async function withDraftFiles<T>(draft: Draft, work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-draft-'));
  try {
    mkdirSync(folder, { recursive: true });
    for (const [name, text] of Object.entries(draft.files))
      if (text !== null && /^[\w.]+$/.test(name)) writeFileSync(join(folder, name), text, { mode: 0o600 });
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The plugin that an integration is about. */
export function mainNode(card: OfferedCard, graph: PipelineGraph): GraphNode | undefined {
  if (card.kind === 'source') return graph.inputs.find(({ name }) => name === card.plugin);
  return graph.outputs.find((node): node is GraphNode => node.type === 'plugin' && node.name === card.plugin);
}
