/**
 * The patterns that come with grok under the names of Logstash's two sets, `legacy` (ECS disabled) and `ecs-v1`.
 * Both are written in one table, since most patterns differ in their field names only.
 */
import type { EcsMode } from '../../kernel/plugin.ts';
import type { GrokPatterns } from './expand.ts';
import { appliances } from './stock/appliances.ts';
import { aws } from './stock/aws.ts';
import { bacula } from './stock/bacula.ts';
import { cisco } from './stock/cisco.ts';
import { core } from './stock/core.ts';
import { haproxy } from './stock/haproxy.ts';
import { httpd } from './stock/httpd.ts';
import { nagios } from './stock/nagios.ts';
import { programs } from './stock/programs.ts';
import { syslog } from './stock/syslog.ts';
import { zeek } from './stock/zeek.ts';

/**
 * Definitions by name. `«a‖b»` is `a` in the legacy set and `b` in ECS v1; a name with the prefix `legacy:` or
 * `ecs:` is in that set only.
 */
export type StockTable = Readonly<Record<string, string>>;

type StockSet = 'legacy' | 'ecs';

const made = new Map<StockSet, GrokPatterns>();

/** All patterns of the set for an ECS mode. The same object each time. */
export function stockPatterns(ecs: EcsMode): GrokPatterns {
  const set = ecs === 'disabled' ? 'legacy' : 'ecs';
  let patterns = made.get(set);
  if (!patterns) {
    const tables = [core, syslog, httpd, aws, bacula, haproxy, programs, cisco, appliances, nagios, zeek];
    patterns = Object.fromEntries(tables.flatMap((table) => entriesOf(table, set)));
    made.set(set, patterns);
  }
  return patterns;
}

function entriesOf(table: StockTable, set: StockSet): [string, string][] {
  return Object.entries(table).flatMap(([key, text]): [string, string][] => {
    const [, only, name] = /^(?:(legacy|ecs):)?(\w+)$/.exec(key)!;
    return only === undefined || only === set ? [[name!, choose(text, set)]] : [];
  });
}

/** The text with each `«legacy‖ecs»` replaced by the side that is wanted. */
const choose = (text: string, set: StockSet): string =>
  text.replace(/«(.*?)‖(.*?)»/gs, (_, legacy: string, ecs: string) => (set === 'legacy' ? legacy : ecs));
