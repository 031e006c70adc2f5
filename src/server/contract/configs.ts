/** Configs: which files there are, what is wrong with them, what an edit would do, its application and its versions. */
import { z } from 'zod';
import { defineRoutes } from './route.ts';

const MAX_TEXT = 2_000_000;

/** Names a file: an id that the list gives, never a path. */
const fileId = z.string().regex(/^[0-9a-f]{16}$/);
const text = z.string().max(MAX_TEXT);
/** Of a file in one of the folders that the list gives. */
const fileName = z
  .string()
  .regex(
    /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$/,
    'a name takes letters, digits, ".", "_" and "-", and no folders',
  );
const comment = z.string().max(500).default('');

/** What is wrong, where, and how to mend it. Lines and columns from 1, columns in characters. */
const finding = z.object({
  /** Undefined: of what is none of these files. */
  file: fileId.optional(),
  name: z.string(),
  line: z.number(),
  column: z.number(),
  length: z.number(),
  severity: z.enum(['error', 'warning', 'lint']),
  message: z.string(),
  expected: z.string().optional(),
  found: z.string().optional(),
  hint: z.string().optional(),
});
export type Finding = z.infer<typeof finding>;

const configFile = z.object({
  id: fileId,
  name: z.string(),
  /** As configs and messages name it. */
  path: z.string(),
  /** custom: patterns, dictionaries, certificates and the like. */
  kind: z.enum(['pipeline', 'pipelines', 'test', 'custom']),
  /** Pipelines that read it. */
  pipelines: z.array(z.string()),
  bytes: z.number(),
  /** Milliseconds since the epoch. */
  modified: z.number(),
  /** Why it can not be changed here. */
  readOnly: z.string().optional(),
  /** A private key, say: what it holds is never shown. */
  secret: z.boolean().optional(),
  /** Of a custom file: where its path or name stands. */
  usedBy: z.array(z.object({ file: fileId, name: z.string(), line: z.number() })).optional(),
});
export type ConfigFile = z.infer<typeof configFile>;

const version = z.object({
  number: z.number(),
  time: z.number(),
  /** Undefined: it was found there, changed by other means. */
  user: z.string().optional(),
  comment: z.string(),
  /** found: as it was before the console changed it. */
  action: z.enum(['apply', 'roll back', 'found', 'delete']),
  /** refused: it did not start, and what was before stayed. */
  outcome: z.enum(['running', 'refused']),
  error: z.string().optional(),
  bytes: z.number(),
  /** It is what the file holds now. */
  current: z.boolean(),
});
export type ConfigVersion = z.infer<typeof version>;

/** Texts in the place of what files hold. */
const edits = z.array(z.object({ id: fileId, text })).max(50);

const reloaded = z.object({
  id: z.string(),
  outcome: z.enum(['started', 'reloaded', 'unchanged', 'failed', 'stopped']),
  error: z.string().optional(),
});

const applied = z.object({
  /** refused: it has errors, nothing was written. failed: it did not start, the file is as before. */
  outcome: z.enum(['applied', 'refused', 'failed']),
  pipelines: z.array(reloaded),
  findings: z.array(finding),
  error: z.string().optional(),
  /** Of what the file holds now. */
  hash: z.string(),
  version: z.number().optional(),
  id: fileId,
});
export type Applied = z.infer<typeof applied>;

const step = z.object({
  node: z.string(),
  name: z.string(),
  file: fileId.optional(),
  line: z.number(),
  outcome: z.enum(['matched', 'not matched', 'dropped', 'failed']),
  /** JSON texts. */
  changes: z.array(
    z.object({
      kind: z.enum(['added', 'removed', 'changed']),
      field: z.string(),
      before: z.string().optional(),
      after: z.string().optional(),
    }),
  ),
  /** Events that it made. */
  made: z.number(),
  /** Of an event that an earlier filter made. */
  ofMade: z.boolean(),
  error: z.string().optional(),
});
export type PreviewStep = z.infer<typeof step>;

/** `event`: JSON, `{"f": fields, "m": @metadata}`. */
const previewResult = z.object({ event: z.string(), outputs: z.array(z.string()) });

const previewEvent = z.object({
  given: z.string(),
  steps: z.array(step),
  /** None: it was dropped. */
  results: z.array(previewResult),
});
export type PreviewEvent = z.infer<typeof previewEvent>;

