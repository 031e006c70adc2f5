/** The monitoring API: what Logstash answers on 9600, and Prometheus text at `/metrics`. */
import { randomUUID, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { arch, availableParallelism, hostname, release } from 'node:os';
import type { Engine, PipelineStatus } from '../engine/engine.ts';
import { MillraceError } from '../kernel/errors.ts';
import { type Level, type Logger, levels } from '../kernel/logger.ts';
import type { Secret } from '../kernel/options.ts';
import { healthReport } from './health-report.ts';
import { NodeStats } from './node-stats.ts';
import { graphView } from './pipeline-graph.ts';
import { prometheusText } from './prometheus.ts';

export interface MonitoringOptions {
  readonly engine: Engine;
  readonly name: string;
  readonly version: string;
  /** Settings by name. */
  readonly setting: (name: string) => unknown;
  readonly logger: Logger;
  readonly logLevel: { get(): Level; set(level: Level): void };
  /** Every bundled plugin, as `logstash-filter-grok`. */
  readonly plugins: readonly string[];
}

export interface Monitoring {
  readonly url: string;
  close(): Promise<void>;
}

/** Listens on the first free port of `api.http.port`. @throws with a sentence when there is none */
export async function startMonitoring(options: MonitoringOptions): Promise<Monitoring> {
  const api = new MonitoringApi(options);
  const host = String(options.setting('api.http.host'));
  const [from, to] = options.setting('api.http.port') as [number, number];
  const secure = options.setting('api.ssl.enabled') === true;
  const listener: RequestListener = (request, response) => void api.answer(request, response);
  const server = secure ? createTlsServer(tlsOf(options), listener) : createServer(listener);
  server.unref();
  for (let port = from; port <= to; port++) {
    const error = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
      server.once('error', resolve);
      server.listen(port, host, () => {
        server.removeListener('error', resolve);
        resolve(undefined);
      });
    });
    if (!error) {
      const address = server.address() as { port: number };
      api.address = `${host}:${address.port}`;
      return {
        url: `${secure ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${address.port}`,
        close: async () => {
          api.close();
          server.closeAllConnections();
          await new Promise((resolve) => server.close(resolve));
        },
      };
    }
    if (error.code !== 'EADDRINUSE') throw error;
  }
  throw new MillraceError('ERR_LISTEN', `no free port from ${from} to ${to}: set another api.http.port`);
}

function tlsOf(options: MonitoringOptions): { pfx: Buffer; passphrase: string } {
  const path = options.setting('api.ssl.keystore.path');
  if (path === undefined)
    throw new MillraceError('ERR_SETTING', 'api.ssl.enabled needs api.ssl.keystore.path');
  return {
    pfx: readFileSync(String(path)),
    passphrase: (options.setting('api.ssl.keystore.password') as Secret | undefined)?.reveal() ?? '',
  };
}

class NotFound extends Error {}

class MonitoringApi {
  readonly #options: MonitoringOptions;
  readonly #stats: NodeStats;
  readonly #id = randomUUID();
  readonly #initialLevel: Level;
  /** Where it listens, as `host:port`. */
  address = '';

  constructor(options: MonitoringOptions) {
    this.#options = options;
    this.#stats = new NodeStats(options.engine);
    this.#initialLevel = options.logLevel.get();
  }

