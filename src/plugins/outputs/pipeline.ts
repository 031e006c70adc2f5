import { setTimeout as sleep } from 'node:timers/promises';
import { encodeEvents } from '../../event/event-encoding.ts';
import { defineOutput, type Output } from '../../kernel/plugin.ts';
import { orAborted } from '../../lib/or-aborted.ts';

const RETRY_MS = 100;

/** Events to `pipeline` inputs of the same process. */
export const pipeline = defineOutput({
  kind: 'output',
  name: 'pipeline',
  summary: 'Sends events to the `pipeline` inputs of other pipelines in the same process.',
  options: {
    send_to: {
      type: 'array',
      required: true,
      description: 'Addresses; every one gets a copy of each event.',
    },
    ensure_delivery: {
      type: 'boolean',
      default: true,
      description:
        'Wait while an address is missing or its queue is full; false: skip an address that is missing.',
    },
  },
  examples: [
    {
      title: 'Hand all events to two pipelines',
      config: 'output { pipeline { send_to => ["es", "archive"] } }',
    },
  ],
  create(options, context): Output {
    const addresses = options.send_to.map(String);
    const missing = new Set<string>();
    const problem = (): void =>
      context.health(
        missing.size ? `no running pipeline has the address ${[...missing].join(', ')}` : undefined,
      );

    async function deliver(
      address: string,
      bytes: Uint8Array,
      ends: Int32Array,
      signal: AbortSignal,
    ): Promise<void> {
      while (!(await context.send(address, bytes, ends))) {
        if (!options.ensure_delivery) return;
        if (!missing.has(address)) {
          missing.add(address);
          problem();
        }
        await sleep(RETRY_MS, undefined, { signal });
      }
      if (missing.delete(address)) problem();
    }

    return {
      // A full queue, pipe or terminal is waited for.
      timeLimit: 'none',
      async write(events, signal) {
        const { bytes, ends } = encodeEvents(events);
        await orAborted(
          Promise.all(addresses.map((address) => deliver(address, bytes, ends, signal))),
          signal,
          'stopped before the other pipeline had taken the events',
        );
        return undefined;
      },
      async close() {},
    };
  },
});
