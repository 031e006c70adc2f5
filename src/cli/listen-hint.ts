/** For a port that is in use: who holds it, as far as /proc tells, and what to change. */
import type { PipelineError } from '../engine/pipeline-status.ts';
import type { GraphNode } from '../lang/graph.ts';
import { portOwner } from '../lib/net/port-owner.ts';

/** A clause to append to `listen EADDRINUSE …`; empty for other errors. `otherPort` says how to change the port. */
export function listenHint(
  error: PipelineError,
  node: GraphNode,
  otherPort = 'set another port => … of this input',
): string {
  const port = Number(node.options['port']);
  if (error.cause_code === 'EACCES')
    return `. Ports below 1024 need root or CAP_NET_BIND_SERVICE: ${otherPort}`;
  if (error.cause_code !== 'EADDRINUSE' || !port) return '';
  const owner = portOwner(port);
  return `. Port ${port} is in use${owner ? ` by ${owner}` : ''}: end that, or ${otherPort}`;
}
