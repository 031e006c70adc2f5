/** Sources and destinations: what can be set up, what is, how it is, and whether it works. */
import { z } from 'zod';
import { defineRoutes } from './route.ts';

const fieldValue = z.union([z.string(), z.number(), z.boolean(), z.array(z.string())]);

const integrationField = z.object({
  name: z.string(),
  label: z.string(),
  help: z.string().optional(),
  control: z.enum([
    'text',
    'number',
    'switch',
    'choice',
    'secret',
    'list',
    'headers',
    'pem',
    'listen',
    'tls',
    'clients',
  ]),
  required: z.boolean(),
  /** Behind "More options". */
  advanced: z.boolean(),
  placeholder: z.string().optional(),
  preset: fieldValue.optional(),
  choices: z.array(z.object({ value: z.string(), label: z.string() })).optional(),
});
export type IntegrationField = z.infer<typeof integrationField>;

const kind = z.enum(['source', 'destination']);

/** Something that can be set up. */
const integrationCard = z.object({
  id: z.string(),
  kind,
  /** "Receive syslog" */
  title: z.string(),
  words: z.string(),
  /** Beginning of index names, as a proposal. */
  keep: z.string().optional(),
  fields: z.array(integrationField),
  /** It can send itself a message, or one to the other side. */
  tests: z.boolean(),
});
export type IntegrationCard = z.infer<typeof integrationCard>;

const reference = z.object({ id: z.string(), title: z.string() });

const integrationItem = z.object({
  id: z.string(),
  kind,
  card: z.string(),
  title: z.string(),
  /** What it does: "Receive syslog". */
  words: z.string(),
  /** Set up here; otherwise it comes from a config file or the command line. */
  managed: z.boolean(),
  /** Its file was changed by hand: there is no form. */
  edited: z.boolean(),
  /** Where it comes from, if not from here. */
  origin: z.string().optional(),
  pipeline: z.string(),
  state: z.enum(['receiving', 'quiet', 'waiting', 'warning', 'failing', 'disabled']),
  /** Of trouble: the real error. */
  problem: z.string().optional(),
  /** Milliseconds since the epoch. */
  since: z.number().optional(),
  /** Events a second. */
  rate: z.number(),
  /** Since it was started. */
  total: z.number(),
  /** Of the last event since then. */
  last: z.number().optional(),
  /** Of a destination: events that wait on the disk for it. */
  queued: z.number().optional(),
  /** "port 5514, this computer only", "https://siem.example" */
  place: z.string().optional(),
  tls: z.boolean().optional(),
  /** Of a source: where its events go. Of a destination: what comes to it. */
  others: z.array(reference),
  /** Of a source: beginning of its indices in Millrace's own store. */
  keep: z.string().optional(),
});
export type IntegrationItem = z.infer<typeof integrationItem>;

const snippet = z.object({ title: z.string(), words: z.string(), text: z.string() });

const integrationDetail = z.object({
  item: integrationItem,
  /** Undefined: made by hand, or elsewhere. */
  form: z
    .object({
      values: z.record(z.string(), fieldValue),
      keep: z.string().nullable(),
      others: z.array(z.string()),
      /** Fields whose secrets are kept; they are not shown. */
      secrets: z.array(z.string()),
      /** Fields with a certificate or key. */
      files: z.array(z.string()),
    })
    .optional(),
  /** The config, with secrets masked. */
  config: z.string(),
  file: z.string().optional(),
  snippets: z.array(snippet),
  /** The other side needs the CA certificate. */
  authority: z.boolean(),
  /** Senders need a certificate that is issued here. */
  clients: z.boolean(),
  tests: z.boolean(),
});
export type IntegrationDetail = z.infer<typeof integrationDetail>;

const MAX_TEXT = 65_536;
const fieldName = z.string().min(1).max(128);

const integrationDraft = z.object({
  card: z.string().max(64),
  title: z.string().max(80),
  values: z.record(
    fieldName,
    z.union([z.string().max(MAX_TEXT), z.number(), z.boolean(), z.array(z.string().max(4096)).max(200)]),
  ),
  /** New secrets by field; null takes one away; those that are not named stay. */
  secrets: z.record(fieldName, z.string().min(1).max(MAX_TEXT).nullable()).default({}),
  /** The same for certificates and keys, as PEM. */
  files: z.record(fieldName, z.string().min(1).max(MAX_TEXT).nullable()).default({}),
  keep: z.string().max(128).nullable().default(null),
  others: z.array(z.string().max(64)).max(200).default([]),
});

