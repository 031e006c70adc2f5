/** The demo: invented events that play through the default listeners. */
import { z } from 'zod';
import { defineRoutes } from './route.ts';

const demoView = z.object({
  /** `left`: nothing plays any more, and what was played is still there. */
  state: z.enum(['none', 'playing', 'left']),
  /** Of the hours before the start, 0 to 1. */
  filled: z.number(),
  /** Messages sent since the start. */
  sent: z.number(),
  indices: z.array(z.string()),
  /** What its listeners do not take. */
  problem: z.string().optional(),
});
export type DemoView = z.infer<typeof demoView>;

export const demoRoutes = defineRoutes({
  'GET /api/demo': {
    summary: 'Whether a demo plays, or has left events',
    access: 'viewer',
    answer: demoView,
  },
  'DELETE /api/demo': {
    summary: 'End the demo and delete its pipelines, events and dead letters',
    access: 'administrator',
    answer: demoView,
  },
});
