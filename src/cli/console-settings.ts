/** Whether there is a console: asked before anything of it is loaded. */
import type { ProcessSettings } from './configuration.ts';

/** As set, or because it is `millrace up`. */
export function wantsConsole(settings: ProcessSettings, byDefault: boolean): boolean {
  const enabled = settings.get<string>('console.enabled');
  return enabled === 'auto' ? byDefault : enabled === 'true';
}
