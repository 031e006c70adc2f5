/** The demo in the console: what it is, and its end. */
import type { DemoView, demoRoutes } from '../contract/demo.ts';
import type { AuditEntry, HandlersOf } from './call.ts';

export interface DemoControl {
  view(): Promise<DemoView>;
  /** Ends it, and deletes what it has made, and nothing else. */
  remove(): Promise<void>;
}

export function demoHandlers(
  demo: DemoControl,
  audit: (entry: AuditEntry) => void,
): HandlersOf<keyof typeof demoRoutes> {
  return {
    'GET /api/demo': () => demo.view(),
    'DELETE /api/demo': async ({ caller, address }) => {
      const { indices } = await demo.view();
      await demo.remove();
      audit({
        action: 'demo.remove',
        user: caller!.name,
        address,
        outcome: 'success',
        details: { indices: indices.length },
      });
      return demo.view();
    },
  };
}
