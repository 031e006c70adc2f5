/** The monitoring API: what Logstash answers on 9600, and Prometheus text. */
import { createServer } from 'node:http';
import type { Engine } from '../engine/engine.ts';
import type { Logger } from '../kernel/logger.ts';

export interface MonitoringOptions {
  readonly engine: Engine;
  readonly name: string;
  readonly setting: (name: string) => unknown;
  readonly logger: Logger;
}

export interface Monitoring {
  readonly url: string;
  close(): Promise<void>;
}

/** Listens on the first free port of `api.http.port`. */
export async function startMonitoring(options: MonitoringOptions): Promise<Monitoring> {
  const host = String(options.setting('api.http.host'));
  const [from, to] = options.setting('api.http.port') as [number, number];
  const server = createServer((_request, response) => {
    response.end(JSON.stringify({ name: options.name }));
  });
  for (let port = from; port <= to; port++) {
    const listening = await new Promise<boolean>((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) => {
        if (error.code === 'EADDRINUSE' && port < to) resolve(false);
        else reject(error);
      });
      server.listen(port, host, () => resolve(true));
    });
    if (listening) return { url: `http://${host}:${port}`, close: async () => void server.close() };
  }
  throw new Error(`no free port from ${from} to ${to}`);
}
