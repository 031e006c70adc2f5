import { describe, expect, test } from 'vitest';
import { type Compiled, compileConfig } from '../../test/support/compiled.ts';
import { withoutRemoved } from '../../test/support/plugin.ts';
import { cloneEvent, Event } from '../event/event.ts';
import type { Fields } from '../kernel/event-types.ts';
import type { Filter } from '../kernel/plugin.ts';

const INPUT = 'input { generator { } }';
const events = (...fields: Fields[]): Event[] => fields.map((each) => new Event(structuredClone(each)));
const shown = (lists: readonly (readonly { fields: Fields }[])[]): Fields[][] =>
  lists.map((list) => list.map(({ fields }) => withoutRemoved(fields)));

/** What the (only) output gets. */
async function out(filters: string, ...fields: Fields[]): Promise<Fields[]> {
  const compiled = await compileConfig(`${INPUT} ${filters} output { null { } }`);
  expect(compiled.pipeline.run([], [[]], compiled.counters)).toBe(undefined);
  return shown(await compiled.run(events(...fields)))[0]!;
}

describe('filters', () => {
  test('several sections are one behind the other', async () => {
    const config = `
      filter { mutate { add_field => { "a" => "1" } } }
      filter { mutate { add_field => { "a" => "2" } } if [a] == "x" { drop { } } }
      filter { mutate { add_field => { "b" => "%{a}" } } }`;
    expect(await out(config, {})).toEqual([{ a: ['1', '2'], b: '1,2' }]);
  });

  test('else if and else', async () => {
    const config = `filter {
      if [n] == 1 { mutate { replace => { "r" => "one" } } }
      else if [n] == 2 { mutate { replace => { "r" => "two" } } }
      else { mutate { replace => { "r" => "other" } } }
      mutate { remove_field => ["n"] }
    }`;
    expect(await out(config, { n: 1 }, { n: 2 }, { n: 3 })).toEqual([
      { r: 'one' },
      { r: 'two' },
      { r: 'other' },
    ]);
  });

  test('a condition sees what the arm before it did, but no second arm is taken', async () => {
    const config = `filter {
      if ![a] { mutate { replace => { "a" => "x" } } } else if [a] { mutate { replace => { "b" => "no" } } }
      if [a] == "x" { mutate { replace => { "c" => "yes" } } }
    }`;
    expect(await out(config, {})).toEqual([{ a: 'x', c: 'yes' }]);
  });

  test('drop', async () => {
    const config = 'filter { if [debug] { drop { } } mutate { replace => { "seen" => "1" } } }';
    expect(await out(config, { debug: 1 }, { n: 1 })).toEqual([{ n: 1, seen: '1' }]);
  });

  test('events of clone come before the original, take the same way and only they are decorated', async () => {
    const config = `filter {
      clone { clones => ["copy"] add_tag => ["cloned"] }
      if [type] == "copy" { mutate { replace => { "way" => "copy" } } } else { mutate { replace => { "way" => "original" } } }
    }`;
    expect(await out(config, { n: 1 }, { n: 2 })).toEqual([
      { n: 1, type: 'copy', tags: ['cloned'], way: 'copy' },
      { n: 1, way: 'original' },
      { n: 2, type: 'copy', tags: ['cloned'], way: 'copy' },
      { n: 2, way: 'original' },
    ]);
  });

  test('split in split', async () => {
    const config = `filter {
      if [lines] { split { field => "lines" terminator => ";" } split { field => "lines" terminator => "," } }
      mutate { add_tag => ["end"] }
    }`;
    expect(await out(config, { lines: 'a,b;c' }, { n: 1 })).toEqual([
      { lines: 'a', tags: ['end'] },
      { lines: 'b', tags: ['end'] },
      { lines: 'c', tags: ['end'] },
      { n: 1, tags: ['end'] },
    ]);
  });

  test('common options are applied on success only', async () => {
    const filter: Filter = { filter: (event) => event.fields['ok'] === true };
    const config = `${INPUT} filter { mutate { id => "m" add_tag => ["t"] } } output { null { } }`;
    const compiled = await compileConfig(config, { m: filter });
    expect(shown(await compiled.run(events({ ok: true }, { ok: false })))).toEqual([
      [{ ok: true, tags: ['t'] }, { ok: false }],
    ]);
  });

  test('a filter that throws: the event is tagged and goes on, the others are not touched', async () => {
    const filter: Filter = {
      filter: (event) => {
        if (event.fields['n'] === 2) throw new Error('two');
        return true;
      },
    };
    const config = `${INPUT} filter { mutate { id => "m" add_tag => ["ok"] } mutate { add_tag => ["next"] } } output { null { } }`;
    const compiled = await compileConfig(config, { m: filter });
    expect(shown(await compiled.run(events({ n: 1 }, { n: 2 })))).toEqual([
      [
        { n: 1, tags: ['ok', 'next'] },
        { n: 2, tags: ['_filter_exception', 'next'] },
      ],
    ]);
    expect(compiled.filterErrors).toEqual(['m: two']);
  });

  test('a common option that can not be applied is such an error', async () => {
    const compiled = await compileConfig(
      `${INPUT} filter { mutate { id => "m" add_field => { "[n][x]" => "1" } } } output { null { } }`,
    );
    expect(shown(await compiled.run(events({ n: 1 })))).toEqual([[{ n: 1, tags: ['_filter_exception'] }]]);
    expect(compiled.filterErrors[0]).toMatch(/^m: could not set field/);
  });

  test('events made before a throw go on', async () => {
    const filter: Filter = {
      filter: (event, emit) => {
        emit(new Event({ made: true }));
        event.cancelled = event.fields['n'] === 1;
        throw new Error('late');
      },
    };
    const config = `${INPUT} filter { split { id => "s" } } output { null { } }`;
    const compiled = await compileConfig(config, { s: { ...filter, changesCount: true } });
    expect(shown(await compiled.run(events({ n: 1 }, { n: 2 })))).toEqual([
      [{ made: true }, { made: true }, { n: 2, tags: ['_filter_exception'] }],
    ]);
  });

  test('a filter that makes events without saying so is an error', async () => {
    const filter: Filter = {
      filter: (_event, emit) => {
        emit(new Event({}));
        return true;
      },
    };
    const compiled = await compileConfig(`${INPUT} filter { mutate { id => "m" } } output { null { } }`, {
      m: filter,
    });
    expect(shown(await compiled.run(events({})))).toEqual([[{ tags: ['_filter_exception'] }]]);
    expect(compiled.filterErrors[0]).toContain('changesCount');
  });
});

