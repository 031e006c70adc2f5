import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { createFilter, resolveOptions, runFilter, testContext } from '../../../test/support/plugin.ts';
import { Event } from '../../event/event.ts';
import type { Event as EventType, Fields } from '../../kernel/event-types.ts';
import type { Filter } from '../../kernel/plugin.ts';
import { rubyMachine } from '../../lib/ruby/wasm-client.ts';
import { ruby } from './ruby.ts';

const directory = mkdtempSync(join(tmpdir(), 'millrace-ruby-'));
afterAll(async () => {
  rmSync(directory, { recursive: true, force: true });
  await rubyMachine().close();
});

function script(text: string): string {
  const path = join(directory, `script-${Math.random().toString(36).slice(2)}.rb`);
  writeFileSync(path, text);
  return path;
}

const run = async (given: Record<string, unknown>, fields: Fields = {}) =>
  runFilter(await createFilter(ruby, given), fields);

function problems(given: Record<string, unknown>): string[] {
  const found: string[] = [];
  ruby.validate!(resolveOptions(ruby, given), (severity, option, message) =>
    found.push(`${severity} ${option}: ${message}`),
  );
  return found;
}

/** Something that only CRuby knows, so that the same code runs there. */
const IN_CRUBY = 'ObjectSpace; ';
const ways = [
  ['compiled', ''],
  ['in CRuby', IN_CRUBY],
] as const;

