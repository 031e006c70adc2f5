/** Every plugin by kind and name. A plugin is imported when a config first names it. */
import type { Plugin, PluginKind, Registry } from '../kernel/plugin.ts';

type Import = () => Promise<Record<string, unknown>>;

const plugins: Record<PluginKind, Readonly<Record<string, Import>>> = {
  input: {
    beats: () => import('./inputs/beats.ts'),
    dead_letter_queue: () => import('./inputs/dead-letter-queue.ts'),
    elastic_agent: () => import('./inputs/beats.ts'),
    file: () => import('./inputs/file.ts'),
    generator: () => import('./inputs/generator.ts'),
    heartbeat: () => import('./inputs/heartbeat.ts'),
    http: () => import('./inputs/http.ts'),
    pipeline: () => import('./inputs/pipeline.ts'),
    pipeline_stats: () => import('./inputs/pipeline-stats.ts'),
    stdin: () => import('./inputs/stdin.ts'),
    store: () => import('./inputs/store.ts'),
    syslog: () => import('./inputs/syslog.ts'),
    tcp: () => import('./inputs/tcp.ts'),
    udp: () => import('./inputs/udp.ts'),
  },
  filter: {
    clone: () => import('./filters/clone.ts'),
    date: () => import('./filters/date.ts'),
    dissect: () => import('./filters/dissect.ts'),
    drop: () => import('./filters/drop.ts'),
    fingerprint: () => import('./filters/fingerprint.ts'),
    grok: () => import('./filters/grok.ts'),
    json: () => import('./filters/json.ts'),
    kv: () => import('./filters/kv.ts'),
    mutate: () => import('./filters/mutate.ts'),
    ruby: () => import('./filters/ruby.ts'),
    split: () => import('./filters/split.ts'),
    uuid: () => import('./filters/uuid.ts'),
  },
  output: {
    elasticsearch: () => import('./outputs/elasticsearch.ts'),
    file: () => import('./outputs/file.ts'),
    http: () => import('./outputs/http.ts'),
    lumberjack: () => import('./outputs/lumberjack.ts'),
    null: () => import('./outputs/null.ts'),
    pipeline: () => import('./outputs/pipeline.ts'),
    sink: () => import('./outputs/sink.ts'),
    stdout: () => import('./outputs/stdout.ts'),
    store: () => import('./outputs/store.ts'),
    tcp: () => import('./outputs/tcp.ts'),
    udp: () => import('./outputs/udp.ts'),
  },
  codec: {
    dots: () => import('./codecs/dots.ts'),
    json: () => import('./codecs/json.ts'),
    json_lines: () => import('./codecs/json-lines.ts'),
    line: () => import('./codecs/line.ts'),
    multiline: () => import('./codecs/multiline.ts'),
    plain: () => import('./codecs/plain.ts'),
    rubydebug: () => import('./codecs/rubydebug.ts'),
  },
};

/** Other names that a plugin answers to. */
const aliases: Readonly<Record<string, string>> = { elastic_agent: 'beats' };

export const registry: Registry = {
  async load(kind, name) {
    const load = Object.hasOwn(plugins[kind], name) ? plugins[kind][name] : undefined;
    if (!load) return undefined;
    const module = await load();
    return Object.values(module).find(
      (each) =>
        (each as Plugin | undefined)?.kind === kind && (each as Plugin).name === (aliases[name] ?? name),
    ) as Plugin | undefined;
  },
  names: (kind) => Object.keys(plugins[kind]),
};
