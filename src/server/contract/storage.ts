/** What the event store holds, for how long, copies of it, and when the disk is full. Times: milliseconds since the epoch. */
import { z } from 'zod';
import { defineRoutes } from './route.ts';

const health = z.enum(['green', 'yellow', 'red']);

const retentionRule = z.object({
  /** Names of indices or data streams, `*` for any text. */
  pattern: z.string().min(1).max(1024),
  /** Milliseconds. */
  maxAge: z.number().min(1).optional(),
  maxBytes: z.number().min(1).optional(),
  archiveAfter: z.number().min(1).optional(),
});

const ruleView = retentionRule.extend({
  /** From the settings file: it comes first, and is changed there. */
  isFixed: z.literal(true).optional(),
});
export type RetentionRuleView = z.infer<typeof ruleView>;

const storedIndex = z.object({
  name: z.string(),
  dataStream: z.string().optional(),
  health,
  created: z.number(),
  documents: z.number(),
  bytes: z.number(),
  archivedBytes: z.number(),
  /** Of its events. */
  earliest: z.number().optional(),
  latest: z.number().optional(),
  /** Pattern of the rule that holds for it. */
  rule: z.string().optional(),
  /** It is deleted at the next look, in a minute or so. */
  due: z.enum(['age', 'size']).optional(),
  deletesAt: z.number().optional(),
  archivesAt: z.number().optional(),
  /** It was brought back from the archive: no rule moves it there again. */
  isKeptHere: z.literal(true).optional(),
});
export type StoredIndex = z.infer<typeof storedIndex>;

const growth = z.object({
  /** By the day that they came, UTC; the last one is today. */
  days: z.array(z.object({ day: z.number(), bytes: z.number(), documents: z.number() })),
  perDay: z.number().optional(),
  documentsPerDay: z.number().optional(),
  /** Bytes of the store on its disk, a value a day from today on. */
  forecast: z.array(z.number()),
  fullAt: z.number().optional(),
  peak: z.number().optional(),
});
export type StorageGrowth = z.infer<typeof growth>;

const damaged = z.object({
  file: z.string(),
  reason: z.string(),
  index: z.string().optional(),
  documents: z.number().optional(),
});

const storageJob = z.object({
  id: z.string(),
  kind: z.enum(['snapshot', 'restore', 'snapshot_delete', 'archive', 'unarchive', 'verify']),
  /** What it is about, in words. */
  what: z.string(),
  state: z.enum(['running', 'done', 'failed']),
  /** What came of it, or why it failed. */
  result: z.string().optional(),
  started: z.number(),
  ended: z.number().optional(),
});
export type StorageJob = z.infer<typeof storageJob>;

const schedule = z.object({
  /** UTC. `02:30`: every day; `6h`: every six hours. */
  when: z.string().min(2).max(10),
  /** S3 prefix, or repository of a cluster; empty: the folder for snapshots. */
  place: z.string().max(1024),
  keep: z.number().int().min(1).max(10_000),
});

const scheduleView = schedule.extend({
  isFixed: z.literal(true).optional(),
  next: z.number(),
  last: z
    .object({
      target: z.string(),
      due: z.number(),
      started: z.number(),
      ended: z.number(),
      problem: z.string().optional(),
    })
    .optional(),
});
export type SnapshotScheduleView = z.infer<typeof scheduleView>;

const storage = z.object({
  driver: z.enum(['embedded', 'cluster']),
  health,
  problems: z.array(z.string()),
  documents: z.number(),
  bytes: z.number(),
  /** Not yet in segments. */
  unsealed: z.number(),
  segments: z.number(),
  freeBytes: z.number(),
  diskBytes: z.number().optional(),
  archive: z.object({ path: z.string(), bytes: z.number(), isThere: z.boolean() }).optional(),
  quarantined: z.array(damaged),
  tasks: z.array(z.object({ text: z.string(), done: z.number(), total: z.number() })),
  jobs: z.array(storageJob),
  schedule: scheduleView.optional(),
  indices: z.array(storedIndex),
  rules: z.array(ruleView),
  growth,
  /** The caller sees some indices only: so do all the numbers. */
  isPartial: z.boolean(),
});
export type Storage = z.infer<typeof storage>;

