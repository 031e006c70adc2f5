/** The two ways of running Ruby against each other: compiled to JavaScript, and CRuby in WebAssembly. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { Event } from '../../event/event.ts';
import type { Fields } from '../../kernel/event-types.ts';
import { silentLogger } from '../../kernel/logger.ts';
import { Unsupported } from './class.ts';
import { analyseRuby } from './compile.ts';
import { RubyProgram } from './program.ts';
import { rubyMachine } from './wasm-client.ts';

afterAll(() => rubyMachine().close());

const base = {
  '@timestamp': '2026-11-20T10:00:00.123Z',
  '@version': '1',
  message: 'Hello World, 123 foo=bar',
  n: 5,
  f: 2.5,
  neg: -7,
  big: 12345678901234567890n,
  t: true,
  nil: null,
  list: ['b', 'a', 'c', 'a'],
  nums: [3, 1, 2],
  nested: { a: { b: 'deep' }, x: [1, { y: 2 }] },
  utf: 'Grüße, 世界 🌍',
  empty: '',
  json: '{"a":1,"b":[1,2.5,"x"],"1":null,"c":1.0}',
  csv: 'a, b,,c,,',
  ts: '2026-11-20T12:30:45.678+02:00',
};

const INIT = 'require "json"; require "time"; require "base64"; require "digest"; require "set"';
/** Times of now differ between the two runs. */
const NOW = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z/g;

interface Result {
  fields: unknown;
  metadata: unknown;
  cancelled: boolean;
  made: unknown[];
  raised: string | undefined;
}

/** Comparable: order of keys kept, BigInts exact, removed fields gone. */
const plain = (value: unknown): unknown =>
  value === undefined ? undefined : JSON.parse(JSON.stringify(value).replace(NOW, 'now'));
const text = (value: unknown): string => JSON.stringify(value).replace(NOW, 'now');

/** No metadata and none in it are the same. */
const present = (metadata: unknown): unknown =>
  metadata && Object.keys(metadata).length > 0 ? plain(metadata) : undefined;

function show(result: Result): unknown {
  return {
    ...result,
    fields: plain(result.fields),
    metadata: present(result.metadata),
    made: plain(result.made),
  };
}

async function inMachine(code: string, events: Fields[]): Promise<Result[]> {
  const filter = rubyMachine().filter({ init: INIT, code, times: ['@timestamp'] }, silentLogger);
  await filter.load();
  const list = events.map((fields) => new Event(fields));
  const outcomes = await filter.run(list, 5000);
  await filter.unload();
  return list.map((event, index) => {
    const { made, kind, message } = outcomes[index]!;
    return {
      fields: event.fields,
      metadata: event.metadata,
      cancelled: event.cancelled,
      made: made.map((each) => [each.fields, each.metadata]),
      raised: kind === undefined ? undefined : `${kind}: ${message}`,
    };
  });
}

/** Undefined when the code turns out to be beyond the compiler. */
function compiled(code: string, events: Fields[]): Result[] | undefined {
  const analysis = analyseRuby({ init: INIT, code });
  expect(analysis.errors).toEqual([]);
  if (analysis.compiled === undefined) return undefined;
  const program = new RubyProgram(analysis.compiled, silentLogger, [], true);
  program.load();
  const results: Result[] = [];
  for (const fields of events) {
    const before = text(fields);
    const event = new Event(fields);
    const made: unknown[] = [];
    try {
      const raised = program.run(event, (each) => made.push([each.fields, each.metadata]));
      const { metadata, cancelled } = event;
      const said = raised && `${raised.rclass.name}: ${raised.message}`;
      results.push({ fields: event.fields, metadata, cancelled, made, raised: said });
    } catch (error) {
      if (!(error instanceof Unsupported)) throw error;
      program.undo();
      expect(text(event.fields)).toBe(before);
      return undefined;
    }
  }
  return results;
}

describe('compiled Ruby does what CRuby does', () => {
  const snippets = readFileSync(new URL('../../../test/fixtures/ruby/snippets.txt', import.meta.url), 'utf8')
    .split(/^---\n/m)
    .map((each) => each.trim());

  test('there are enough of them', () => {
    expect(snippets.length).toBeGreaterThan(150);
  });

  test.each(snippets)('%s', async (code) => {
    const [expected] = await inMachine(code, [structuredClone(base) as unknown as Fields]);
    const results = compiled(code, [structuredClone(base) as unknown as Fields]);
    if (code.startsWith('# CRuby')) {
      // Beyond the compiler, but no exception that both would raise.
      expect(results).toBeUndefined();
      if (!code.startsWith('# CRuby raises')) expect(expected!.raised).toBeUndefined();
      return;
    }
    expect(results, 'it is compiled').toBeDefined();
    expect(show(results![0]!)).toEqual(show(expected!));
    expect(text(results![0]!.fields)).toBe(text(expected!.fields));
  });
});

