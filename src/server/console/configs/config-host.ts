/** What the console's editor needs of the process that it runs in: its configs, its secrets, and a reload. */
import type { EscapeStyle } from '../../../event/field-reference.ts';
import type { Diagnostic } from '../../../kernel/diagnostic.ts';
import type { Registry } from '../../../kernel/plugin.ts';
import type { Source } from '../../../lang/load.ts';
import type { Variables } from '../../../lang/variables.ts';

/** A pipeline as files and command line define it now; it need not run. */
export interface HostPipeline {
  readonly id: string;
  /** `path.config`: a file, a folder, a glob; undefined: its config is a text. */
  readonly path: string | undefined;
  readonly sources: readonly Source[];
  /** By their full names, with defaults. */
  readonly settings: Readonly<Record<string, unknown>>;
}

export interface HostConfiguration {
  readonly pipelines: readonly HostPipeline[];
  /** Of all files. */
  readonly diagnostics: readonly Diagnostic[];
  /** Texts by the names that diagnostics use, with secrets masked. */
  readonly sources: ReadonlyMap<string, string>;
  /** What a setting or pipelines.yml says that can not be used at all. */
  readonly problem?: string;
  /** pipelines.yml says which there are, so that a new one can be put there. */
  readonly fromPipelinesFile: boolean;
}

/** What a reload made of one pipeline. */
export interface ReloadedPipeline {
  readonly id: string;
  readonly outcome: 'started' | 'reloaded' | 'unchanged' | 'failed' | 'stopped';
  /** Why it failed. What ran before goes on. */
  readonly error?: string;
}

export interface ReloadReport {
  readonly pipelines: readonly ReloadedPipeline[];
  /** The config as a whole could not be used, and everything goes on as before. */
  readonly error?: string;
}

/** Names of secrets and new values; values never come back. All reject with a sentence. */
interface SecretHost {
  names(): Promise<readonly string[]>;
  set(name: string, value: string): Promise<void>;
  /** False: there was none. */
  remove(name: string): Promise<boolean>;
}

export interface ConfigHost {
  readonly registry: Registry;
  /** URL of the module that exports `registry`, for processes that try configs. */
  readonly registryUrl: string;
  readonly escapeStyle: EscapeStyle;
  /** `path.settings`, absolute. */
  readonly settingsFolder: string | undefined;
  /** `path.data`, absolute. */
  readonly dataPath: string;
  /**
   * Reads and checks everything, with `texts` (by absolute path) in the place of what files hold. Never rejects for
   * what files say.
   */
  read(texts?: ReadonlyMap<string, string>): Promise<HostConfiguration>;
  /** Brings the running pipelines to what the files say; `force`: those too whose config is the same. */
  reload(force?: ReadonlySet<string>): Promise<ReloadReport>;
  /** Pipelines that run now, by their ids. */
  running(): ReadonlySet<string>;
  /** Secrets and environment, for checks: never for what is shown. */
  variables(): Promise<Variables>;
  readonly secrets: SecretHost;
}
