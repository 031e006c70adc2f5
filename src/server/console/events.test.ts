import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FIRST_DAY, securityEvents } from '../../../bench/store-events.ts';
import {
  administrator,
  type EventsConsole,
  openTestStore,
  startEventsConsole,
  type TestStore,
} from '../../../test/support/events-console.ts';
import type { AnswerOf, BodyOf, RouteName } from '../contract.ts';

const TOTAL = 2000;
const DAY = 86_400_000;
const whole = { from: new Date(FIRST_DAY).toISOString(), to: new Date(FIRST_DAY + 31 * DAY).toISOString() };

let store: TestStore;
let console_: EventsConsole;
const sources: { index: string; document: any }[] = [];

beforeAll(async () => {
  store = await openTestStore();
  const event = securityEvents(TOTAL);
  const byIndex = new Map<string, string[]>();
  for (let n = 0; n < TOTAL; n++) {
    const { index, source } = event(n);
    sources.push({ index, document: JSON.parse(source) });
    const known = byIndex.get(index);
    if (known) known.push(source);
    else byIndex.set(index, [source]);
  }
  for (const [index, documents] of byIndex) await store.add(index, ...documents);
  const time = '2020-01-01T00:00:00.000Z';
  await store.add(
    'odd',
    { '@timestamp': time, user: { name: 'alice', secret: 'hunter2' }, text: '=1+1', n: -5 },
    {
      '@timestamp': '2020-01-01T00:30:00.000Z',
      user: { name: 'bob', secret: 'swordfish' },
      'user.secret.more': 'hunter2',
    },
    `{"@timestamp":"2020-01-02T00:00:00.000Z", "big":1234567890123456789,\n "text":"a \\"quoted\\", text\\nwith lines", "user":{"name":"Ann Lee"}}`,
  );
  console_ = await startEventsConsole(store.store);
}, 60_000);
afterAll(async () => {
  await console_?.console.close();
  await store?.close();
  expect(console_?.errors).toEqual([]);
}, 60_000);

async function post<N extends RouteName>(
  name: N,
  body: BodyOf<N>,
  caller = administrator,
): Promise<AnswerOf<N>> {
  console_.caller = caller;
  const [method, path] = name.split(' ') as [string, string];
  const response = await fetch(console_.url + path, {
    method,
    headers: { 'content-type': 'application/json', 'x-millrace-csrf': 'proof' },
    body: JSON.stringify(body),
  });
  const answer = (await response.json()) as any;
  return response.ok ? answer : { status: response.status, ...answer };
}
const get = async (path: string, caller = administrator): Promise<any> => {
  console_.caller = caller;
  return (await fetch(console_.url + path)).json();
};
const odd = { from: '2020-01-01', to: '2020-12-31', indices: ['odd'] };
const analyst = (more: object): typeof administrator => ({ name: 'vera', role: 'analyst', ...more });

