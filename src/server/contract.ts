/**
 * The console's API: the only file the UI may import, and only types of it. Each area has a table of routes; a handler
 * for each stands in `console/`, and `GET /api/openapi.json` describes them all.
 */
import type { z } from 'zod';
import { accountRoutes } from './contract/account.ts';
import { auditRoutes } from './contract/audit.ts';
import { configRoutes } from './contract/configs.ts';
import { deadLetterRoutes } from './contract/dead-letters.ts';
import { demoRoutes } from './contract/demo.ts';
import { eventRoutes } from './contract/events.ts';
import { integrationRoutes } from './contract/integrations.ts';
import { keyRoutes } from './contract/keys.ts';
import { pipelineRoutes } from './contract/pipelines.ts';
import { sessionRoutes } from './contract/session.ts';
import { storageRoutes } from './contract/storage.ts';
import { userRoutes } from './contract/users.ts';

export type { Role } from '../kernel/roles.ts';
export type { AccountView } from './contract/account.ts';
export type { AuditRecordView, AuditVerdict } from './contract/audit.ts';
export type {
  Applied,
  ConfigFile,
  ConfigVersion,
  Finding,
  PluginOption,
  PluginView,
  PreviewEvent,
  PreviewStep,
  Sample,
  TestResult,
} from './contract/configs.ts';
export type { Letter, LetterJob, LetterQueue } from './contract/dead-letters.ts';
export type { DemoView } from './contract/demo.ts';
export type {
  EventField,
  EventHit,
  EventQuery,
  FilterPill,
  SavedSearch,
} from './contract/events.ts';
export type {
  IntegrationCard,
  IntegrationDetail,
  IntegrationField,
  IntegrationItem,
  IntegrationTest,
  IntegrationWatch,
} from './contract/integrations.ts';
export type { KeyView } from './contract/keys.ts';
export type {
  Edge,
  HealthStatus,
  NodeNumbers,
  PipelineLive,
  PipelineSummary,
  TapAnswer,
  TapSample,
  Vertex,
} from './contract/pipelines.ts';
export type { SessionView } from './contract/session.ts';
export type {
  RetentionRuleView,
  SnapshotScheduleView,
  Storage,
  StorageGrowth,
  StorageJob,
  StoredIndex,
  StoredSnapshot,
} from './contract/storage.ts';
export type { UserView } from './contract/users.ts';

export const routes = {
  ...sessionRoutes,
  ...accountRoutes,
  ...userRoutes,
  ...keyRoutes,
  ...auditRoutes,
  ...eventRoutes,
  ...pipelineRoutes,
  ...deadLetterRoutes,
  ...storageRoutes,
  ...integrationRoutes,
  ...demoRoutes,
  ...configRoutes,
};
export type Routes = typeof routes;
export type RouteName = keyof Routes;

type Part<R, K extends string> =
  R extends Readonly<Record<K, infer T extends z.ZodType>> ? T : z.ZodUndefined;
/** What the client may leave out is optional. */
export type BodyOf<N extends RouteName> = z.input<Part<Routes[N], 'body'>>;
export type QueryOf<N extends RouteName> = z.input<Part<Routes[N], 'query'>>;
export type AnswerOf<N extends RouteName> = z.output<Part<Routes[N], 'answer'>>;

/** What handlers get: with defaults filled in. */
export type ParsedBody<N extends RouteName> = z.output<Part<Routes[N], 'body'>>;
export type ParsedQuery<N extends RouteName> = z.output<Part<Routes[N], 'query'>>;

/** Every error of the API. */
export interface ApiProblem {
  readonly error: string;
  /** For the UI to act on, e.g. `signed_out`, `query`, `not_found`. */
  readonly code: string;
  readonly position?: number;
  readonly hint?: string;
}
