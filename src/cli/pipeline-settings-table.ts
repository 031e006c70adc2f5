/** Settings of pipelines, their queues and dead letters. */
import type { Setting } from './setting.ts';

export const pipelineSettings = {
  'pipeline.id': { type: 'string', default: 'main', description: 'Name of the pipeline.', perPipeline: true },
  'pipeline.workers': {
    type: 'number',
    flags: ['-w'],
    description: 'Batches worked on at once; the number of cores unless set.',
    perPipeline: true,
  },
  'pipeline.batch.size': {
    type: 'number',
    default: 125,
    flags: ['-b'],
    description: 'Events in one batch at most.',
    perPipeline: true,
  },
  'pipeline.batch.delay': {
    type: 'number',
    default: 50,
    flags: ['-u'],
    description: 'Milliseconds to wait for a batch to fill.',
    perPipeline: true,
  },
  'pipeline.ordered': {
    type: 'string',
    default: 'auto',
    oneOf: ['auto', 'true', 'false'],
    description: 'Keep the order of events: true needs one worker; auto: ordered with one worker.',
    perPipeline: true,
  },
  'pipeline.ecs_compatibility': {
    type: 'string',
    default: 'disabled',
    oneOf: ['disabled', 'v1', 'v8'],
    description: 'Field names of plugins that know ECS.',
    perPipeline: true,
  },
  'pipeline.unsafe_shutdown': {
    type: 'boolean',
    default: false,
    description: 'On shutdown end even if outputs are blocked; in-flight events are lost.',
    perPipeline: true,
  },
  'pipeline.delivery_timeout': {
    type: 'duration',
    default: 300,
    description:
      'Seconds after which a write is cut and tried again, where the output has no time limit of its own (tcp); 0: never. (Not in Logstash.)',
    perPipeline: true,
  },
  'pipeline.shutdown_timeout': {
    type: 'duration',
    default: 3,
    description:
      'Seconds that outputs get at a shutdown for what they have in their hands, when the queue is persisted; what they do not take stays in it. Also how long an output may fail once its pipeline is no longer in the config, when the queue is in memory: what it has not taken then goes to the dead letter queue, or is counted and dropped. (Not in Logstash.)',
    perPipeline: true,
  },
  'pipeline.reloadable': {
    type: 'boolean',
    default: true,
    description: 'May this pipeline be reloaded?',
    perPipeline: true,
  },
  'pipeline.separate_logs': {
    type: 'boolean',
    default: false,
    description: 'One log file a pipeline.',
    perPipeline: true,
    ignored: 'log lines name their pipeline',
  },
  'pipeline.system': {
    type: 'boolean',
    default: false,
    description: 'Hide the pipeline from the monitoring API.',
    perPipeline: true,
    ignored: 'every pipeline is shown',
  },
  'pipeline.recoverable': {
    type: 'string',
    default: 'false',
    description: 'Restart a crashed pipeline.',
    perPipeline: true,
    ignored: 'a filter that fails tags its event, the pipeline goes on',
  },
  'pipeline.plugin_classloaders': {
    type: 'boolean',
    default: false,
    flags: ['--plugin-classloaders'],
    description: 'A setting of the JVM.',
    perPipeline: true,
    ignored: 'there is no JVM',
  },
  'pipeline.batch.output_chunking.growth_threshold_factor': {
    type: 'number',
    default: 1000,
    description: 'When a grown batch is cut.',
    perPipeline: true,
    ignored: 'batches never grow',
  },
  'pipeline.batch.metrics.sampling_mode': {
    type: 'string',
    default: 'minimal',
    description: 'Batch metrics.',
    perPipeline: true,
    ignored: 'batches are always counted',
  },
  'pipeline.buffer.type': {
    type: 'string',
    default: 'heap',
    description: 'A setting of the JVM.',
    perPipeline: true,
    ignored: 'there is no JVM',
  },
  'queue.type': {
    type: 'string',
    default: 'memory',
    oneOf: ['memory', 'persisted'],
    description: 'Where events wait for workers.',
    perPipeline: true,
  },
  'queue.drain': {
    type: 'boolean',
    default: false,
    description: 'Empty a persisted queue at shutdown.',
    perPipeline: true,
  },
  'queue.page_capacity': {
    type: 'bytes',
    default: 64 * 1024 * 1024,
    description: 'Size of a file of a persisted queue.',
    perPipeline: true,
  },
  'queue.max_bytes': {
    type: 'bytes',
    default: 1024 * 1024 * 1024,
    description: 'Bytes that a persisted queue holds at most.',
    perPipeline: true,
  },
  'queue.max_events': {
    type: 'number',
    default: 0,
    description: 'Events not yet delivered, at most; 0: no such limit.',
    perPipeline: true,
  },
  'queue.checkpoint.acks': {
    type: 'number',
    default: 1024,
    description:
      'Deliveries that may be unwritten in the queue at most. Without effect: they are written within five milliseconds, sooner than any number asks for.',
    perPipeline: true,
  },
  'queue.checkpoint.writes': {
    type: 'number',
    default: 1024,
    description:
      'Events between syncs at most, where no sender waits for an answer; 1: every block; 0: no limit.',
    perPipeline: true,
  },
  'queue.checkpoint.interval': {
    type: 'number',
    default: 1000,
    description: 'Milliseconds between syncs at most.',
    perPipeline: true,
  },
  'queue.checkpoint.retry': {
    type: 'boolean',
    default: true,
    description:
      'Try a failed write again. Without effect: it always is, every second, and nothing is taken in meanwhile; to give up would be to lose events.',
    perPipeline: true,
  },
  'queue.compression': {
    type: 'string',
    default: 'none',
    oneOf: ['none', 'speed', 'balanced', 'size', 'disabled'],
    description: 'Compression of a persisted queue.',
    perPipeline: true,
  },
  'dead_letter_queue.enable': {
    type: 'boolean',
    default: true,
    description:
      'Keep events that outputs reject, and those that a condition could not be evaluated for. (Logstash: false.)',
    perPipeline: true,
  },
  'dead_letter_queue.max_bytes': {
    type: 'bytes',
    default: 1024 * 1024 * 1024,
    description: 'Size of a dead letter queue at most, for each pipeline.',
    perPipeline: true,
  },
  'dead_letter_queue.flush_interval': {
    type: 'number',
    default: 5000,
    description: 'Milliseconds until dead letters are readable.',
    perPipeline: true,
    ignored: 'dead letters are on the disk and readable before their block is acknowledged',
  },
  'dead_letter_queue.flush_check_interval': {
    type: 'number',
    default: 1000,
    description: 'Milliseconds between checks.',
    perPipeline: true,
    ignored: 'dead letters are on the disk and readable before their block is acknowledged',
  },
  'dead_letter_queue.storage_policy': {
    type: 'string',
    default: 'drop_older',
    oneOf: ['drop_newer', 'drop_older', 'block'],
    description:
      'What a full dead letter queue drops; `block` makes events wait until there is room. (Logstash: drop_newer.)',
    perPipeline: true,
  },
  'dead_letter_queue.retain.age': {
    type: 'duration',
    description: 'How long dead letters are kept, such as 5d; for ever unless set.',
    perPipeline: true,
  },
  'metric.collect': {
    type: 'boolean',
    default: true,
    description: 'Keep metrics.',
    ignored: 'counters cost nothing here and are always kept',
  },
} as const satisfies Record<string, Setting>;
