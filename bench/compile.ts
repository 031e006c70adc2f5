/**
 * Events per second through compiled pipelines on one core, beside loops written by hand for the same work.
 * Run by hand: `node bench/compile.ts`. Events are made anew for each round; making them is not counted unless it
 * says so. The best of many rounds is shown.
 */
import { Event } from '../src/event/event.ts';
import type { Fields } from '../src/kernel/event-types.ts';
import { compileConfig } from '../test/support/compiled.ts';

const BATCH = 125;
const BATCHES = 64;
const ROUNDS = 80;

const lines = Array.from({ length: BATCH * BATCHES }, (_, n) =>
  JSON.stringify({
    '@timestamp': '2026-11-20T10:00:00.000Z',
    '@version': '1',
    message: `request ${n} of a user to the shop, with a text of usual length in it`,
    host: `web-${n % 8}`,
    status: n % 10 === 0 ? 503 : 200,
    bytes: n * 7,
    user: { name: 'bob', id: n },
    debug: 'x',
  }),
);

interface Work {
  readonly name: string;
  readonly run: (events: Event[], outputs: Event[][]) => void;
}

/** Five field operations and one conditional, as a config. */
const config = `
input { generator { } }
filter {
  mutate { add_field => { "env" => "prod" } }
  mutate { rename => { "host" => "hostname" } }
  if [status] >= 500 { mutate { add_tag => ["error"] } }
  mutate { replace => { "key" => "%{hostname}-%{[user][name]}" } }
  mutate { convert => { "bytes" => "string" } }
  mutate { remove_field => ["debug"] }
}
output { null { } }`;

const byHand: Work = {
  name: 'by hand',
  run: (events, outputs) => {
    const output = outputs[0]!;
    for (const event of events) {
      const f = event.fields;
      f['env'] = 'prod';
      f['hostname'] = f['host'];
      f['host'] = undefined;
      if ((f['status'] as number) >= 500) f['tags'] = ['error'];
      f['key'] = `${f['hostname'] as string}-${(f['user'] as Fields)['name'] as string}`;
      f['bytes'] = String(f['bytes']);
      f['debug'] = undefined;
      output.push(event);
    }
  },
};

async function compiled(name: string, text: string): Promise<Work> {
  const { pipeline, counters } = await compileConfig(text);
  return {
    name,
    run: (events, outputs) => {
      if (pipeline.run(events, outputs, counters)) throw new Error('it waits');
    },
  };
}

/** Nanoseconds an event: the pipeline alone, and from JSON to JSON. */
function measure({ run }: Work): { alone: number; whole: number } {
  let [alone, whole] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  let characters = 0;
  for (let round = 0; round < ROUNDS; round++) {
    let spent = 0;
    const begun = performance.now();
    for (let batch = 0; batch < BATCHES; batch++) {
      const events: Event[] = [];
      for (let n = 0; n < BATCH; n++) events.push(new Event(JSON.parse(lines[batch * BATCH + n]!) as Fields));
      const outputs: Event[][] = [[]];
      const start = performance.now();
      run(events, outputs);
      spent += performance.now() - start;
      for (const event of outputs[0]!) characters += JSON.stringify(event.fields).length;
    }
    whole = Math.min(whole, performance.now() - begun);
    alone = Math.min(alone, spent);
  }
  if (characters === 0) throw new Error('nothing came out');
  const each = 1e6 / (BATCH * BATCHES);
  return { alone: alone * each, whole: whole * each };
}

const nothing: Work = { name: 'no filters, by hand', run: (events, outputs) => outputs[0]!.push(...events) };
const works = [
  nothing,
  await compiled('no filters', 'input { generator { } } output { null { } }'),
  byHand,
  await compiled('five operations, one condition', config),
  await compiled(
    'with a drop in a branch',
    config.replace('filter {', 'filter { if [debug] == "y" { drop { } }'),
  ),
  await compiled(
    'with ten conditions',
    config.replace(
      'filter {',
      `filter { ${Array.from({ length: 10 }, (_, i) => `if [message] == "${i}" or "${i}" in [tags] { drop { } }`).join('\n')}`,
    ),
  ),
];
for (const work of works) {
  const { alone, whole } = measure(work);
  const rate = (nanoseconds: number) => `${(1000 / nanoseconds).toFixed(2).padStart(7)} M/s`;
  process.stdout.write(
    `${work.name.padEnd(32)} ${alone.toFixed(0).padStart(5)} ns an event ${rate(alone)}; JSON to JSON ${whole.toFixed(0).padStart(5)} ns ${rate(whole)}\n`,
  );
}