describe.each(ways)('%s', (_way, prefix) => {
  test('code sees the event and changes it', async () => {
    const code = `${prefix}event.set("sum", event.get("a") + event.get("[b][c]")); event.remove("a")`;
    const { events, matched } = await run({ code }, { a: 1, b: { c: 2 } });
    expect(events[0]).toMatchObject({ sum: 3, b: { c: 2 } });
    expect(events[0]).not.toHaveProperty('a');
    expect(matched).toBe(true);
  });

  test('an exception tags the event, keeps what was done, and is no success', async () => {
    const code = `${prefix}event.set("before", 1); event.get("none").strip; event.set("after", 1)`;
    const { events, matched } = await run({ code, tag_with_exception_message: true });
    expect(events[0]).toMatchObject({
      before: 1,
      tags: ['_rubyexception', "_rubyexception: undefined method 'strip' for nil"],
    });
    expect(events[0]).not.toHaveProperty('after');
    expect(matched).toBe(false);
  });

  test('the tag of exceptions can be chosen', async () => {
    const { events } = await run({ code: `${prefix}raise "x"`, tag_on_exception: '_oops' });
    expect(events[0]!['tags']).toEqual(['_oops']);
  });

  test('return and next leave the event as it is then', async () => {
    for (const word of ['return', 'next']) {
      const { events, matched } = await run({
        code: `${prefix}event.set("a", 1)\n${word} if true\nevent.set("b", 1)`,
      });
      expect(events[0]).toMatchObject({ a: 1 });
      expect(events[0]).not.toHaveProperty('b');
      expect(matched).toBe(true);
    }
  });

  test('new events come before the original', async () => {
    const code = `${prefix}[1, 2].each { |n| e = event.clone; e.set("n", n); new_event_block.call(e) }; event.set("n", 0)`;
    const { events } = await run({ code }, { message: 'x' });
    expect(events.map((event) => event['n'])).toEqual([1, 2, 0]);
    expect(events[0]).toMatchObject({ message: 'x', '@timestamp': '2026-11-20T10:00:00.000Z' });
  });

  test('cancel drops the event', async () => {
    expect((await run({ code: `${prefix}event.cancel` })).events).toEqual([]);
  });

  test('instance variables live from init on', async () => {
    const filter = await createFilter(ruby, {
      init: '@count = 10; LIMIT = 12\ndef twice(x) = x * 2',
      code: `${prefix}@count += 1; event.set("count", @count); event.set("over", @count > LIMIT); event.set("two", twice(@count))`,
    });
    await runFilter(filter, {});
    await runFilter(filter, {});
    expect((await runFilter(filter, {})).events[0]).toMatchObject({ count: 13, over: true, two: 26 });
  });

  test('@timestamp is a timestamp, other text is text', async () => {
    const code = `${prefix}event.set("kinds", [event.get("@timestamp").class.name, event.get("when").class.name]); event.set("@timestamp", LogStash::Timestamp.new("2020-01-01T00:00:00+01:00"))`;
    const { events } = await run({ code }, { when: '2026-11-20T10:00:00.000Z' });
    expect(events[0]).toMatchObject({
      kinds: ['LogStash::Timestamp', 'String'],
      '@timestamp': '2019-12-31T23:00:00.000Z',
    });
  });

  test('targets of date filters are timestamps', async () => {
    const filter = await ruby.create(
      resolveOptions(ruby, { code: `${prefix}event.set("year", event.get("[log][at]").year)` }),
      { ...testContext(), decorate: () => {}, timeFields: ['[log][at]'] },
    );
    const { events } = await runFilter(filter, { log: { at: '2024-02-03T04:05:06.000Z' } });
    expect(events[0]).toMatchObject({ year: 2024, log: { at: '2024-02-03T04:05:06.000Z' } });
  });

  test('numbers are exact', async () => {
    const event = new Event({
      big: 12345678901234567890n,
      long: JSON.rawJSON('0.12345678901234567890123') as never,
    });
    const filter = await createFilter(ruby, {
      code: `${prefix}event.set("copy", event.get("long")); event.set("next", event.get("big") + 1); event.set("whole", 3.0)`,
    });
    await runAll(filter, [event]);
    expect(JSON.stringify(event.fields)).toContain('"copy":0.12345678901234567890123');
    expect(event.fields['next']).toBe(12345678901234567891n);
    expect(event.fields['whole']).toBe(3);
  });

  test('code that takes too long is ended, the events around it are filtered', {
    timeout: 10_000,
  }, async () => {
    const filter = await createFilter(ruby, {
      code: `${prefix}event.set("seen", true)\nwhile event.get("hang"); end`,
      timeout_millis: 300,
    });
    const events = [new Event({ n: 1 }), new Event({ n: 2, hang: true }), new Event({ n: 3 })];
    const matched = await runAll(filter, events);
    expect(events[1]!.fields['tags']).toEqual(['_rubytimeout']);
    expect(events[1]!.fields).not.toHaveProperty('seen');
    expect([events[0]!.fields['seen'], events[2]!.fields['seen']]).toEqual([true, true]);
    expect([...matched]).toEqual([1, 0, 1]);
  });

  describe('scripts', () => {
    const prelude = prefix === '' ? '' : 'ObjectSpace\n';

    test('register and filter', async () => {
      const path = script(`${prelude}def register(params)
  @field = params["field"]
  @factor = params["factor"]
end
def filter(event)
  event.set(@field, event.get(@field) * @factor)
  [event]
end
test "it multiplies" do
  parameters { { "field" => "x", "factor" => 3 } }
  in_event { { "x" => 2 } }
  expect("six") { |events| events.first.get("x") == 6 }
end
`);
      const { events, matched } = await run({ path, script_params: { field: 'n', factor: 5 } }, { n: 4 });
      expect(events[0]).toMatchObject({ n: 20 });
      expect(matched).toBe(true);
    });

    test('events left out are dropped, others are new', async () => {
      const path = script(
        `${prelude}def filter(event)\n  [LogStash::Event.new("n" => 1), LogStash::Event.new("n" => 2)]\nend\n`,
      );
      expect((await run({ path })).events.map((event) => event['n'])).toEqual([1, 2]);
    });

    test('anything but a list of events is an exception', async () => {
      for (const answer of ['nil', 'event', '[1]']) {
        const { events, matched } = await run({
          path: script(`${prelude}def filter(event)\n  ${answer}\nend\n`),
        });
        expect(events[0]!['tags']).toEqual(['_rubyexception']);
        expect(matched).toBe(false);
      }
    });

    test('a test that fails is a config error', async () => {
      const path = script(`${prelude}def filter(event)
  [event]
end
test "nothing changes" do
  in_event { { "x" => 2 } }
  expect("there is one") { |events| events.length == 1 }
  expect("it grew") { |events| events.first.get("x") == 3 }
end
`);
      await expect(createFilter(ruby, { path })).rejects.toThrow('nothing changes: it grew');
    });

    test('register that raises is a config error', async () => {
      const path = script(
        `${prelude}def register(params)\n  raise "no field" unless params["field"]\nend\ndef filter(event) = [event]\n`,
      );
      await expect(createFilter(ruby, { path })).rejects.toThrow('no field');
    });
  });

  test('init that raises is a config error', async () => {
    await expect(createFilter(ruby, { init: `${prefix}raise "not today"`, code: 'event' })).rejects.toThrow(
      'not today',
    );
  });
});

async function runAll(filter: Filter, events: Event[]): Promise<Uint8Array> {
  if (filter.filterBatch) return filter.filterBatch(events, () => {});
  return Uint8Array.from(events.map((event) => Number(filter.filter!(event, () => {}))));
}

