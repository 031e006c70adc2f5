/** Pipelines that people set up on the console's page of sources and destinations, as the engine loads them. */
import { integrationFiles } from '../server/integrations/files.ts';
import type { Definition } from './configuration.ts';

/** Those that are enabled, in the order of their names. */
export function integrationDefinitions(dataPath: string): Definition[] {
  return integrationFiles(dataPath)
    .list()
    .filter(({ enabled }) => enabled)
    .map(({ id, file, text }) => ({
      id,
      values: { 'pipeline.id': id },
      loaded: { sources: [{ file, text }], diagnostics: [] },
      otherPort: 'choose another port on the page "Sources and destinations" of the console',
    }));
}