const snapshot = z.object({
  /** What a restore takes. */
  target: z.string(),
  name: z.string(),
  taken: z.number().optional(),
  documents: z.number().optional(),
  bytes: z.number(),
  indices: z.array(
    z.object({
      name: z.string(),
      documents: z.number().optional(),
      bytes: z.number().optional(),
      earliest: z.number().optional(),
      latest: z.number().optional(),
    }),
  ),
  problem: z.string().optional(),
});
export type StoredSnapshot = z.infer<typeof snapshot>;

const names = z.array(z.string().min(1).max(1024)).max(10_000);
const place = z.string().max(1024);

export const storageRoutes = defineRoutes({
  'GET /api/storage': {
    summary: 'Indices, sizes, retention, disk and forecast',
    access: 'viewer',
    answer: storage,
  },
  'POST /api/storage/retention/preview': {
    summary: 'What rules of retention would delete now, and what becomes of the disk',
    access: 'operator',
    body: z.object({ rules: z.array(retentionRule).max(200) }),
    answer: z.object({
      due: z.array(
        z.object({
          name: z.string(),
          bytes: z.number(),
          documents: z.number(),
          due: z.enum(['age', 'size']),
        }),
      ),
      /** Of each rule that was sent: what falls under it. */
      applies: z.array(z.object({ indices: z.number(), bytes: z.number() })),
      growth,
    }),
  },
  'PUT /api/storage/retention': {
    summary: 'Set the rules of retention; those of the settings file stay before them',
    access: 'operator',
    body: z.object({ rules: z.array(retentionRule).max(200) }),
    answer: z.object({}),
  },
  'DELETE /api/storage/indices/:name': {
    summary: 'Delete an index for good',
    access: 'administrator',
    /** Its name once more. */
    query: z.object({ confirm: z.string() }),
    answer: z.object({}),
  },
  'GET /api/storage/snapshots': {
    summary: 'Snapshots in the folder for them, or below an S3 prefix',
    access: 'operator',
    query: z.object({ place: place.default('') }),
    answer: z.object({ place: z.string(), snapshots: z.array(snapshot) }),
  },
  'POST /api/storage/snapshots': {
    summary: 'Make a snapshot: by a name in the folder for them; in S3 for administrators',
    access: 'operator',
    body: z.object({ target: place.min(1), indices: names.default([]) }),
    answer: z.object({ job: storageJob }),
  },
  'DELETE /api/storage/snapshots': {
    summary: 'Delete a snapshot for good',
    access: 'administrator',
    /** Its name once more. */
    query: z.object({ target: place.min(1), confirm: z.string() }),
    answer: z.object({ job: storageJob }),
  },
  'PUT /api/storage/schedule': {
    summary: 'Make snapshots by the clock, or no longer; in S3 for administrators',
    access: 'operator',
    body: z.object({ schedule: schedule.nullable() }),
    answer: z.object({}),
  },
  'POST /api/storage/restore': {
    summary: 'Bring indices of a snapshot back',
    access: 'administrator',
    body: z.object({
      target: place.min(1),
      indices: names.default([]),
      /** Before the names they had. */
      prefix: z.string().max(100).default(''),
    }),
    answer: z.object({ job: storageJob }),
  },
  'POST /api/storage/archive': {
    summary: 'Move indices to the archive now',
    access: 'operator',
    body: z.object({ indices: names.min(1) }),
    answer: z.object({ job: storageJob }),
  },
  'POST /api/storage/unarchive': {
    summary: 'Bring indices back from the archive',
    access: 'operator',
    body: z.object({ indices: names.min(1) }),
    answer: z.object({ job: storageJob }),
  },
  'POST /api/storage/verify': {
    summary: 'Read every file again and compare it with its checksums',
    access: 'operator',
    answer: z.object({ job: storageJob }),
  },
});
