/** All routes of the API. */
import type { Route } from './call.ts';
import { aliasRoutes } from './routes/aliases.ts';
import { analyzeRoutes } from './routes/analyze.ts';
import { bulkRoutes } from './routes/bulk.ts';
import { catRoutes } from './routes/cat.ts';
import { clusterRoutes } from './routes/cluster.ts';
import { documentRoutes } from './routes/documents.ts';
import { indexRoutes } from './routes/indices.ts';
import { ingestRoutes } from './routes/ingest.ts';
import { mappingRoutes } from './routes/mappings.ts';
import { millraceRoutes } from './routes/millrace.ts';
import { scrollRoutes } from './routes/scroll.ts';
import { searchRoutes } from './routes/search.ts';
import { securityRoutes } from './routes/security.ts';
import { snapshotRoutes } from './routes/snapshots.ts';
import { templateRoutes } from './routes/templates.ts';
import { unsupportedRoutes } from './routes/unsupported.ts';

export const routes: readonly Route[] = [
  ...unsupportedRoutes,
  ...clusterRoutes,
  ...bulkRoutes,
  ...documentRoutes,
  ...searchRoutes,
  ...scrollRoutes,
  ...indexRoutes,
  ...mappingRoutes,
  ...aliasRoutes,
  ...templateRoutes,
  ...ingestRoutes,
  ...catRoutes,
  ...securityRoutes,
  ...snapshotRoutes,
  ...analyzeRoutes,
  ...millraceRoutes,
];