describe('outputs', () => {
  test('each gets what its conditions let through, in order', async () => {
    const compiled = await compileConfig(`${INPUT} output {
      null { }
      if [n] > 1 { null { } if [n] == 3 { null { } } } else { null { } }
      null { }
    }`);
    const numbers = (await compiled.run(events({ n: 1 }, { n: 2 }, { n: 3 }))).map((list) =>
      list.map(({ fields }) => fields['n']),
    );
    expect(numbers).toEqual([[1, 2, 3], [2, 3], [3], [1], [1, 2, 3]]);
  });

  test('a condition without an answer keeps the event from that output only', async () => {
    const compiled = await compileConfig(
      `${INPUT} output { if [n] > 1 { null { } } else { null { } } null { } if [n] < 1 { null { } } }`,
    );
    expect(shown(await compiled.run(events({ n: 'x' })))).toEqual([[], [], [{ n: 'x' }], []]);
    expect(compiled.conditionErrors).toEqual(['[n] > 1: text can not be compared with a number']);
  });
});

test('a condition without an answer drops the event', async () => {
  const compiled = await compileConfig(
    `${INPUT} filter { if [n] > 1 { mutate { id => "a" } } else { mutate { id => "b" } } mutate { id => "c" } } output { null { } }`,
  );
  expect(shown(await compiled.run(events({ n: 1 }, {}, { n: 2 })))).toEqual([[{ n: 1 }, { n: 2 }]]);
  expect(compiled.conditionErrors).toEqual(['[n] > 1: a missing field can not be compared with a number']);
  expect([compiled.counts('a'), compiled.counts('b'), compiled.counts('c')]).toEqual([
    [1, 1],
    [1, 1],
    [2, 2],
  ]);
});