/** What goes in: raw records, or events as JSON, one behind the other or as a list. */
const sample = z.object({
  kind: z.enum(['lines', 'events']),
  text: z.string().max(1_000_000),
  /** Id or name of the input that reads the lines. */
  input: z.string().max(1024).optional(),
  /** Reads them instead, as a config says it: `json`, `plain { charset => "CP1252" }`. */
  codec: z.string().max(4096).optional(),
});
export type Sample = z.infer<typeof sample>;

const savedSample = z.object({ name: z.string().min(1).max(100), pipeline: z.string().max(1024), sample });
export type SavedSample = z.infer<typeof savedSample>;

const testResult = z.object({
  name: z.string(),
  line: z.number(),
  status: z.enum(['passed', 'failed', 'broken', 'skipped']),
  millis: z.number(),
  problems: z.array(
    z.object({
      message: z.string(),
      differences: z.array(
        z.object({
          kind: z.enum(['missing', 'unexpected', 'different']),
          field: z.string(),
          expected: z.string().optional(),
          actual: z.string().optional(),
        }),
      ),
    }),
  ),
  error: z.string().optional(),
});
export type TestResult = z.infer<typeof testResult>;

const testReport = z.object({
  files: z.array(
    z.object({
      file: fileId.optional(),
      name: z.string(),
      errors: z.array(z.string()),
      tests: z.array(testResult),
    }),
  ),
  passed: z.number(),
  failed: z.number(),
  skipped: z.number(),
  broken: z.number(),
  millis: z.number(),
});
export type TestReport = z.infer<typeof testReport>;

const option = z.object({
  name: z.string(),
  type: z.string(),
  description: z.string(),
  /** As a config writes it. */
  default: z.string().optional(),
  required: z.boolean().optional(),
  oneOf: z.array(z.union([z.string(), z.number()])).optional(),
  list: z.boolean().optional(),
  min: z.number().optional(),
  max: z.number().optional(),
  secret: z.boolean().optional(),
  /** Every plugin of the kind takes it. */
  common: z.boolean().optional(),
  deprecated: z.string().optional(),
});
export type PluginOption = z.infer<typeof option>;

const plugin = z.object({
  kind: z.enum(['input', 'filter', 'output', 'codec']),
  name: z.string(),
  summary: z.string(),
  options: z.array(option),
  example: z.string().optional(),
});
export type PluginView = z.infer<typeof plugin>;

const secretNames = z.object({
  names: z.array(z.object({ name: z.string(), usedBy: z.array(z.string()) })),
});