describe('search', () => {
  test('pages go through everything once, newest first, and count it', async () => {
    const seen: string[] = [];
    let after: any;
    let total: unknown;
    for (let page = 0; page < 20; page++) {
      const answer = await post('POST /api/events/search', { ...whole, size: 300, ...(after && { after }) });
      total ??= answer.total;
      seen.push(...answer.hits.map(({ source }) => source));
      if (answer.hits.length < 300) break;
      after = answer.hits.at(-1)!.sort;
    }
    expect(total).toEqual({ value: TOTAL, relation: 'eq' });
    expect(seen).toHaveLength(TOTAL);
    const times = seen.map((source) => JSON.parse(source)['@timestamp']);
    expect(times).toEqual(times.toSorted().reverse());
    expect(new Set(seen).size).toBe(TOTAL);
  });

  test('source is the exact text', async () => {
    const { hits } = await post('POST /api/events/search', { ...odd, query: 'user.name: "Ann Lee"' });
    expect(hits).toHaveLength(1);
    expect(hits[0]!.source).toContain('"big":1234567890123456789,\n');
  });

  test('KQL with highlights: what was found, by field', async () => {
    const { hits } = await post('POST /api/events/search', { ...odd, query: 'user.name: alice' });
    expect(hits[0]!.highlight).toEqual({ 'user.name': ['alice'] });
  });

  test('errors of KQL have position and hint', async () => {
    const answer: any = await post('POST /api/events/search', { ...odd, query: 'user.name: (alice' });
    expect(answer).toMatchObject({ status: 400, code: 'query', position: 17 });
  });

  test.each([
    [{ from: 'yesterday' }, /"yesterday" is no time for the start/],
    [{ from: 'now', to: 'now-1h' }, /ends before it begins/],
    [{ timeZone: 'Nowhere/Else' }, /time-zone/],
    [{ filters: [{ field: 'a', operator: 'one_of', value: 'x' }] }, /needs a list of values/],
    [{ filters: [{ field: 'a', operator: 'range', value: {} }] }, /at least one bound/],
  ] as const)('what is wrong with %j is said', async (wrong, message) => {
    const answer: any = await post('POST /api/events/search', { ...odd, ...(wrong as object) });
    expect(answer.status).toBe(400);
    expect(answer.error).toMatch(message);
  });

  test('pills narrow, also together; those that are disabled do not', async () => {
    const count = async (...filters: any[]): Promise<number> =>
      (await post('POST /api/events/search', { ...odd, filters })).hits.length;
    expect(await count({ field: 'user.name', operator: 'is', value: 'alice' })).toBe(1);
    expect(await count({ field: 'user.name', operator: 'is_not', value: 'alice' })).toBe(2);
    expect(await count({ field: 'user.name', operator: 'is_not', value: 'alice', disabled: true })).toBe(3);
    expect(await count({ field: 'big', operator: 'exists' })).toBe(1);
    expect(await count({ field: 'big', operator: 'not_exists' })).toBe(2);
    expect(await count({ field: 'user.name', operator: 'one_of', value: ['alice', 'bob'] })).toBe(2);
    expect(await count({ field: 'user.name', operator: 'not_one_of', value: ['alice', 'bob'] })).toBe(1);
    expect(await count({ field: 'n', operator: 'range', value: { gte: -5, lt: 0 } })).toBe(1);
    expect(await count({ field: 'n', operator: 'range', value: { gt: -5 } })).toBe(0);
    expect(await count({ field: 'n', operator: 'exists' }, { field: 'big', operator: 'exists' })).toBe(0);
  });

  test('inspect is a body that Elasticsearch takes, without the restriction of the caller', async () => {
    const { inspect } = await post(
      'POST /api/events/search',
      { ...odd, query: 'user.name: alice' },
      analyst({ filter: 'not user.name: bob' }),
    );
    const body = JSON.parse(inspect);
    expect(body.query.bool.filter).toHaveLength(2);
    expect(inspect).not.toContain('bob');
  });

  test('what has no time sorts without an error, and unknown fields too', async () => {
    const { hits } = await post('POST /api/events/search', {
      ...odd,
      sort: [{ field: 'no.such', order: 'asc' }],
    });
    expect(hits).toHaveLength(3);
  });

  test('searches are audited once, however often they are repeated', async () => {
    console_.audited.length = 0;
    for (let n = 0; n < 3; n++) await post('POST /api/events/search', { ...odd, query: 'user.name: once' });
    expect(console_.audited).toHaveLength(1);
    expect(console_.audited[0]).toMatchObject({
      action: 'events.search',
      user: 'ada',
      details: { query: 'user.name: once' },
    });
  });
});

describe('histogram', () => {
  test('has every bucket, empty ones too, and all events', async () => {
    const { histogram, total } = await post('POST /api/events/histogram', { ...whole });
    expect(histogram.interval).toBe('12h');
    expect(histogram.buckets.length).toBeGreaterThanOrEqual(62);
    expect(total).toBe(TOTAL);
    const starts = histogram.buckets.map(([start]) => start);
    expect(starts.every((start, at) => at === 0 || start - starts[at - 1]! === DAY / 2)).toBe(true);
  });

  test('days begin with the days of the time zone', async () => {
    const answer = await post('POST /api/events/histogram', {
      ...whole,
      interval: '1d',
      timeZone: 'Europe/Berlin',
    });
    // Summer time ends on 25 October 2026.
    const hours = new Set(answer.histogram.buckets.map(([start]) => new Date(start).getUTCHours()));
    expect([...hours].toSorted()).toEqual([22, 23]);
    expect(answer.total).toBe(TOTAL);
  });

  test('too fine an interval is made longer', async () => {
    const { histogram } = await post('POST /api/events/histogram', { ...whole, interval: '1ms' });
    expect(histogram.buckets.length).toBeLessThan(2100);
    const wrong: any = await post('POST /api/events/histogram', { ...whole, interval: 'often' });
    expect(wrong).toMatchObject({ status: 400, code: 'interval' });
  });
});