describe('both', () => {
  test('a value beyond the compiler moves the filter to CRuby, from that event on', async () => {
    const filter = await createFilter(ruby, {
      init: '@seen = 0',
      code: 'event.set("before", 1); event.set("bytes", event.get("v").unpack("n*")) if event.get("v"); event.set("done", event.get("@timestamp").year)',
    });
    const events = [{}, { v: 'abcd' }, {}].map(
      (fields) => new Event({ '@timestamp': '2026-11-20T10:00:00.000Z', ...fields }),
    );
    const first = filter.filterBatch!(events, () => {});
    expect(first).toBeInstanceOf(Promise);
    expect([...(await first)]).toEqual([1, 1, 1]);
    expect(events.map((event) => event.fields['done'])).toEqual([2026, 2026, 2026]);
    expect(events[1]!.fields['bytes']).toEqual([24930, 25444]);
    const later = new Event({ '@timestamp': '2026-11-20T10:00:00.000Z', v: 'ab' });
    expect([...(await filter.filterBatch!([later], () => {}))]).toEqual([1]);
    expect(later.fields['bytes']).toEqual([24930]);
  });

  test('filters in CRuby do not see each other’s variables', async () => {
    const make = (n: number) =>
      createFilter(ruby, {
        init: `${IN_CRUBY}@n = ${n}; def mine = @n`,
        code: `${IN_CRUBY}event.set("n", mine)`,
      });
    const [one, two] = await Promise.all([make(1), make(2)]);
    const results = await Promise.all([runFilter(one, {}), runFilter(two, {}), runFilter(one, {})]);
    expect(results.map(({ events }) => events[0]!['n'])).toEqual([1, 2, 1]);
  });

  test('files and the standard library are there in CRuby', async () => {
    const file = join(directory, 'table.csv');
    writeFileSync(file, 'a,1\nb,2\n');
    const { events } = await run(
      {
        init: `require "csv"; @table = CSV.read(${JSON.stringify(file)}).to_h; @net = IPAddr.new("10.0.0.0/8")`,
        code: 'event.set("v", @table[event.get("k")]); event.set("inside", @net.include?(event.get("ip"))); event.set("y", YAML.load("a: [1]"))',
      },
      { k: 'b', ip: '10.2.3.4' },
    );
    expect(events[0]).toMatchObject({ v: '2', inside: true, y: { a: [1] } });
  });

  test('straight code is filtered event by event, code that may hang in batches', async () => {
    expect(
      await createFilter(ruby, { code: 'event.to_hash.each { |k, v| event.remove(k) if v.nil? }' }),
    ).toHaveProperty('filter');
    expect(await createFilter(ruby, { code: 'loop { break }' })).toHaveProperty('filterBatch');
  });

  test.each([
    ['event.set("a', /line 1, column \d+/],
    ['x = 1\nif x then\n  y = 2\n', /Ruby syntax error in line \d/],
    ['event.set("a", 1))', /line 1, column 18/],
  ])('a syntax error says where: %j', (code, expected) => {
    expect(problems({ code })[0]).toMatch(expected);
    expect(problems({ init: code, code: 'event' })[0]).toContain('error init: Ruby syntax error');
  });

  test('code and path exclude each other, and one must be there', () => {
    expect(problems({})).toEqual(['error : it takes either code or path']);
    expect(problems({ code: 'event', path: script('def filter(e) = [e]') })[0]).toContain('exclude');
    expect(problems({ path: script('def filter(event)\n  [event\nend') })[0]).toContain(
      'error path: Ruby syntax error in line',
    );
    expect(problems({ code: 'event.set("a", 1)' })).toEqual([]);
  });

  test.each([
    ['event.set("a", 1)', undefined, 'none'],
    ['@n = (@n || 0) + 1', undefined, 'shared'],
    ['event.set("a", @map[event.get("k")])', '@map = {"x" => 1}', 'none'],
    [
      'event.set("a", @map.fetch(event.get("k"), "none").to_s + @name.to_s)',
      '@map = {"x" => 1}; @name = "q"',
      'none',
    ],
    ['@cache[event.get("k")] ||= 1', '@cache = {}', 'shared'],
    ['m = @map; m["x"] = 1', '@map = {}', 'shared'],
    ['@list << event.get("k")', '@list = []', 'shared'],
    ['$n = 1', undefined, 'shared'],
  ])('state of %j', (code, init, expected) => {
    const state = ruby.state as (options: unknown) => string;
    expect(state(resolveOptions(ruby, { code, init }))).toBe(expected);
  });

  test.each([
    ['event.set("a", event.get("[b][c]")); event.remove("d")', ['a', '[b][c]', 'd']],
    ['event.set("a", event.sprintf("%{host} %{[x][y]}"))', ['a', 'host', '[x][y]']],
    ['event.to_hash.keys', 'all'],
    ['event.get(event.get("a"))', 'all'],
    ['new_event_block.call(event.clone)', 'all'],
    ['x = event', 'all'],
  ])('reads of %j', (code, expected) => {
    const reads = ruby.reads!(resolveOptions(ruby, { code }));
    if (expected === 'all') expect(reads).toBe('all');
    else expect([...(reads as string[])].sort()).toEqual([...(expected as string[])].sort());
  });

  test('never throws on any event', async () => {
    const codes = [
      'event.to_hash.each { |k, v| event.set("[moved][#{k}]", v); event.remove(k) }',
      'event.get("a").each { |k, v| event.set("[#{k}]", v) }; event.set("[a][b]", event.get("c").upcase + event.get("d"))',
      'event.set("x", event.get("a") / event.get("b")); event.tag(event.get("c")); event.set("tags", event.get("d"))',
    ];
    for (const code of codes) {
      const filter = await createFilter(ruby, { code });
      await fc.assert(
        fc.asyncProperty(
          fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd', 'tags', '__proto__', '[x]'), fc.jsonValue()),
          async (fields) => {
            const event: EventType = new Event({
              '@timestamp': '2026-11-20T10:00:00.000Z',
              ...(fields as Fields),
            });
            await runAll(filter, [event as Event]);
            JSON.stringify(event.fields);
          },
        ),
        { numRuns: 200 },
      );
    }
  });
});
