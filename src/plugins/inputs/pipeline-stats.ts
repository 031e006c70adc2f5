import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { Event } from '../../event/event.ts';
import { isoFromMillis } from '../../event/timestamp.ts';
import type { OptionValues } from '../../kernel/options.ts';
import {
  type Decoder,
  defineInput,
  type Intake,
  type IntakeContext,
  type Peer,
  RunKind,
} from '../../kernel/plugin.ts';

const options = {
  interval: { type: 'number', default: 60, min: 0, description: 'Seconds between two events.' },
  count: { type: 'number', default: -1, description: 'How many events; 0 or less: without end.' },
  pipeline: { type: 'string', description: 'The pipeline to tell of; the one it stands in unless given.' },
  source_sensor: { type: 'string', description: "Name of the sensor; this machine's unless given." },
  source_instrument: {
    type: 'string',
    description: 'Name of the instrument; `logforwarder_0@` and the sensor unless given.',
  },
  event_type: {
    type: 'string',
    default: 'instruments.logforwarder.pipeline_stats',
    description: 'Field `type` of the events.',
  },
} as const;

export const pipelineStats = defineInput({
  kind: 'input',
  name: 'pipeline_stats',
  summary:
    'Makes an event in regular intervals that says how many events a pipeline has processed: a test of the whole way without a sender.',
  options,
  examples: [
    { title: 'Every minute', config: 'input { pipeline_stats {} }' },
    {
      title: 'Of another pipeline of this process, every ten seconds',
      config:
        'input { pipeline_stats { pipeline => "siem-pipeline-1" interval => 10 source_sensor => "testsensor" } }',
    },
  ],
  differences: [
    'Logstash has no such input. The events have the header and the data that the log forwarder of SensorFleet sensors gives them: `source_instrument`, `source_sensor`, `type`, `message`, `context_uuid`, `uuid`, `sensor_event_id`, `timestamp`, and `data` with `unique_id`, `processed_since_start` and `errors_since_start`.',
    '`processed_since_start` is `events.out` of `/_node/stats`: an event that two outputs took counts twice. `errors_since_start` counts events that an output refused for good and those that a condition could not be evaluated for; events that wait for an output that is down are no errors, and not processed.',
    '`sensor_event_id` counts from 1, and `context_uuid` is another one, after every start.',
  ],
  createIntake: (values, context) => new PipelineStats(values, context),
  createDecoder: (_options, context): Decoder => ({
    decode(block, emit) {
      const timestamp = isoFromMillis(block.receivedAt);
      let start = 0;
      for (let at = 0; at < block.runs.length; at += 4) {
        const end = block.runs[at + 2]!;
        if (block.runs[at] === RunKind.record) {
          const fields = parsed(block.bytes.utf8Slice(start, end));
          const event = new Event({ '@timestamp': timestamp, '@version': '1', ...fields });
          context.decorate(event);
          emit(event);
        }
        start = end;
      }
    },
  }),
});

/** What the intake half wrote. */
function parsed(text: string): object {
  try {
    const fields: unknown = JSON.parse(text);
    if (typeof fields === 'object' && fields !== null && !Array.isArray(fields)) return fields;
  } catch {
    // Not of ours.
  }
  return { message: text };
}

class PipelineStats implements Intake {
  readonly #options: OptionValues<typeof options>;
  readonly #context: IntakeContext;
  readonly #peer: Peer = { key: 'pipeline_stats' };
  readonly #contextId = randomUUID();
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  #sent = 0;
  #due = 0;
  #unknown = false;

  constructor(values: OptionValues<typeof options>, context: IntakeContext) {
    this.#options = values;
    this.#context = context;
  }

  async open(): Promise<void> {
    this.#due = performance.now();
    // The pipeline runs when its inputs are open.
    this.#timer = setTimeout(() => void this.#tell(), 0);
  }

  async close(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  async #tell(): Promise<void> {
    const { writer } = this.#context;
    // A full queue: this event is late, and none is made up for those missed meanwhile.
    await writer.ready();
    const pipeline = this.#options.pipeline ?? this.#context.pipeline;
    const totals = await this.#context.totals(pipeline);
    if (this.#stopped) return;
    this.#say(totals === undefined ? `there is no pipeline with the id ${pipeline}` : undefined);
    if (totals) {
      const { processed, errors } = totals;
      writer.record(this.#peer, Buffer.from(JSON.stringify(this.#event(pipeline, processed, errors))));
      if (this.#sent === this.#options.count) {
        this.#context.finished();
        return;
      }
    }
    const interval = Math.max(this.#options.interval * 1000, 1);
    const now = performance.now();
    this.#due = Math.max(this.#due + interval, now);
    this.#timer = setTimeout(() => void this.#tell(), Math.min(this.#due - now, 0x7fffffff));
  }

  #say(problem: string | undefined): void {
    if (this.#unknown === (problem !== undefined)) return;
    this.#unknown = problem !== undefined;
    this.#context.health(problem);
  }

  #event(pipeline: string, processed: number, errors: number): object {
    const { source_sensor: sensor = hostname(), event_type: type } = this.#options;
    return {
      source_instrument: this.#options.source_instrument ?? `logforwarder_0@${sensor}`,
      source_sensor: sensor,
      type,
      message: `pipeline ${pipeline} processed=${processed}, errors=${errors}`,
      context_uuid: this.#contextId,
      uuid: randomUUID(),
      sensor_event_id: ++this.#sent,
      timestamp: Math.round((performance.timeOrigin + performance.now()) * 1000) / 1e6,
      data: { unique_id: pipeline, processed_since_start: processed, errors_since_start: errors },
    };
  }
}