describe('fields and values', () => {
  test('fields with types', async () => {
    const { fields } = await post('POST /api/events/fields', { indices: ['odd'] });
    expect(fields.map(({ name, type }) => [name, type])).toContainEqual(['user.name', 'keyword']);
    expect(fields.map(({ name }) => name)).not.toContain('user');
    expect(fields.map(({ name }) => name)).not.toContain('_source');
  });

  test('top values with their counts, the rest and what is missing', async () => {
    const { values, other, missing, total } = await post('POST /api/events/values', {
      ...whole,
      field: 'agent.type',
      size: 2,
    });
    const counts = new Map<string, number>();
    for (const { document } of sources)
      counts.set(document.agent?.type, (counts.get(document.agent?.type) ?? 0) + 1);
    const known = [...counts].filter(([type]) => type !== undefined).toSorted((a, b) => b[1] - a[1]);
    expect(values).toEqual(known.slice(0, 2).map(([value, count]) => ({ value, count })));
    expect(other).toBe(known.slice(2).reduce((sum, [, count]) => sum + count, 0));
    expect(missing).toBe(counts.get(undefined as never) ?? 0);
    expect(total).toBe(TOTAL);
  });

  test('numbers beyond 2^53 stay exact', async () => {
    const { values } = await post('POST /api/events/values', { ...odd, field: 'big' });
    expect(values).toEqual([{ value: '1234567890123456789', count: 1 }]);
  });

  test('completion: fields, operators, values with counts, quotes where needed', async () => {
    const options = async (query: string): Promise<string[]> =>
      (await post('POST /api/events/complete', { ...odd, query, cursor: query.length })).options.map(
        ({ text }) => text,
      );
    expect(await options('user.n')).toEqual(['user.name']);
    expect(await options('user.name ')).toContain(':');
    expect((await options('user.name: ')).toSorted()).toEqual(['"Ann Lee"', 'alice', 'bob']);
    expect(await options('user.name: AL')).toEqual(['alice']);
    expect(await options('user.name: "an')).toEqual(['"Ann Lee"']);
    expect(await options('user.name: alice ')).toEqual(['and', 'or']);
    const { problem } = await post('POST /api/events/complete', { ...odd, query: 'a: (b', cursor: 5 });
    expect(problem).toMatchObject({ position: 5 });
  });
});