test('counters: events in and out of filters, in of outputs; milliseconds when timed', async () => {
  const compiled = await compileConfig(`${INPUT} filter {
    mutate { id => "first" }
    split { id => "split" field => "l" }
    if [l] == "b" { drop { id => "drop" } }
    mutate { id => "last" }
  } output { null { id => "out" } if [l] == "a" { null { id => "some" } } }`);
  await compiled.run(events({ l: ['a', 'b', 'c'] }, { l: 'x' }));
  const ids = ['first', 'split', 'drop', 'last', 'out', 'some'];
  const expected = [
    [2, 2],
    [2, 4],
    [1, 0],
    [3, 3],
    [3, 0],
    [1, 0],
  ];
  expect(ids.map((id) => compiled.counts(id))).toEqual(expected);
  expect(compiled.counters.filter((_, at) => at % 3 === 2)).toEqual(new Float64Array(7));
  await compiled.run(events({ l: ['a', 'b', 'c'] }, { l: 'x' }), true);
  expect(ids.map((id) => compiled.counts(id))).toEqual(expected.map(([a, b]) => [a! * 2, b! * 2]));
  expect(compiled.counters.filter((_, at) => at % 3 === 2).some((millis) => millis > 0)).toBe(true);
});

describe('flush', () => {
  /** Counts events and tells the number at a flush. */
  function counting(name: string): Filter & { changesCount: true } {
    let seen = 0;
    return {
      changesCount: true,
      filter: () => {
        seen++;
        return true;
      },
      flush: (emit, final) => emit(new Event({ [name]: seen, final })),
    };
  }

  const config = `${INPUT} filter {
    mutate { add_tag => ["start"] }
    if [a] { split { id => "one" } mutate { add_tag => ["arm"] } }
    split { id => "two" }
    mutate { id => "end" add_tag => ["end"] }
  } output { null { } if [two] { null { } } }`;

  test('new events continue behind their filter, filters in order', async () => {
    const compiled = await compileConfig(config, { one: counting('one'), two: counting('two') });
    await compiled.run(events({ a: 1 }, {}));
    const first = { one: 1, final: true, tags: ['arm', 'end'] };
    const second = { two: 3, final: true, tags: ['end'] };
    expect(shown(await compiled.flush(true))).toEqual([[first, second], [second]]);
    expect(compiled.counts('end')).toEqual([4, 4]);
  });

  test('through filters that wait, too', async () => {
    const waiting: Filter = {
      filterBatch: async (batch) => {
        for (const { fields } of batch) fields['waited'] = true;
        return new Uint8Array(batch.length).fill(1);
      },
    };
    const compiled = await compileConfig(
      `${INPUT} filter { if [a] { split { id => "one" } mutate { id => "wait" add_tag => ["arm"] } mutate { add_tag => ["arm2"] } } mutate { add_tag => ["end"] } } output { null { } }`,
      { one: counting('one'), wait: waiting },
    );
    expect(shown(await compiled.flush(false))).toEqual([
      [{ one: 0, final: false, waited: true, tags: ['arm', 'arm2', 'end'] }],
    ]);
  });

  test('an exception is reported', async () => {
    const compiled = await compileConfig(config, {
      one: {
        ...counting('one'),
        flush: () => {
          throw new Error('no');
        },
      },
      two: counting('two'),
    });
    expect(shown(await compiled.flush(true))[0]).toEqual([{ two: 0, final: true, tags: ['end'] }]);
    expect(compiled.filterErrors).toEqual(['one: no']);
  });
});