const formProblem = z.object({ field: z.string(), text: z.string() });

const integrationTest = z.object({
  /** One for each message that was sent. */
  results: z.array(
    z.object({
      /** Of a destination: the source that the message is like. */
      title: z.string(),
      ok: z.boolean(),
      /** What the other side answered, or the real error. */
      text: z.string(),
      milliseconds: z.number(),
    }),
  ),
});
export type IntegrationTest = z.infer<typeof integrationTest>;

const integrationWatch = z.object({
  item: integrationItem,
  /** The newest event that came while somebody looked on, as JSON: `{"f": fields, "m": @metadata}`. */
  event: z.string().optional(),
  /** Connections that were seen at its port; undefined: that is not known. */
  connections: z.number().optional(),
  /** What to look at, when nothing comes. */
  advice: z.array(z.string()),
});
export type IntegrationWatch = z.infer<typeof integrationWatch>;

const list = z.object({ items: z.array(integrationItem) });

export const integrationRoutes = defineRoutes({
  'GET /api/integrations': {
    summary: 'What can be set up as source or destination, and what is',
    access: 'viewer',
    answer: z.object({
      cards: z.array(integrationCard),
      items: z.array(integrationItem),
      /** There is an event store of Millrace's own. */
      store: z.boolean(),
      /** This process runs what is set up here. */
      runs: z.boolean(),
      /** Names and addresses of this computer. */
      addresses: z.array(z.string()),
    }),
  },
  'GET /api/integrations/live': {
    summary: 'How all sources and destinations are, every second',
    access: 'viewer',
    stream: 'events',
    answer: list,
  },
  'GET /api/integrations/authority': {
    summary: 'The certificate of the authority that made the certificates of sources',
    access: 'viewer',
    stream: 'download',
    answer: z.unknown(),
  },
  'POST /api/integrations/check': {
    summary: 'What is wrong with a form, the config that it makes, and what to set at the other side',
    access: 'operator',
    body: z.object({ id: z.string().max(64).optional(), draft: integrationDraft }),
    answer: z.object({
      problems: z.array(formProblem),
      /** Why its port can not be opened; undefined: it is free, or there is none. */
      port: z.string().optional(),
      /** A port near it that is free. */
      freePort: z.number().optional(),
      config: z.string(),
    }),
  },
  'POST /api/integrations/test': {
    summary:
      'Send a test message with a form that is not saved: to a destination, one for each of its sources',
    access: 'operator',
    body: z.object({ id: z.string().max(64).optional(), draft: integrationDraft }),
    answer: integrationTest,
  },
  'POST /api/integrations': {
    summary: 'Set up a source or destination, and start it',
    access: 'operator',
    body: integrationDraft,
    answer: integrationDetail,
  },
  'GET /api/integrations/:id': {
    summary: 'A source or destination with its form, and what to set at the other side',
    access: 'viewer',
    answer: integrationDetail,
  },
  'PUT /api/integrations/:id': {
    summary: 'Change a source or destination',
    access: 'operator',
    body: integrationDraft,
    answer: integrationDetail,
  },
  'DELETE /api/integrations/:id': {
    summary: 'Stop a source or destination and delete it, with its secrets',
    access: 'operator',
    answer: z.object({}),
  },
  'POST /api/integrations/:id/enabled': {
    summary: 'Disable or enable a source or destination',
    access: 'operator',
    body: z.object({ enabled: z.boolean() }),
    answer: integrationDetail,
  },
  'POST /api/integrations/:id/certificate': {
    summary: 'Issue a certificate with its key for a sender that must show one; nothing of it is kept',
    access: 'operator',
    body: z.object({
      /** Name of the sender. */
      name: z
        .string()
        .max(64)
        .regex(/^[A-Za-z0-9_][A-Za-z0-9._-]*$/, 'letters, digits, dots, - and _ only'),
    }),
    answer: z.object({
      /** PEM, all of them. */
      certificate: z.string(),
      key: z.string(),
      authority: z.string(),
      /** Milliseconds since the epoch. */
      expires: z.number(),
    }),
  },
  'POST /api/integrations/:id/test': {
    summary: 'Send a test message: to itself through its socket, or to the other side',
    access: 'operator',
    answer: integrationTest,
  },
  'GET /api/integrations/:id/watch': {
    summary: 'Wait for the first event of a source, with advice when none comes',
    access: 'operator',
    stream: 'events',
    answer: integrationWatch,
  },
});