describe('rights', () => {
  const blind = analyst({ hiddenFields: ['user.secret'] });
  const found = async (query: string, caller = blind): Promise<number> =>
    (await post('POST /api/events/search', { ...odd, query }, caller)).hits.length;

  test('hidden fields are nowhere', async () => {
    const { hits } = await post('POST /api/events/search', { ...odd }, blind);
    expect(JSON.stringify(hits)).not.toMatch(/hunter2|swordfish|secret/);
    const { fields } = await post('POST /api/events/fields', { indices: ['odd'] }, blind);
    expect(JSON.stringify(fields)).not.toContain('secret');
    for (const query of [
      'user.secret: hunter2',
      'hunter2',
      'hunt*',
      'user.s*: hunter2',
      'user*: hunter2',
      '*: hunter2',
      'user.secret: *',
      'user.secret ~ /h/',
    ])
      expect([query, await found(query)]).toEqual([query, 0]);
    // The same finds something for those who may see it, and free text still finds what may be seen.
    expect(await found('hunter2', administrator)).toBe(2);
    expect(await found('alice')).toBe(1);
    expect(await found('*: alice')).toBe(1);
    const values: any = await post('POST /api/events/values', { ...odd, field: 'user.secret' }, blind);
    expect(values.status).toBe(404);
    const completed = await post(
      'POST /api/events/complete',
      { ...odd, query: 'user.secret: ', cursor: 13 },
      blind,
    );
    expect(completed.options).toEqual([]);
    const sorted: any = await post(
      'POST /api/events/search',
      { ...odd, sort: [{ field: 'user.secret', order: 'asc' }] },
      blind,
    );
    expect(sorted.status).toBe(400);
    for (const format of ['csv', 'ndjson'] as const)
      expect(
        await exported(
          { format, columns: format === 'csv' ? ['user.name', 'user.secret', '_source'] : [] },
          blind,
        ),
      ).not.toMatch(/hunter2|secret/);
  });

  test('any name is a field, whatever is in it', async () => {
    const names = ['nul\u0000', 'back\\', 'quote"', "it's", 'a/b', '~1', '\u202e', '$'];
    await store.add('names', { '@timestamp': '2020-01-01T00:00:00.000Z', labels: { plain: 'x' } });
    for (const name of names)
      for (const field of [name, `labels.${name}`, `${name}.keyword`]) {
        const asked = {
          ...odd,
          indices: ['odd', 'names'],
          filters: [{ field, operator: 'exists' as const }],
        };
        expect([field, await post('POST /api/events/search', asked)]).toMatchObject([field, { hits: [] }]);
        const sorted = await post('POST /api/events/search', { ...odd, sort: [{ field, order: 'asc' }] });
        expect([field, sorted]).toMatchObject([field, { hits: [{}, {}, {}] }]);
        const { total } = await post('POST /api/events/values', { ...odd, field });
        expect([field, total]).toEqual([field, 3]);
      }
  });

  test('only indices that may be read', async () => {
    const caller = analyst({ indices: ['filebeat-*'] });
    const indices = async (names: string[]): Promise<Set<string>> =>
      new Set(
        (
          await post(
            'POST /api/events/search',
            { from: '2019', to: '2027', indices: names, size: 500 },
            caller,
          )
        ).hits.map(({ index }) => index.split('-')[0]!),
      );
    expect(await indices([])).toEqual(new Set(['filebeat']));
    const listed = (await get('/api/events/indices', caller)).indices.map(({ name }: any) => name);
    expect(listed.length).toBeGreaterThan(20);
    expect(listed.every((name: string) => name.startsWith('filebeat-'))).toBe(true);
    expect(await indices(['odd'])).toEqual(new Set());
    expect(await indices(['odd', 'file*'])).toEqual(new Set(['filebeat']));
    const { hits } = await post('POST /api/events/search', { ...odd });
    const one = `/api/events/document?index=odd&id=${hits[0]!.id}`;
    expect(await get(one)).toMatchObject({ hit: { id: hits[0]!.id } });
    expect(await get(one, caller)).toMatchObject({ code: 'not_found' });
    const { histogram } = await post('POST /api/events/histogram', { ...odd }, caller);
    expect(histogram.buckets).toEqual([]);
  });

  test('the filter of the caller holds everywhere', async () => {
    const caller = analyst({ filter: 'not user.name: alice' });
    expect(await found('', caller)).toBe(2);
    const { hits } = await post('POST /api/events/search', { ...odd, query: 'user.name: alice' });
    const { index, id } = hits[0]!;
    expect(await get(`/api/events/document?index=${index}&id=${id}`, caller)).toMatchObject({
      code: 'not_found',
    });
    const { values } = await post('POST /api/events/values', { ...odd, field: 'user.name' }, caller);
    expect(values.map(({ value }) => value)).not.toContain('alice');
    expect(await exported({ format: 'ndjson' }, caller)).not.toContain('alice');
  });

  test('completion, top values and surroundings stay within the indices and the filter of the caller', async () => {
    const narrow = analyst({ indices: ['filebeat-*'] });
    const filtered = analyst({ filter: 'not user.name: alice' });
    const completed = async (caller: typeof administrator): Promise<string[]> =>
      (
        await post('POST /api/events/complete', { ...odd, query: 'user.name: ', cursor: 11 }, caller)
      ).options.map(({ text }) => text);
    expect(await completed(administrator)).toEqual(expect.arrayContaining(['alice', 'bob']));
    expect(await completed(filtered)).toContain('bob');
    expect(await completed(filtered)).not.toContain('alice');
    expect(await completed(narrow)).toEqual([]);
    const values = await post('POST /api/events/values', { ...odd, field: 'user.name' }, narrow);
    expect(values).toMatchObject({ values: [], total: 0 });
    const fields = await post('POST /api/events/fields', { indices: [] }, narrow);
    expect(fields.fields.map(({ name }) => name)).not.toContain('user.secret');
    expect(await exported({ ...odd, format: 'ndjson' }, narrow)).toBe('');

    const { hits } = await post('POST /api/events/search', { ...whole, size: 60, indices: ['filebeat-*'] });
    const { index, id } = hits[30]!;
    const path = `/api/events/surrounding?index=${index}&id=${encodeURIComponent(id)}&size=50`;
    const around = async (caller: typeof administrator, more = ''): Promise<Set<string>> => {
      const { before, after } = await get(path + more, caller);
      return new Set([...before, ...after].map((hit: any) => hit.index.split('-')[0]));
    };
    expect((await around(administrator)).size).toBeGreaterThan(1);
    expect(await around(narrow)).toEqual(new Set(['filebeat']));
    expect(await around(narrow, '&indices=auditbeat-*,odd')).toEqual(new Set());
    expect(await get(path, analyst({ indices: ['odd'] }))).toMatchObject({ code: 'not_found' });
    const [first] = (await post('POST /api/events/search', { ...odd, query: 'user.name: bob' })).hits;
    const beside = await get(
      `/api/events/surrounding?index=odd&id=${encodeURIComponent(first!.id)}&indices=odd`,
      filtered,
    );
    expect(JSON.stringify(beside)).toContain('Ann Lee');
    expect(JSON.stringify(beside)).not.toContain('alice');
  });

  test('viewers do not export', async () => {
    const answer: any = await post(
      'POST /api/events/export',
      { ...odd, format: 'csv' },
      { name: 'vic', role: 'viewer' },
    );
    expect(answer).toMatchObject({ status: 403, code: 'role' });
  });
});

