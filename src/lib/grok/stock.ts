/** The patterns that come with grok: `legacy` (ECS disabled) and `ecs-v1`. */
import type { EcsMode } from '../../kernel/plugin.ts';
import type { GrokPatterns } from './expand.ts';

export function stockPatterns(_ecs: EcsMode): GrokPatterns {
  return {};
}