describe('filters over whole batches', () => {
  const waitFor = (result: Uint8Array): Promise<Uint8Array> =>
    new Promise((resolve) => setTimeout(() => resolve(result), 5));
  /** Adds what the batch looked like. */
  const batched = (promised: boolean): Filter & { changesCount: true } => ({
    changesCount: true,
    filterBatch: (batch, emit) => {
      const seen = batch.map(({ fields }) => fields['n']).join();
      for (const [at, event] of batch.entries()) {
        event.fields['batch'] = seen;
        if (event.fields['n'] === 2) event.cancelled = true;
        if (event.fields['n'] === 3) emit(new Event({ made: true }), at);
      }
      const result = new Uint8Array(batch.length).fill(1);
      return promised ? waitFor(result) : result;
    },
  });
  const config = `${INPUT} filter {
    mutate { replace => { "before" => "1" } }
    if [n] > 0 { mutate { id => "batch" add_tag => ["ok"] } if [made] { mutate { add_tag => ["arm"] } } } else { mutate { add_tag => ["zero"] } }
    mutate { id => "after" replace => { "after" => "1" } }
  } output { null { } }`;
  const expected = [
    { n: 1, before: '1', batch: '1,2,3', tags: ['ok'], after: '1' },
    { n: 0, before: '1', tags: ['zero'], after: '1' },
    { made: true, tags: ['arm'], after: '1' },
    { n: 3, before: '1', batch: '1,2,3', tags: ['ok'], after: '1' },
  ];

  test.each([true, false])('keep the order; promised: %s', async (promised) => {
    const compiled = await compileConfig(config, { batch: batched(promised) });
    const lists: Event[][] = [[]];
    const result = compiled.pipeline.run(
      events({ n: 1 }, { n: 2 }, { n: 0 }, { n: 3 }),
      lists,
      compiled.counters,
    );
    expect(result instanceof Promise).toBe(promised);
    expect(await result).toBe(undefined);
    expect(shown(lists)).toEqual([expected]);
    expect([compiled.counts('batch'), compiled.counts('after')]).toEqual([
      [3, 3],
      [4, 4],
    ]);
  });

  test('several batches may be under way', async () => {
    const compiled = await compileConfig(config, { batch: batched(true) });
    const results = await Promise.all([1, 3, 5].map((n) => compiled.run(events({ n }))));
    expect(results.map((lists) => lists[0]!.map(({ fields }) => fields['n']))).toEqual([
      [1],
      [undefined, 3],
      [5],
    ]);
  });

  test('a rejection tags the whole batch', async () => {
    const compiled = await compileConfig(config, {
      batch: { filterBatch: () => Promise.reject(new Error('gone')) },
    });
    const [list] = shown(await compiled.run(events({ n: 1 }, { n: 3 })));
    expect(list!.map(({ tags }) => tags)).toEqual([['_filter_exception'], ['_filter_exception']]);
    expect(compiled.filterErrors).toEqual(['batch: gone', 'batch: gone']);
  });

  test('a condition without an answer', async () => {
    const compiled = await compileConfig(config, { batch: batched(false) });
    expect(shown(await compiled.run(events({ n: 'x' }, { n: 1 })))[0]).toHaveLength(1);
    expect(compiled.conditionErrors).toEqual([
      '[n] > 0, [made]: text can not be compared with a number'.replace(', [made]', ''),
    ]);
  });
});

