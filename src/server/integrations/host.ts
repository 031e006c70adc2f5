/** What the page of sources and destinations needs of the process around it. */
import type { Engine } from '../../engine/engine.ts';
import type { PipelineSettings } from '../../engine/messages.ts';
import type { Logger } from '../../kernel/logger.ts';
import type { Registry } from '../../kernel/plugin.ts';
import type { NodeStats } from '../node-stats.ts';

export interface IntegrationHost {
  readonly engine: Engine;
  readonly registry: Registry;
  readonly stats: NodeStats;
  readonly logger: Logger;
  readonly dataPath: string;
  /** There is an event store of Millrace's own. */
  readonly hasStore: boolean;
  /** What is set up here runs in this process. */
  readonly runs: boolean;
  /** Settings as a pipeline without any of its own has them. */
  readonly settings: Pick<PipelineSettings, 'all' | 'dataPath'>;
  /** The keystore as it is now; undefined when there is none. */
  keystore(): Promise<((name: string) => string | undefined) | undefined>;
  /** Changes secrets; undefined takes one away. The keystore is made if there is none. @throws MillraceError */
  saveSecrets(changes: ReadonlyMap<string, string | undefined>): Promise<void>;
  /** Brings what runs to what the files say now. */
  reload(): Promise<{ readonly problem?: string; readonly failed: ReadonlyMap<string, string> }>;
  /** Pipelines that do not run as their files say, and why. */
  failed(): ReadonlyMap<string, string>;
}