  close(): void {
    this.#stats.close();
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const path = url.pathname.replace(/\/+$/, '') || '/';
    const send = (status: number, body: unknown): void => {
      const text =
        typeof body === 'string'
          ? body
          : JSON.stringify(body, undefined, url.searchParams.has('pretty') ? 2 : undefined);
      const type = typeof body === 'string' ? 'text/plain; version=0.0.4; charset=utf-8' : 'application/json';
      response.writeHead(status, {
        'content-type': type,
        'x-content-type-options': 'nosniff',
        'content-length': Buffer.byteLength(text),
      });
      response.end(request.method === 'HEAD' ? undefined : text);
    };
    try {
      if (!this.#authorised(request)) {
        response.setHeader('www-authenticate', 'Basic realm="logstash-api"');
        return send(401, { path, status: 401, error: { message: 'Unauthorized' } });
      }
      if (request.method === 'PUT' && path.startsWith('/_node/logging'))
        return send(200, await this.#setLogging(request, path));
      if (request.method !== 'GET' && request.method !== 'HEAD')
        return send(405, { path, status: 405, error: { message: 'Method Not Allowed' } });
      const waited = await this.#waitForStatus(url);
      if (waited === false)
        return send(408, { path, status: 408, error: { message: 'timed-out waiting for status' } });
      await this.#stats.refresh();
      send(200, this.#route(path, url));
    } catch (error) {
      if (error instanceof NotFound)
        return send(404, { path, status: 404, error: { message: error.message || 'Not Found' } });
      if (error instanceof BadRequest)
        return send(400, { path, status: 400, error: { message: error.message } });
      this.#options.logger.error({ path }, `monitoring API: ${(error as Error).message}`);
      send(500, { path, status: 500, error: { message: 'Internal Server Error' } });
    }
  }

  #authorised(request: IncomingMessage): boolean {
    const { setting } = this.#options;
    if (setting('api.auth.type') !== 'basic') return true;
    const expected = `${setting('api.auth.basic.username')}:${(setting('api.auth.basic.password') as Secret | undefined)?.reveal() ?? ''}`;
    const given = Buffer.from((request.headers.authorization ?? '').replace(/^Basic /i, ''), 'base64');
    const wanted = Buffer.from(expected);
    return given.length === wanted.length && timingSafeEqual(given, wanted);
  }

  /** `?wait_for_status=green&timeout=1s`: false when the time is over first. */
  async #waitForStatus(url: URL): Promise<boolean> {
    const wanted = url.searchParams.get('wait_for_status');
    if (wanted === null) return true;
    const match = /^(\d+)(ms|s|m)?$/.exec(url.searchParams.get('timeout') ?? '');
    if (!['green', 'yellow', 'red'].includes(wanted))
      throw new BadRequest(`Invalid status '${wanted}' provided. The valid statuses are: green, yellow, red`);
    if (!match) throw new BadRequest('wait_for_status needs a timeout such as timeout=10s');
    const until =
      Date.now() +
      Math.min(300_000, Number(match[1]) * ({ ms: 1, s: 1000, m: 60_000 }[match[2] ?? 's'] ?? 1000));
    const good =
      wanted === 'green' ? ['green'] : wanted === 'yellow' ? ['green', 'yellow'] : ['green', 'yellow', 'red'];
    for (;;) {
      if (good.includes(healthReport(this.#options.engine, this.#stats).status)) return true;
      if (Date.now() >= until) return false;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  #header(): Record<string, unknown> {
    const { engine, name, version } = this.#options;
    const first = [...engine.pipelines.values()][0]?.config.settings;
    return {
      host: hostname(),
      version,
      http_address: this.address,
      id: this.#id,
      name,
      ephemeral_id: this.#id,
      snapshot: false,
      status: healthReport(engine, this.#stats).status,
      pipeline: {
        workers: first?.workers ?? availableParallelism(),
        batch_size: first?.batchSize ?? 125,
        batch_delay: first?.batchDelay ?? 50,
      },
    };
  }

  #route(path: string, url: URL): unknown {
    const { engine, plugins } = this.#options;
    const header = this.#header();
    const parts = path.split('/').slice(1);
    if (path === '/') return { ...header, build_date: '', build_sha: '', build_snapshot: false };
    if (path === '/metrics') return prometheusText(engine, this.#stats);
    if (path === '/_health_report') return { ...header, ...healthReport(engine, this.#stats) };
    if (path === '/_stats') return this.#nodeStats(header, undefined, url);
    if (parts[0] !== '_node') throw new NotFound();
    switch (parts[1]) {
      case undefined:
        return {
          ...header,
          pipelines: this.#pipelineInfos(undefined, url),
          os: this.#os(),
          jvm: this.#jvm(),
        };
      case 'stats':
        return this.#nodeStats(header, parts.slice(2), url);
      case 'pipelines':
        return { ...header, pipelines: this.#pipelineInfos(parts[2], url) };
      case 'os':
        return { ...header, os: this.#os() };
      case 'jvm':
        return { ...header, jvm: this.#jvm() };
      case 'plugins':
        return {
          ...header,
          total: plugins.length,
          plugins: plugins.map((plugin) => ({ name: plugin, version: this.#options.version })),
        };
      case 'logging':
        return { ...header, loggers: { logstash: this.#options.logLevel.get().toUpperCase() } };
      case 'hot_threads':
        return this.#hotThreads(header, url);
    }
    const wanted = parts[1].split(',');
    if (!wanted.every((each) => ['pipelines', 'os', 'jvm'].includes(each))) throw new NotFound();
    const all: Record<string, unknown> = {
      pipelines: this.#pipelineInfos(undefined, url),
      os: this.#os(),
      jvm: this.#jvm(),
    };
    return { ...header, ...Object.fromEntries(wanted.map((each) => [each, all[each]])) };
  }

  #statusOf(id: string): PipelineStatus {
    const status = this.#options.engine.pipelines.get(id);
    if (!status) throw new NotFound();
    return status;
  }

  #pipelineInfos(id: string | undefined, url: URL): Record<string, unknown> {
    const all = id === undefined ? [...this.#options.engine.pipelines.values()] : [this.#statusOf(id)];
    const withGraph = url.searchParams.get('graph') === 'true' || url.searchParams.get('vertices') === 'true';
    const { setting } = this.#options;
    return Object.fromEntries(
      all.map((status) => [
        status.id,
        {
          ephemeral_id: `${status.id}-${status.version}`,
          hash: status.config.hash,
          workers: status.config.settings.workers,
          batch_size: status.config.settings.batchSize,
          batch_delay: status.config.settings.batchDelay,
          config_reload_automatic: setting('config.reload.automatic'),
          config_reload_interval: Number(setting('config.reload.interval')) * 1e9,
          dead_letter_queue_enabled: setting('dead_letter_queue.enable'),
          ...(withGraph ? { graph: graphView(status.config.graph) } : {}),
        },
      ]),
    );
  }

  #nodeStats(header: Record<string, unknown>, parts: readonly string[] | undefined, _url: URL): unknown {
    const { engine } = this.#options;
    const stats = this.#stats;
    const [first, id] = parts ?? [];
    const pipelines = (): Record<string, unknown> =>
      Object.fromEntries(
        (id === undefined ? [...engine.pipelines.values()] : [this.#statusOf(id)]).map((status) => [
          status.id,
          stats.pipeline(status),
        ]),
      );
    const reloads = { successes: 0, failures: 0 };
    for (const status of engine.pipelines.values()) {
      reloads.successes += status.reloads.successes;
      reloads.failures += status.reloads.failures;
    }
    const queued = [...engine.pipelines.keys()].reduce(
      (sum, each) => sum + (stats.queue(each)?.events ?? 0),
      0,
    );
    const sections: Record<string, () => unknown> = {
      jvm: () => stats.jvm(),
      process: () => stats.process(),
      events: () => stats.events(),
      flow: () => stats.totalFlow(),
      pipelines,
      reloads: () => reloads,
      os: () => ({}),
      queue: () => ({ events_count: queued }),
    };
    if (first === undefined)
      return {
        ...header,
        ...Object.fromEntries(Object.entries(sections).map(([name, make]) => [name, make()])),
      };
    const wanted = first.split(',');
    if (!wanted.every((each) => Object.hasOwn(sections, each))) throw new NotFound();
    return { ...header, ...Object.fromEntries(wanted.map((each) => [each, sections[each]!()])) };
  }

  #os(): Record<string, unknown> {
    return {
      name: process.platform === 'linux' ? 'Linux' : process.platform,
      arch: arch(),
      version: release(),
      available_processors: availableParallelism(),
    };
  }

  #jvm(): Record<string, unknown> {
    return {
      pid: process.pid,
      version: process.version,
      vm_name: 'Node.js',
      vm_version: process.versions['v8'] ?? '',
      vm_vendor: 'OpenJS Foundation',
      start_time_in_millis: Math.round(Date.now() - process.uptime() * 1000),
      mem: { heap_max_in_bytes: process.memoryUsage().heapTotal },
      gc_collectors: [],
    };
  }

  #hotThreads(header: Record<string, unknown>, url: URL): unknown {
    const limit = Number(url.searchParams.get('threads') ?? 10);
    const threads = this.#options.engine
      .threads()
      .sort((a, b) => b.utilization - a.utilization)
      .slice(0, limit)
      .map(({ name, utilization }) => ({
        name,
        percent_of_cpu_time: Number((utilization * 100).toFixed(2)),
        state: 'runnable',
        traces: [],
      }));
    if (url.searchParams.get('human') === 'true') {
      return `::: {${this.#options.name}}\nHot threads at ${new Date().toISOString()}, busiestThreads=${limit}:\n${threads.map((each) => `${each.percent_of_cpu_time}% of time, thread name: '${each.name}'`).join('\n')}\n`;
    }
    return { ...header, hot_threads: { time: new Date().toISOString(), busiest_threads: limit, threads } };
  }

  async #setLogging(request: IncomingMessage, path: string): Promise<unknown> {
    const { logLevel } = this.#options;
    if (path === '/_node/logging/reset') {
      logLevel.set(this.#initialLevel);
      return { acknowledged: true };
    }
    const chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of request) {
      length += (chunk as Buffer).length;
      if (length > 65_536) throw new BadRequest('the body is larger than 64 KiB');
      chunks.push(chunk as Buffer);
    }
    let body: Record<string, unknown>;
    try {
      body = JSON.parse(Buffer.concat(chunks).toString('utf8'));
    } catch {
      throw new BadRequest('the body is not JSON');
    }
    for (const [name, value] of Object.entries(body)) {
      const level = String(value).toLowerCase() as Level;
      if (!name.startsWith('logger.')) throw new BadRequest(`unrecognized option [${name}]`);
      if (!levels.includes(level))
        throw new BadRequest(`invalid level[${value}] for logger[${name.slice(7)}]`);
      logLevel.set(level);
    }
    return { acknowledged: true };
  }
}

class BadRequest extends Error {}