describe('conditions with expressions that could run for ever', () => {
  const slow = `${'a'.repeat(40)}b`;
  const config = (where: 'filter' | 'output') => {
    const branch = `if [m] =~ /^(a+)+\\1c$/ { NODE { id => "yes" } } else if [m] == "x" { NODE { id => "x" } }`;
    return where === 'filter'
      ? `${INPUT} filter { ${branch.replaceAll('NODE', 'mutate')} } output { null { } }`
      : `${INPUT} output { null { } ${branch.replaceAll('NODE', 'null')} null { } }`;
  };

  const run = (compiled: Compiled) => compiled.run(events({ m: 'aac' }, { m: slow }, { m: 'x' }, { m: 'y' }));

  test('an event that takes too long has no answer, the others go on', async () => {
    const compiled = await compileConfig(config('filter'), {}, 60);
    expect(shown(await run(compiled))).toEqual([[{ m: 'aac' }, { m: 'x' }, { m: 'y' }]]);
    expect(compiled.conditionErrors).toEqual([expect.stringContaining('took longer than 60 ms')]);
    expect([compiled.counts('yes'), compiled.counts('x')]).toEqual([
      [1, 1],
      [1, 1],
    ]);
  });

  test('before outputs', async () => {
    const compiled = await compileConfig(config('output'), {}, 60);
    const lists = shown(await run(compiled)).map((list) => list.map(({ m }) => m));
    expect(lists).toEqual([['aac', slow, 'x', 'y'], ['aac'], ['x'], ['aac', slow, 'x', 'y']]);
    expect(compiled.conditionErrors).toHaveLength(1);
  });
});

describe('source', () => {
  test('is readable: nodes and conditions are named', async () => {
    const { pipeline } = await compileConfig(
      `${INPUT}\nfilter { if [a][b] == "x" { mutate { id => "m\n" } } }\noutput { null { id => "o" } }`,
    );
    expect(pipeline.source).toContain('e.fields.a?.b === "x"');
    expect(pipeline.source).toContain('// [a][b] == "x"');
    expect(pipeline.source).toContain('// mutate "m\\n" at test.conf:2');
  });

  test('no text of a config becomes code', async () => {
    const evil = '`\u0024{globalThis.hacked = 1}\'\\"; globalThis.hacked = 1; //\u2028globalThis.hacked = 1;';
    const quoted = `'${evil.replaceAll("'", '')}'`;
    const name = '[a`\u0024{globalThis.hacked = 1}"; globalThis.hacked = 1; //\u2028]';
    const compiled = await compileConfig(`${INPUT} filter {
      if ${name} == ${quoted} or ${name} in [${quoted}, "b"] or ${name} =~ ${quoted.replaceAll(/[(){}[\]*+?]/g, '')} or ${quoted} in ${name}
        { mutate { id => ${quoted} add_field => { ${quoted} => ${quoted} } remove_field => [${quoted}] add_tag => [${quoted}] } }
      mutate { add_field => { '${name}[x]' => ${quoted} "__proto__" => "y" } }
    } output { null { } }`);
    await compiled.run(events({}));
    expect((globalThis as { hacked?: number }).hacked).toBe(undefined);
    expect(({} as { x?: unknown }).x).toBe(undefined);
  });

  test('many statements are spread over functions', async () => {
    const many = Array.from(
      { length: 500 },
      (_, i) => `if [n] == ${i} { mutate { add_field => { "r" => "${i}" } } }`,
    );
    const chain = many.join(' else ');
    const config = `filter { ${chain} ${many.join('\n')} ${Array.from({ length: 300 }, (_, i) => `mutate { add_field => { "f${i}" => "x" } }`).join('\n')} }`;
    const [event] = await out(config, { n: 499 });
    expect(event!['r']).toEqual(['499', '499']);
    expect(Object.keys(event!)).toHaveLength(302);
  });
});

test('events emitted later than their filter call are not lost', async () => {
  // A filter may keep `emit` and call it when the next event comes: those events go out before that one.
  let late: ((event: Event) => void) | undefined;
  const keeping: Filter & { changesCount: true } = {
    changesCount: true,
    filter: (event, emit) => {
      late?.(cloneEvent(new Event({ late: true })) as Event);
      late = emit;
      event.fields['kept'] = true;
      return true;
    },
  };
  const compiled = await compileConfig(`${INPUT} filter { split { id => "s" } } output { null { } }`, {
    s: keeping,
  });
  expect(shown(await compiled.run(events({ n: 1 }, { n: 2 })))).toEqual([
    [{ n: 1, kept: true }, { late: true }, { n: 2, kept: true }],
  ]);
});
