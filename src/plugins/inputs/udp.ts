import type { OptionValues } from '../../kernel/options.ts';
import { defineInput, type Intake, type IntakeContext } from '../../kernel/plugin.ts';
import { PeerTable } from '../../lib/net/peer-table.ts';
import { UdpListener } from '../../lib/net/udp-listener.ts';
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
  receive_buffer_bytes: {
    type: 'number',
    min: 1,
    description: "Size of the kernel's receive buffer; as much as it grants up to 8 MiB unless given.",
  },
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
    'What the kernel dropped is counted as `kernel_dropped`.',
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
  readonly #listener: UdpListener;
  readonly #peers = new PeerTable();
  #limit: number;

  constructor(values: UdpOptions, context: IntakeContext) {
    const { writer } = context;
    this.#limit = values.buffer_size;
    const kernelDropped = context.counter('kernel_dropped');
    this.#listener = new UdpListener({
      host: values.host,
      port: values.port,
      receiveBufferBytes: values.receive_buffer_bytes,
      logger: context.logger,
      onKernelDrops: (count) => kernelDropped.add(count),
      onDatagram: (bytes, ip) => {
        const peer = this.#peers.of(ip);
        if (!writer.hasRoom) writer.dropped(peer, 'the queue was full');
        else writer.record(peer, bytes.length > this.#limit ? bytes.subarray(0, this.#limit) : bytes);
      },
    });
  }

  /** The port it listens at. */
  get port(): number {
    return this.#listener.port;
  }

  open(): Promise<void> {
    return this.#listener.open();
  }

  update(values: Readonly<Record<string, unknown>>): void {
    this.#limit = (values as UdpOptions).buffer_size;
  }

  close(): Promise<void> {
    return this.#listener.close();
  }
}