test('surrounding: just before and after, newest first', async () => {
  const { hits } = await post('POST /api/events/search', { ...whole, size: 100, indices: ['filebeat-*'] });
  const middle = hits[50]!;
  const answer = await get(
    `/api/events/surrounding?index=${middle.index}&id=${middle.id}&size=5&indices=filebeat-*`,
  );
  expect(answer.event.id).toBe(middle.id);
  expect(answer.after.map(({ id }: any) => id)).toEqual(hits.slice(45, 50).map(({ id }) => id));
  expect(answer.before.map(({ id }: any) => id)).toEqual(hits.slice(51, 56).map(({ id }) => id));
});

async function exported(more: object, caller = administrator, range: object = odd): Promise<string> {
  console_.caller = caller;
  const response = await fetch(`${console_.url}/api/events/export`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-millrace-csrf': 'proof' },
    body: JSON.stringify({ ...range, ...more }),
  });
  expect(response.headers.get('content-disposition')).toMatch(/^attachment/);
  return response.text();
}

describe('export', () => {
  test('NDJSON has every event, one a line, byte for byte but for line ends', async () => {
    const lines = (await exported({ format: 'ndjson' }, administrator, whole)).trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line)._source).toSorted(byText)).toEqual(
      sources.map(({ document }) => document).toSorted(byText),
    );
    expect(await exported({ format: 'ndjson', query: 'big: *' })).toContain('"big":1234567890123456789,');
  });

  test('CSV is quoted as RFC 4180 says, and runs no formulas', async () => {
    const text = await exported({ format: 'csv', columns: ['@timestamp', 'text', 'n', 'big', 'user.name'] });
    expect(text.split('\r\n').slice(0, 2)).toEqual([
      '@timestamp,text,n,big,user.name',
      '2020-01-02T00:00:00.000Z,"a ""quoted"", text\nwith lines",,1234567890123456789,Ann Lee',
    ]);
    expect(text).toContain("2020-01-01T00:00:00.000Z,'=1+1,-5,,alice\r\n");
    expect((await exported({ format: 'csv' })).split('\r\n')[0]).toContain('@timestamp,_index,_id,');
  });
});
const byText = (a: unknown, b: unknown): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);

