/**
 * The ruby filter, alone: the filter of the two-hop pipeline (every field of an event moved under one, its `data`
 * copied to the top) compiled and in CRuby, beside the same by hand. `node bench/ruby.ts [events]`
 */
import { Event } from '../src/event/event.ts';
import type { Event as EventType, Fields } from '../src/kernel/event-types.ts';
import { silentLogger } from '../src/kernel/logger.ts';
import { analyseRuby } from '../src/lib/ruby/compile.ts';
import { createRubyRunner } from '../src/lib/ruby/runner.ts';
import { rubyMachine } from '../src/lib/ruby/wasm-client.ts';

export const moveToSensorFleet = `
event.to_hash.each { |k, v|
  unless [ "@timestamp", "@version", "host"].include?(k)
    event.set("[_sensorfleet_event][#{k}]", v)
    event.remove(k)
  end
}
data = event.get("[_sensorfleet_event][data]")
unless data.nil?
  data.to_hash.each { |k, v|
    event.set("[#{k}]", v)
  }
end
`;

/** An event of 22 fields as the sensor sends it, some 0.9 KB of JSON, twelve of the fields in `data`. */
function makeText(index: number): string {
  return JSON.stringify({
    '@timestamp': '2026-11-20T10:00:00.000Z',
    '@version': '1',
    host: '10.0.0.1',
    source_sensor: 'testsensor',
    source_instrument: 'ids_0@testsensor',
    timestamp: 1614868533.946555 + index,
    uuid: `cc2b3bb1-bd8f-4b9c-a89e-${String(index).padStart(12, '0')}`,
    context_uuid: 'e41d4fbf-482f-4f74-a4e2-60717b03f623',
    sensor_event_id: index,
    type: 'instruments.ids.alert',
    message: `connection ${index} from 192.0.2.7 to 198.51.100.9 was refused by policy`,
    data: {
      event_type: 'alert',
      src_ip: '192.0.2.7',
      src_port: 49152 + (index % 1000),
      dest_ip: '198.51.100.9',
      dest_port: 443,
      proto: 'TCP',
      app_proto: 'tls',
      flow_id: 1_000_000_000 + index,
      alert: { action: 'blocked', gid: 1, signature_id: 2_001_219, severity: 2, category: 'Attempted Leak' },
    },
  });
}

function byHand(event: EventType): void {
  const { fields } = event;
  const moved: Fields = {};
  for (const name of Object.keys(fields)) {
    if (name === '@timestamp' || name === '@version' || name === 'host') continue;
    moved[name] = fields[name];
    fields[name] = undefined;
  }
  fields['_sensorfleet_event'] = moved;
  const data = moved['data'] as Fields | undefined;
  if (data) for (const name of Object.keys(data)) fields[name] = data[name];
}

const BATCH = 125;

/** Microseconds of CPU an event, best of three rounds; parsing and printing are not counted. */
async function measure(count: number, run: (events: EventType[]) => unknown): Promise<number> {
  const texts = Array.from({ length: BATCH }, (_, index) => makeText(index));
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 4; round++) {
    let spent = 0;
    for (let done = 0; done < count; done += BATCH) {
      const events = texts.map((text) => new Event(JSON.parse(text)));
      const begun = process.cpuUsage();
      const answer = run(events);
      if (answer instanceof Promise) await answer;
      const used = process.cpuUsage(begun);
      spent += used.user + used.system;
    }
    if (round > 0) best = Math.min(best, spent / count);
  }
  return best;
}

const count = Number(process.argv[2] ?? 50_000);
const emit = (): void => {};
const begun = performance.now();
const analysis = analyseRuby({ code: moveToSensorFleet });
const compileMillis = performance.now() - begun;
const options = {
  source: { code: moveToSensorFleet },
  params: {},
  times: [],
  timeoutMillis: 2000,
  logger: silentLogger,
  raised: emit,
  timedOut: emit,
};
const compiled = await createRubyRunner({ ...options, analysis });
const filter = compiled.filter!;
const results: Record<string, number> = {
  'parse and compile, ms': compileMillis,
  'by hand, us': await measure(count, (events) => events.forEach(byHand)),
  'compiled, us': await measure(count, (events) => {
    for (const event of events) filter(event, emit);
  }),
};
const startedAt = performance.now();
const machine = await createRubyRunner({
  ...options,
  analysis: { ...analysis, compiled: undefined, reason: 'bench' },
});
results['CRuby starts, ms'] = performance.now() - startedAt;
results['CRuby, us'] = await measure(Math.min(count, 10_000), (events) => machine.filterBatch!(events, emit));
for (const [name, value] of Object.entries(results))
  process.stdout.write(`${name.padEnd(24)} ${value.toFixed(2)}\n`);
await rubyMachine().close();
