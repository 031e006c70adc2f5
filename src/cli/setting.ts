/** What is said of a setting. */

type SettingType =
  | 'string'
  | 'number'
  | 'boolean'
  | 'bytes'
  | 'duration'
  | 'path'
  | 'password'
  | 'ports'
  | 'hash';

export interface Setting {
  readonly type: SettingType;
  /** In the type that the program sees; undefined: unset. */
  readonly default?: unknown;
  readonly oneOf?: readonly string[];
  readonly description: string;
  /** Short flag (`-f`) and other long flags. */
  readonly flags?: readonly string[];
  /** May be set for one pipeline in pipelines.yml. */
  readonly perPipeline?: boolean;
  /** Accepted for compatibility; why it has no effect here. */
  readonly ignored?: string;
}
