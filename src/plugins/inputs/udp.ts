import type { OptionValues } from '../../kernel/options.ts';
import { defineInput, type Intake, type IntakeContext } from '../../kernel/plugin.ts';
import { DatagramIntake, receiveBufferOption } from '../../lib/net/datagram-intake.ts';
import { createRecordDecoder } from '../../lib/record-decoder.ts';

const options = {
  host: { type: 'string', default: '0.0.0.0', description: 'Address to listen at.' },
  port: { type: 'number', required: true, min: 0, max: 65_535, description: 'Port to listen at.' },
  buffer_size: {
    type: 'number',
    default: 65_536,
    min: 1,
    description: 'Bytes taken of one datagram; what is longer is cut there.',
  },
  ...receiveBufferOption,
  workers: { type: 'number', default: 2, min: 1, description: 'Accepted; all of `pipeline.workers` decode.' },
  queue_size: {
    type: 'number',
    default: 2000,
    min: 1,
    description: "Accepted; the pipeline's queue decides when datagrams are dropped.",
  },
  source_ip_fieldname: {
    type: 'field_reference',
    description: "Field for the sender's address; `host`, with ECS `[host][ip]`, unless given.",
  },
} as const;

/** Datagrams, one record each. */
export const udp = defineInput({
  kind: 'input',
  name: 'udp',
  plainRecords: true,
  summary: 'Receives UDP datagrams; each is one record for the codec.',
  options,
  ecs: true,
  socketOptions: ['host', 'port', 'receive_buffer_bytes'],
  examples: [
    { title: 'JSON datagrams at port 9999', config: 'input { udp { port => 9999 codec => json } }' },
    {
      title: 'A large kernel buffer for bursts',
      config: 'input { udp { port => 9999 receive_buffer_bytes => 16777216 } }',
    },
  ],
  differences: [
    '`workers` and `queue_size` have no effect: datagrams go to the queue of the pipeline, and are dropped and counted for each sender when it is full.',
    'What was dropped is in `/_node/stats` as `dropped`, by sender and reason, and what the kernel dropped as `kernel_dropped`; health is yellow meanwhile.',
  ],
  binds: ({ host, port }) => [{ protocol: 'udp', host, port }],
  createIntake: (values, context) => new Udp(values, context),
  createDecoder: (values, context) =>
    createRecordDecoder(context, [
      {
        reference: values.source_ip_fieldname ?? (context.ecs === 'disabled' ? 'host' : '[host][ip]'),
        value: (peer) => peer['ip'] as string,
      },
    ]),
});

type UdpOptions = OptionValues<typeof options>;

class Udp implements Intake {
  readonly #datagrams: DatagramIntake;

  constructor(values: UdpOptions, context: IntakeContext) {
    this.#datagrams = new DatagramIntake({ ...values, limit: values.buffer_size }, context);
  }

  /** The port it listens at. */
  get port(): number {
    return this.#datagrams.port;
  }

  open(): Promise<void> {
    return this.#datagrams.open();
  }

  update(values: Readonly<Record<string, unknown>>): void {
    this.#datagrams.limit = (values as UdpOptions).buffer_size;
  }

  close(): Promise<void> {
    return this.#datagrams.close();
  }
}
