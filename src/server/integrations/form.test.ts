/** Whatever somebody types: it is refused in words, or the config says exactly that. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkPipelines } from '../../lang/check.ts';
import { registry } from '../../plugins/registry.ts';
import { destinationBody, sourceBody } from './body.ts';
import { loadCards, type OfferedCard } from './fields.ts';
import type { FieldValue } from './files.ts';
import { type Draft, fillForm } from './form.ts';

const cards = await loadCards(registry);
const card = (id: string): OfferedCard => cards.find((each) => each.id === id)!;
const context = {
  secret: () => undefined,
  file: () => undefined,
  certificate: { certificate: '/certs/a.crt', key: '/certs/a.key', authority: '/certs/ca.crt' },
};
const draft = (of: string, values: Record<string, FieldValue>): Draft => ({
  card: of,
  title: 'A',
  values,
  secrets: {},
  files: {},
  keep: null,
  others: [],
});

const odd = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({
    unit: fc.constantFrom('"', "'", '\\', '}', '{', '=>', ' ', 'a', '#', '\n', '%{', '$', '[', ']'),
  }),
);

describe('forms', () => {
  test('a text is refused, or read back from the config as it was typed', async () => {
    await fc.assert(
      fc.asyncProperty(odd, async (text) => {
        fc.pre(!text.includes('${'));
        const { options, problems } = fillForm(
          card('elasticsearch'),
          draft('elasticsearch', { hosts: ['https://es:9200'], index: text }),
          context,
        );
        if (problems.length > 0) return;
        const body = destinationBody('es', card('elasticsearch'), options);
        const { pipelines, diagnostics } = await checkPipelines(
          [{ id: 'es', sources: [{ file: 'es.conf', text: body }], settings: {} }],
          registry,
          { environment: {} },
        );
        const errors = diagnostics.filter(({ severity }) => severity === 'error');
        // The plugin may refuse a name; nothing else may come of it.
        if (errors.length > 0)
          return void expect(errors.every(({ message }) => message.includes('index'))).toBe(true);
        const graph = pipelines[0]!.graph!;
        expect(graph.inputs.map(({ name }) => name)).toEqual(['pipeline']);
        expect(graph.outputs).toHaveLength(1);
        expect(graph.outputs[0]).toMatchObject({
          name: 'elasticsearch',
          options: text.trim() === '' ? {} : { index: text.trim() },
        });
      }),
      { numRuns: 150 },
    );
  });

  test('no value of any kind makes a form throw', () => {
    const value = fc.oneof(odd, fc.double(), fc.boolean(), fc.array(odd, { maxLength: 3 }));
    fc.assert(
      fc.property(
        fc.constantFrom(...cards),
        fc.dictionary(fc.string(), value),
        value,
        (one, values, each) => {
          const all = Object.fromEntries(one.form.map(({ name }) => [name, each]));
          const { problems } = fillForm(
            one,
            { ...draft(one.id, { ...values, ...all }), title: String(each) },
            context,
          );
          expect(problems.every(({ text }) => text.length > 0)).toBe(true);
        },
      ),
    );
  });

  test('every card has a form whose presets are right', () => {
    for (const one of cards) {
      const needed = one.form
        .filter(({ required, preset }) => required && preset === undefined)
        .map(({ name }) => name);
      const { problems } = fillForm(one, draft(one.id, {}), context);
      expect(problems.map(({ field }) => field).sort(), one.id).toEqual(needed.sort());
    }
  });

  test('values are written where they differ from what the plugin does anyway', () => {
    const { options } = fillForm(
      card('syslog'),
      draft('syslog', { listen: '0.0.0.0', port: 6514, tls: 'made' }),
      context,
    );
    expect(
      sourceBody('gate', card('syslog'), options, 'syslog', [{ id: 'siem', title: 'SIEM' }]),
    ).toBe(`input {
  syslog {
    id => "gate"
    host => "0.0.0.0"
    port => 6514
    ssl_enabled => true
    ssl_certificate => "/certs/a.crt"
    ssl_key => "/certs/a.key"
  }
}

output {
  # Millrace's own event store
  store {
    index => "syslog-%{+yyyy.MM.dd}"
  }
  # SIEM
  pipeline {
    send_to => ["siem"]
  }
}
`);
    // The tcp input wants certificates of clients unless it is told otherwise.
    expect(fillForm(card('lines'), draft('lines', { tls: 'made' }), context).options).toMatchObject({
      ssl_client_authentication: 'none',
    });
  });

  test('cards of plugins that are not there are not offered, and appear by themselves', async () => {
    const names = (all: Record<string, readonly string[]>) => (kind: string) => all[kind] ?? [];
    const { offeredCards } = await import('./cards.ts');
    const offered = (all: Record<string, readonly string[]>): string[] =>
      offeredCards(names(all)).map(({ id }) => id);
    expect(offered({ input: ['udp'], output: [], codec: [] })).toEqual(['datagrams']);
    expect(offered({ input: ['udp'], output: ['kafka'], codec: ['netflow'] })).toEqual([
      'netflow',
      'datagrams',
      'kafka',
    ]);
  });
});
