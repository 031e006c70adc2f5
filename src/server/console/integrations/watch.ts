/** Waits for the first event of a source, shows it, and says after a while what to look at. */
import type { Engine } from '../../../engine/engine.ts';
import type { EventSample } from '../../../engine/messages.ts';
import type { IntegrationItem, IntegrationWatch } from '../../contract/integrations.ts';
import { connectionsAt } from '../../integrations/connections.ts';
import { type Endpoint, isLoopbackHost } from '../../integrations/endpoint.ts';
import type { Integrations } from '../../integrations/integrations.ts';
import { ownAddresses } from '../../integrations/own-certificate.ts';
import { eventHider } from '../pipelines/hide-fields.ts';

export interface WatchOptions {
  readonly integrations: Integrations;
  readonly item: IntegrationItem;
  /** Fields that the caller may not see. */
  readonly hidden: readonly string[];
  readonly signal: AbortSignal;
}

/** Nothing is wrong yet before so many milliseconds. */
const PATIENCE_MS = 8000;

export async function* watch({
  integrations,
  item,
  hidden,
  signal,
}: WatchOptions): AsyncGenerator<IntegrationWatch> {
  const show = eventHider(hidden);
  const endpoint = await integrations.endpoint(item.id);
  const items = await integrations.items();
  const stop = new AbortController();
  const until = AbortSignal.any([signal, stop.signal]);
  let event: string | undefined;
  const reading = readEvents(integrations.host.engine, item.pipeline, until, (text) => {
    event = show(text);
  });
  const connections = new Set<string>();
  const began = Date.now();
  try {
    yield* integrations.flow.each(until, () => {
      const now = items().find(({ id }) => id === item.id);
      if (!now) return undefined;
      const hasPort = endpoint !== undefined && endpoint.port > 0 && endpoint.speaks !== 'datagrams';
      const isQuiet = now.total === 0 && event === undefined;
      const seen = hasPort && isQuiet ? connectionsAt(endpoint.port) : undefined;
      for (const each of seen ?? []) connections.add(each);
      const isLate = isQuiet && Date.now() - began > PATIENCE_MS;
      return {
        item: now,
        ...(event !== undefined && { event }),
        ...(seen && { connections: connections.size }),
        advice: isLate && endpoint ? adviceFor(endpoint, now, connections.size) : [],
      };
    });
  } finally {
    stop.abort();
    await reading;
  }
}

/** Taps end by themselves after some minutes: whoever still looks gets another. */
async function readEvents(
  engine: Engine,
  pipeline: string,
  signal: AbortSignal,
  take: (text: string) => void,
): Promise<void> {
  while (!signal.aborted) {
    try {
      for await (const { samples } of engine.tap(pipeline, { node: '', rate: 2, signal }))
        for (const { before, after } of samples) {
          const text = after.at(-1) ?? before;
          if (text !== undefined) take(text);
        }
    } catch {
      // Too many look at pipelines: numbers are shown, events are not.
      return;
    }
  }
}

function adviceFor(endpoint: Endpoint, item: IntegrationItem, connections: number): string[] {
  const { host, port, tls, speaks, paths } = endpoint;
  const advice: string[] = [];
  if (item.problem !== undefined) advice.push(item.problem);
  if (speaks === 'files') {
    advice.push(
      `Is there a file of that name, and may Millrace read it? It looks for ${paths.join(', ')} every few seconds.`,
      'Files whose last lines are older than "Ignore older" allows, or that were read before, give nothing new: add a line.',
    );
    return advice;
  }
  if (connections > 0) {
    advice.push(
      tls
        ? `There were connections to port ${port}, but no event: does the sender speak TLS, and does it trust the CA certificate?`
        : `There were connections to port ${port}, but no event: does the sender speak TLS? This source does not.`,
    );
    if (speaks === 'http' && endpoint.user !== undefined)
      advice.push('Does the sender give the user name and the password?');
    return advice;
  }
  if (isLoopbackHost(host))
    advice.push(
      `Only programs on this computer can reach it. ${item.managed ? 'For other senders choose "Other machines" in its settings.' : 'For other senders add a source that other machines reach.'}`,
    );
  else {
    advice.push(
      `Does a firewall let port ${port} through? On this computer: ufw allow ${port}, or firewall-cmd --add-port=${port}/${speaks === 'datagrams' ? 'udp' : 'tcp'}.`,
      `Does the sender have the right address? This computer is ${ownAddresses().join(', ') || 'not in a network'}.`,
    );
  }
  advice.push('Was the sender restarted after the change, and does it have something to send?');
  return advice;
}

export interface Sight {
  readonly seen: boolean;
  stop(): void;
}

/** Looks for an event in a pipeline from now on. */
export function sees(
  engine: Engine,
  pipeline: string,
  isIt: (sample: EventSample) => boolean,
  signal: AbortSignal,
): Sight {
  const controller = new AbortController();
  const until = AbortSignal.any([controller.signal, signal]);
  const sight = { seen: false, stop: () => controller.abort() };
  const look = async (): Promise<void> => {
    for await (const { samples } of engine.tap(pipeline, {
      node: '',
      rate: 1000,
      all: true,
      signal: until,
    })) {
      if (!samples.some(isIt)) continue;
      sight.seen = true;
      controller.abort();
    }
  };
  // Rejects when too many look at pipelines: then nothing is seen.
  look().catch(() => {});
  return sight;
}