export const configRoutes = defineRoutes({
  'GET /api/configs': {
    summary: 'Pipelines and the files that can be edited',
    access: 'viewer',
    answer: z.object({
      files: z.array(configFile),
      pipelines: z.array(
        z.object({
          id: z.string(),
          path: z.string().optional(),
          files: z.array(fileId),
          /** Ids or names, for samples. */
          inputs: z.array(z.string()),
          /** A new file in its folder would be read. */
          takesFiles: z.boolean(),
        }),
      ),
      /** pipelines.yml can take more pipelines. */
      takesPipelines: z.boolean(),
      /** Where custom files are. */
      customFolder: z.string(),
      problem: z.string().optional(),
    }),
  },
  'GET /api/configs/files/:id': {
    summary: 'What a file holds',
    access: 'viewer',
    answer: z.object({
      id: fileId,
      text,
      hash: z.string(),
      /** Secrets in it are shown as asterisks, because of the role of who asks. */
      masked: z.boolean(),
      /** Its text is never shown. */
      secret: z.boolean(),
    }),
  },
  'POST /api/configs/check': {
    summary: 'What is wrong with an edit',
    access: 'analyst',
    body: z.object({ edits }),
    answer: z.object({ findings: z.array(finding), problem: z.string().optional(), millis: z.number() }),
  },
  'POST /api/configs/preview': {
    summary: 'What the filters of an edit do to sample events',
    access: 'analyst',
    body: z.object({ pipeline: z.string().max(1024), edits, sample, now: z.number().optional() }),
    answer: z.object({
      events: z.array(previewEvent),
      flushed: z.array(previewResult),
      findings: z.array(finding),
      error: z.string().optional(),
      millis: z.number(),
    }),
  },
  'POST /api/configs/files/:id/apply': {
    summary: 'Write a file and reload what it changes',
    access: 'operator',
    body: z.object({
      text,
      /** Hash of the text that was edited: a change by somebody else is not overwritten. */
      base: z.string(),
      comment,
      /** Number of the version that comes back. */
      rollback: z.number().optional(),
    }),
    answer: applied,
  },
  'POST /api/configs/files': {
    summary: 'Make a file',
    access: 'operator',
    body: z.object({
      kind: z.enum(['pipeline', 'test', 'custom']),
      name: fileName,
      text,
      comment,
      /** Kind pipeline: the one that the file belongs to, or a new one. Kind test: the one that it is beside. */
      pipeline: z.string().max(200).default(''),
      /** What is there is replaced. Custom files only. */
      replace: z.boolean().default(false),
      /** The text is the file's bytes in Base64. Custom files only. */
      base64: z.boolean().default(false),
    }),
    answer: applied,
  },
  'DELETE /api/configs/files/:id': {
    summary: 'Delete a file; its versions stay',
    access: 'operator',
    answer: applied,
  },
  'GET /api/configs/files/:id/versions': {
    summary: 'Earlier texts of a file, the newest first',
    access: 'viewer',
    answer: z.object({ versions: z.array(version) }),
  },
  'GET /api/configs/files/:id/versions/:number': {
    summary: 'The text of a version',
    access: 'viewer',
    answer: z.object({ text, masked: z.boolean() }),
  },
  'POST /api/configs/reload': {
    summary: 'Bring the running pipelines to what the files say',
    access: 'operator',
    answer: z.object({ pipelines: z.array(reloaded), error: z.string().optional() }),
  },
  'GET /api/configs/plugins': {
    summary: 'All plugins and their options',
    access: 'viewer',
    answer: z.object({ plugins: z.array(plugin) }),
  },
  'POST /api/configs/custom/check': {
    summary: 'What is wrong with a custom file, or with a list of them',
    access: 'operator',
    body: z.object({ name: z.string().max(200), text, list: z.boolean().default(false) }),
    answer: z.object({
      findings: z.array(finding),
      /** Of a list: the files in it. */
      files: z.array(z.object({ name: z.string(), bytes: z.number() })),
    }),
  },
  'POST /api/configs/custom/import': {
    summary: 'Make the files of a list: `- file_name: NAME` with `file_text: |`',
    access: 'operator',
    body: z.object({ text, comment }),
    answer: z.object({ files: z.array(z.string()), findings: z.array(finding) }),
  },
  'POST /api/configs/tests/run': {
    summary: 'Run config tests on an edit',
    access: 'analyst',
    body: z.object({ edits, files: z.array(fileId).optional() }),
    answer: testReport,
  },
  'POST /api/configs/tests/save': {
    summary: 'Save a sample, and what comes of it, as a config test',
    access: 'operator',
    body: z.object({
      pipeline: z.string().max(1024),
      edits,
      sample,
      name: z.string().min(1).max(200),
      /** An existing test file, or a new one beside the config. */
      file: fileId.optional(),
    }),
    answer: z.object({ file: fileId, name: z.string(), line: z.number() }),
  },
  'GET /api/configs/samples': {
    summary: 'Saved samples',
    access: 'analyst',
    answer: z.object({ samples: z.array(savedSample) }),
  },
  'PUT /api/configs/samples': {
    summary: 'Save a sample',
    access: 'analyst',
    body: savedSample,
    answer: z.object({ samples: z.array(savedSample) }),
  },
  'DELETE /api/configs/samples/:name': {
    summary: 'Delete a saved sample',
    access: 'analyst',
    answer: z.object({ samples: z.array(savedSample) }),
  },
  'GET /api/configs/secrets': {
    summary: 'Names in the keystore',
    access: 'operator',
    answer: secretNames,
  },
  'PUT /api/configs/secrets/:name': {
    summary: 'Set a secret; it is never read back',
    access: 'operator',
    body: z.object({ value: z.string().min(1).max(16_384) }),
    answer: secretNames,
  },
  'DELETE /api/configs/secrets/:name': {
    summary: 'Remove a secret',
    access: 'operator',
    answer: secretNames,
  },
});