/** Both ways over many events at once; what the compiler hands on is not compared. */
async function same(code: string, events: Fields[]): Promise<void> {
  const results = compiled(code, structuredClone(events));
  expect(results, 'it is compiled').toBeDefined();
  const expected = await inMachine(code, structuredClone(events));
  for (const [index, result] of results!.entries())
    expect(show(result), JSON.stringify(events[index])).toEqual(show(expected[index]!));
}

const samples = <T>(arbitrary: fc.Arbitrary<T>, count: number): T[] =>
  fc.sample(arbitrary, { numRuns: count, seed: 20261191 });

const moveToSensorFleet = `
event.to_hash.each { |k, v|
    unless [ "@timestamp", "@version", "host"].include?(k)
        event.set("[_sensorfleet_event][#{k}]", v)
        event.remove(k)
    end
}

# Copy fields from SensorFleet event data to root level (if any)
data = event.get("[_sensorfleet_event][data]")
unless data.nil?
    data.to_hash.each { |k, v|
        event.set("[#{k}]", v)
    }
end
`;

describe('on any event', () => {
  const name = fc.oneof(
    fc.stringMatching(/^[a-z_]{1,8}$/),
    fc.constantFrom(
      'data',
      'tags',
      'host',
      '@metadata',
      '@timestamp',
      'a b',
      'ä',
      '[x]',
      'a]b',
      '',
      '__proto__',
    ),
    fc.constantFrom('constructor', 'toString', '_sensorfleet_event', '7', '-1', 'message'),
  );
  const scalar = fc.oneof(
    fc.string(),
    fc.integer(),
    fc.maxSafeInteger(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).filter((each) => !Object.is(each, -0)),
    fc.boolean(),
    fc.constant(null),
  );
  const value = fc.letrec<{ any: unknown }>((tie) => ({
    any: fc.oneof(
      { depthSize: 'small' },
      scalar,
      fc.array(tie('any'), { maxLength: 3 }),
      fc.dictionary(name, tie('any'), { maxKeys: 4 }),
    ),
  })).any;
  const event = fc
    .tuple(
      fc.dictionary(name, value, { maxKeys: 8 }),
      fc.option(fc.dictionary(name, value, { maxKeys: 5 }), { nil: undefined }),
    )
    .map(([fields, data]) => {
      const { '@timestamp': _, '@metadata': __, ...rest } = fields;
      return {
        ...rest,
        ...(data ? { data } : {}),
        '@timestamp': '2026-11-20T10:00:00.000Z',
        '@version': '1',
      } as Fields;
    });

  test('the filter of the two-hop pipeline', { timeout: 20_000 }, async () => {
    expect(analyseRuby({ code: moveToSensorFleet }).compiled).toMatchObject({
      guard: undefined,
      total: true,
    });
    await same(moveToSensorFleet, samples(event, 300));
  });

  test('text', async () => {
    const code = `s = event.get("s")
event.set("r", [s.strip, s.upcase, s.downcase, (s.start_with?("ß") ? 0 : s.capitalize), s.swapcase, s.reverse, s.length, s.bytesize, s.inspect, s.to_i, s.to_f, s.chomp, s.chop, s.split, s.split(","), s.split(/\\s*/), s.split(/(a)|b/, 3), s.squeeze, (s =~ /\\A[a-zA-Z0-9 .\\[-]+\\z/ ? s.succ : 0), s[1], s[-2..], s[1, 3], s.sub(/\\w/, "<\\\\0>"), s.gsub(/[^a-c]/) { |c| c * 2 }, s.tr("a-y", "b-z"), s.delete("^a-c"), s.count("a-c"), s.index("a"), s =~ /b+/, s.scan(/[ab]./), s.partition("a"), s.center(9, "xy"), s.to_sym.inspect, s.to_json, s.hash == s.dup.hash, s.lines, s.start_with?("a"), s.casecmp("A"), s <=> "b", s.hex, s.oct, s.unpack("U*"), s.each_char.to_a.last])`.replace(
      ', s.hash == s.dup.hash',
      '',
    );
    const texts = samples(
      fc.oneof(
        fc.string({ unit: fc.constantFrom(...'abcABC019 ,.-_\n\t\'"\\#{$éß世🌍') }),
        fc.string({ unit: 'binary-ascii' }),
        fc.string({ maxLength: 6 }),
      ),
      300,
    );
    await same(
      code,
      texts.map((s) => ({ '@timestamp': base['@timestamp'], s })),
    );
  });

  test('numbers', async () => {
    const code = `a, b = event.get("a"), event.get("b")
r = [a + b, a - b, a * b, a == b, a <=> b, a.to_s, a.to_f.to_s, a.to_i, a.round(2), a.round(1), a.round, a.floor, a.ceil, a.floor(1), a.ceil(2), a.round(-1), "%.2f %d %e %g %8.3f|%x" % [a, a, a, a, a, a.to_i.abs], a.abs, -a, [a, b].max, a.between?(b, 10), [a, b, 0.1].sum]
r += [a / b, a % b, a.divmod(b), (a.abs < 2**50 && b.abs < 2**50 ? a.fdiv(b) : 0), b.is_a?(Integer) ? a.div(b) : 0] unless b == 0
event.set("r", r)`;
    const number = fc.oneof(
      fc.integer({ min: -1000, max: 1000 }),
      fc.maxSafeInteger(),
      fc
        .bigInt({ min: -(2n ** 70n), max: 2n ** 70n })
        .filter((each) => each > 2n ** 53n || each < -(2n ** 53n)),
      fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 }),
      fc.integer({ min: -99999, max: 99999 }).map((each) => each / 1000),
    );
    const pairs = samples(fc.tuple(number, number), 400).filter(
      (pair) => !pair.some((each) => Object.is(each, -0)),
    );
    await same(code, pairs.map(([a, b]) => ({ '@timestamp': base['@timestamp'], a, b })) as Fields[]);
  });

  test('lists and maps', async () => {
    const code = `v = event.get("v")
l = v.is_a?(Hash) ? v.to_a.flatten(1) : Array(v)
event.set("r", [l.inspect, l.compact.length, l.uniq, l.flatten, l.reverse, l.first(2), l.last, l.include?(1), l.map { |x| x.class.name }, l.group_by { |x| x.class.name }.keys, l.partition { |x| x.is_a?(String) }, l.each_slice(2).to_a, l.zip(l.reverse), l.join("|"), l.to_s.length, l.each_with_index.map { |x, i| [i, x] }, l.tally.values, l.index(nil), l.reject(&:nil?), l.find { |x| x.is_a?(Hash) }])
h = v.is_a?(Hash) ? v : {"v" => v}
event.set("h", [h.keys, h.values, h.to_a, h.map { |k, x| k }, h.select { |k, x| x.nil? }, h.reject { |k, x| x.nil? }, h.min_by { |k, x| k }, h.sort_by { |k, x| k }.map(&:first), h.transform_values(&:to_s), h.invert.length, h.any? { |k, x| x == true }, h.to_json.length, h.merge({"z" => 1}), h.sum { |k, x| k.length }, h.dig("a"), h.each_with_object([]) { |(k, x), m| m << k }, h.inspect])`;
    await same(code, samples(value, 300).map((v) => ({ '@timestamp': base['@timestamp'], v })) as Fields[]);
  });

  test('times', async () => {
    const code = `t = LogStash::Timestamp.new(event.get("t")); u = t.time
event.set("r", [t.to_s, t.to_i, t.to_f, u.iso8601(6), u.strftime("%Y %C %y %m %B %b %d %e %j %H %k %I %l %M %S %L %N %3N %z %:z %Z %A %a %u %w %G %g %V %U %W %s %F %T %D %R %r %c %p %P %-d %-m %^a %010Y"), u.yday, u.wday, (u + 86400.5).to_s, (u - 1).usec, u.inspect, u.to_s, u <=> Time.at(0), (u - Time.at(0)).to_s, u.monday?, Time.at(u.to_i, u.nsec, :nsec).utc == u, Time.parse(t.to_s).to_f])`;
    const times = samples(
      fc.date({ min: new Date('1971-01-01'), max: new Date('2100-01-01'), noInvalidDate: true }),
      300,
    );
    await same(
      code,
      times.map((t) => ({ '@timestamp': base['@timestamp'], t: t.toISOString() })),
    );
  });
});