test('live tail: what arrives, limited, and counted beyond', async () => {
  console_.caller = analyst({ hiddenFields: ['user.secret'] });
  const gone = new AbortController();
  const response = await fetch(
    `${console_.url}/api/events/tail?${new URLSearchParams({ query: 'kind: wanted', indices: 'live-*', limit: '20' })}`,
    { signal: gone.signal },
  );
  const seen: any[] = [];
  let skipped = 0;
  const reading = (async () => {
    let text = '';
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      const messages = text.split('\n\n');
      text = messages.pop()!;
      for (const message of messages) {
        if (!message.startsWith('data: ')) continue;
        const step = JSON.parse(message.slice(6));
        for (const hit of step.hits) seen.push({ ...JSON.parse(hit.source), seen: Date.now() });
        skipped += step.skipped;
      }
    }
  })().catch(() => undefined);
  await new Promise((resolve) => setTimeout(resolve, 400));
  const at = Date.now();
  await store.add('live-1', { kind: 'wanted', n: 0, user: { secret: 'x' } }, { kind: 'other' });
  await expect.poll(() => seen.length, { timeout: 5000 }).toBe(1);
  expect(seen[0]).toMatchObject({ kind: 'wanted', n: 0 });
  expect(seen[0].user).toBeUndefined();
  expect(seen[0].seen - at).toBeLessThan(1000);
  await store.add('live-2', ...Array.from({ length: 500 }, (_, n) => ({ kind: 'wanted', n: n + 1 })));
  await expect.poll(() => seen.length + skipped, { timeout: 5000 }).toBe(501);
  expect(seen.length).toBeLessThanOrEqual(41);
  expect(seen.at(-1).n).toBe(500);
  gone.abort();
  await reading;
});

test('live tail shows nothing of other indices, nor what the filter of the caller leaves out', async () => {
  console_.caller = analyst({ indices: ['mine-*'], filter: 'not kind: secret' });
  const gone = new AbortController();
  const response = await fetch(`${console_.url}/api/events/tail?indices=mine-*,theirs-*`, {
    signal: gone.signal,
  });
  let text = '';
  const reading = (async () => {
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) text += chunk;
  })().catch(() => undefined);
  await store.add('mine-0', { kind: 'first' });
  await store.add('theirs-1', { kind: 'foreign' });
  await store.add('mine-1', { kind: 'secret' }, { kind: 'open' });
  // An index that was made since is looked for every few seconds.
  await expect.poll(() => text, { timeout: 30_000 }).toContain('\\"kind\\":\\"open');
  expect(text).not.toMatch(/foreign|secret/);
  gone.abort();
  await reading;
}, 60_000);

test('saved searches: seen by all, changed by their owner', async () => {
  const owner = analyst({ name: 'olga' });
  const { id } = await post('POST /api/searches', { title: 'Mine', state: 'query=a' }, owner);
  expect((await get('/api/searches', analyst({}))).searches).toMatchObject([
    { id, title: 'Mine', owner: 'olga', mine: false },
  ]);
  const stolen: any = await post('POST /api/searches', { id, title: 'Yours', state: 'query=b' }, analyst({}));
  expect(stolen).toMatchObject({ status: 403, code: 'owner' });
  await post('POST /api/searches', { id, title: 'Still mine', state: 'query=c' }, owner);
  expect((await get('/api/searches', owner)).searches).toMatchObject([
    { title: 'Still mine', state: 'query=c', mine: true },
  ]);
  const remove = (caller: typeof owner): Promise<Response> => {
    console_.caller = caller;
    return fetch(`${console_.url}/api/searches/${id}`, {
      method: 'DELETE',
      headers: { 'x-millrace-csrf': 'proof' },
    });
  };
  expect((await remove(analyst({}))).status).toBe(403);
  expect((await remove(owner)).status).toBe(200);
  expect((await get('/api/searches', owner)).searches).toEqual([]);
});
