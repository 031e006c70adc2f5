/** Events that were refused: browse, mend, replay, drop. */
import { z } from 'zod';
import { tapSample } from './pipelines.ts';
import { defineRoutes } from './route.ts';

/** Which letters are meant; all conditions hold at once. */
const letterFilter = z.object({
  /** Text in the reason or the event, without regard to case. */
  text: z.string().max(1024).default(''),
  /** Id of the plugin. */
  plugin: z.string().max(1024).default(''),
  /** Milliseconds since the epoch. */
  from: z.coerce.number().optional(),
  to: z.coerce.number().optional(),
});
export type LetterFilter = z.input<typeof letterFilter>;

const ref = z.string().max(128);

const letter = z.object({
  /** Names it until it is dropped. */
  ref,
  time: z.number(),
  pluginKind: z.string(),
  pluginName: z.string(),
  pluginId: z.string(),
  reason: z.string(),
  /** JSON, `{"f": fields, "m": @metadata}`; only the beginning if `cut`. */
  event: z.string(),
  cut: z.boolean(),
});
export type Letter = z.infer<typeof letter>;

const letterQueue = z.object({
  pipeline: z.string(),
  /** It runs, so that letters can be sent through it again. */
  running: z.boolean(),
  entries: z.number(),
  bytes: z.number(),
  damaged: z.number(),
  oldest: z.string().optional(),
  newest: z.string().optional(),
  /** The most frequent first. */
  reasons: z.array(z.object({ count: z.number(), plugin: z.string(), reason: z.string() })),
});
export type LetterQueue = z.infer<typeof letterQueue>;

const letterJob = z.object({
  id: z.string(),
  kind: z.enum(['replay', 'drop']),
  pipeline: z.string(),
  state: z.enum(['collecting', 'running', 'done', 'failed', 'cancelled']),
  /** Letters that it is about, as far as they are counted. */
  total: z.number(),
  done: z.number(),
  /** Of a replay: refused once more, and dead letters again. */
  refused: z.number(),
  /** What it waits for, or why it failed. */
  problem: z.string().optional(),
  started: z.number(),
});
export type LetterJob = z.infer<typeof letterJob>;

/** Some letters, or all that a filter lets through. */
const chosen = { refs: z.array(ref).max(1000).optional(), filter: letterFilter.optional() };

export const deadLetterRoutes = defineRoutes({
  'GET /api/dead-letters': {
    summary: 'Dead letter queues, and what is being done with them',
    access: 'operator',
    answer: z.object({ queues: z.array(letterQueue), jobs: z.array(letterJob) }),
  },
  'GET /api/dead-letters/:pipeline': {
    summary: 'A page of dead letters, the newest segment first',
    access: 'operator',
    query: letterFilter.extend({
      size: z.coerce.number().int().min(1).max(500).default(50),
      /** Of the page before. */
      after: ref.optional(),
    }),
    answer: z.object({
      letters: z.array(letter),
      next: ref.optional(),
      /** So many were looked at for this page. */
      scanned: z.number(),
    }),
  },
  'GET /api/dead-letters/:pipeline/letter': {
    summary: 'One dead letter, whole',
    access: 'operator',
    query: z.object({ ref }),
    answer: z.object({ letter }),
  },
  'POST /api/dead-letters/:pipeline/preview': {
    summary: 'What the filters of the pipeline make of events',
    access: 'operator',
    body: z.object({
      /** JSON objects; `@metadata` may be one of their fields. */
      events: z
        .array(z.string().max(1 << 20))
        .min(1)
        .max(20),
    }),
    answer: z.object({ samples: z.array(tapSample), problem: z.string().optional() }),
  },
  'POST /api/dead-letters/:pipeline/replay': {
    summary: 'Send dead letters through the filters and outputs of their pipeline',
    access: 'operator',
    body: z.object({
      ...chosen,
      /** Of one letter: the event in its place, a JSON object. */
      event: z
        .string()
        .max(1 << 20)
        .optional(),
      /** Drop them from the queue when they are delivered. */
      drop: z.boolean().default(true),
    }),
    answer: z.object({ job: letterJob }),
  },
  'POST /api/dead-letters/:pipeline/drop': {
    summary: 'Drop dead letters for good',
    access: 'operator',
    body: z.object(chosen),
    answer: z.object({ job: letterJob }),
  },
  'DELETE /api/dead-letters/jobs/:id': {
    summary: 'Cancel what is being done; what is not delivered stays',
    access: 'operator',
    answer: z.object({}),
  },
  'GET /api/queues/:pipeline': {
    summary: 'What is in the files of a persisted queue',
    access: 'operator',
    answer: z.object({
      folder: z.string(),
      persisted: z.boolean(),
      segments: z.array(
        z.object({
          name: z.string(),
          bytes: z.number(),
          blocks: z.number(),
          waitingBlocks: z.number(),
          waitingEvents: z.number(),
          damaged: z.number(),
        }),
      ),
      waitingEvents: z.number(),
      waitingBytes: z.number(),
      oldest: z.number().optional(),
      newest: z.number().optional(),
      /** By input. */
      sources: z.array(z.object({ input: z.string(), events: z.number(), blocks: z.number() })),
      damagedAcks: z.number(),
      setAside: z.array(z.string()),
    }),
  },
});
