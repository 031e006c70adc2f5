/** Sources and destinations in the console: lists, forms, tests, and the wait for the first event. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Engine } from '../../engine/engine.ts';
import type { EventSample } from '../../engine/messages.ts';
import { tryOutput } from '../../engine/try-output.ts';
import type {
  IntegrationCard,
  IntegrationItem,
  IntegrationTest,
  integrationRoutes,
} from '../contract/integrations.ts';
import type { OfferedCard } from '../integrations/fields.ts';
import type { Draft } from '../integrations/form.ts';
import type { Integrations } from '../integrations/integrations.ts';
import { ownAddresses } from '../integrations/own-certificate.ts';
import { sendTest } from '../integrations/self-test.ts';
import { type AuditEntry, type Call, ConsoleError, type HandlersOf } from './call.ts';
import { testEvent } from './integrations/test-events.ts';
import { type Sight, sees, watch } from './integrations/watch.ts';
import { mayTap } from './pipelines.ts';

export interface IntegrationHandlerOptions {
  readonly integrations: Integrations;
  audit(entry: AuditEntry): void;
}

/** A destination that does not answer a test fails it after so long. */
const TEST_MS = 25_000;
/** A message is seen in its pipeline after so long, or has got lost. */
const SEEN_MS = 8000;
/** Events that nothing looks at, or too many of them, are counted, but not seen: then so long after that is enough. */
const COUNTED_MS = 1000;
const LOOK_MS = 100;

export function integrationHandlers({
  integrations,
  audit,
}: IntegrationHandlerOptions): HandlersOf<keyof typeof integrationRoutes> {
  const note = (
    { caller, address }: Pick<Call<keyof typeof integrationRoutes>, 'caller' | 'address'>,
    action: string,
    details: Record<string, unknown>,
    outcome: 'success' | 'failure' = 'success',
  ): void => audit({ action: `integrations.${action}`, user: caller?.name, address, outcome, details });
  /** Notes a change, and one that did not work, too. */
  const noted = async <T>(
    call: Pick<Call<keyof typeof integrationRoutes>, 'caller' | 'address'>,
    action: string,
    details: Record<string, unknown>,
    work: () => Promise<T>,
  ): Promise<T> => {
    try {
      const result = await work();
      note(call, action, typeof result === 'string' ? { ...details, id: result } : details);
      return result;
    } catch (error) {
      note(call, action, { ...details, error: (error as Error).message }, 'failure');
      throw error;
    }
  };

  /** How it is called is not known any more when it has gone. */
  const named = async (id: string): Promise<Record<string, unknown>> => {
    const { title, kind } = await integrations.item(id);
    return { id, title, kind };
  };

  return {
    'GET /api/integrations': async () => ({
      cards: (await integrations.cards()).map(cardView),
      items: (await integrations.items())(),
      store: integrations.host.hasStore,
      runs: integrations.host.runs,
      addresses: ownAddresses(),
    }),
    'GET /api/integrations/live': async ({ signal }) => {
      const items = await integrations.items();
      return integrations.flow.each(signal, () => ({ items: items() }));
    },
    'GET /api/integrations/authority': () => ({
      fileName: 'millrace-ca.crt',
      type: 'application/x-pem-file',
      chunks: one(integrations.authority()),
    }),
    'POST /api/integrations/check': async ({ body: { draft, id } }) => {
      const { problems, ...rest } = await integrations.check(draft, id);
      return { problems: [...problems], ...rest };
    },
    'POST /api/integrations/test': (call) => {
      const { draft, id } = call.body;
      return noted(call, 'test', { title: draft.title, card: draft.card }, () =>
        testDestination(integrations, draft, id, call.signal),
      );
    },
    'POST /api/integrations': async (call) => {
      const { title, card } = call.body;
      const id = await noted(call, 'add', { title, card }, () => integrations.save(call.body, undefined));
      return integrations.detail(id);
    },
    'GET /api/integrations/:id': async ({ params, caller }) => {
      const detail = await integrations.detail(params['id']!);
      if (caller?.role === 'operator' || caller?.role === 'administrator') return detail;
      // Whoever may not change it has no business with its settings.
      const { form: _, file: __, ...rest } = detail;
      return { ...rest, config: '' };
    },
    'PUT /api/integrations/:id': async (call) => {
      const id = call.params['id']!;
      const { title, card } = call.body;
      await noted(call, 'change', { title, card }, () => integrations.save(call.body, id));
      return integrations.detail(id);
    },
    'DELETE /api/integrations/:id': async (call) => {
      const id = call.params['id']!;
      await noted(call, 'delete', await named(id), () => integrations.remove(id));
      return {};
    },
    'POST /api/integrations/:id/enabled': async (call) => {
      const id = call.params['id']!;
      const { enabled } = call.body;
      const what = await named(id);
      await noted(call, enabled ? 'enable' : 'disable', what, () => integrations.enable(id, enabled));
      return integrations.detail(id);
    },
    'POST /api/integrations/:id/certificate': async (call) => {
      const id = call.params['id']!;
      const { name } = call.body;
      const { certificate, key, authority, notAfter } = await noted(call, 'certificate', { id, name }, () =>
        integrations.issue(id, name),
      );
      return { certificate, key, authority, expires: notAfter.getTime() };
    },
    'POST /api/integrations/:id/test': async (call) => {
      const id = call.params['id']!;
      const item = await integrations.item(id);
      return noted(call, 'test', { id, title: item.title }, () =>
        item.kind === 'source'
          ? testSource(integrations, item, call.signal)
          : testDestination(
              integrations,
              { ...integrations.saved(id), others: item.others.map((each) => each.id) },
              id,
              call.signal,
            ),
      );
    },
    'GET /api/integrations/:id/watch': async (call) => {
      const { caller, signal, params } = call;
      mayTap(caller!);
      const id = params['id']!;
      const item = await integrations.item(id);
      if (item.kind !== 'source') throw new ConsoleError(400, 'invalid', 'only sources receive events');
      note(call, 'watch', { id });
      return watch({ integrations, item, hidden: caller!.hiddenFields ?? [], signal });
    },
  };
}

async function* one(text: string): AsyncGenerator<string> {
  yield text;
}

const cardView = ({ id, kind, title, words, keep, form, speaks }: OfferedCard): IntegrationCard => ({
  id,
  kind,
  title,
  words,
  ...(keep !== undefined && { keep }),
  tests: kind === 'destination' || (speaks !== undefined && speaks !== 'files'),
  fields: form.map(({ name, label, help, control, required, advanced, placeholder, preset, choices }) => ({
    name,
    label,
    control,
    required,
    advanced,
    ...(help !== undefined && { help }),
    ...(placeholder !== undefined && { placeholder }),
    ...(preset !== undefined && { preset: typeof preset === 'object' ? [...preset] : preset }),
    ...(choices && { choices: choices.map((choice) => ({ ...choice })) }),
  })),
});

/** One message for each source that sends there, like an event of that source; one of its own if there is none. */
async function testDestination(
  integrations: Integrations,
  draft: Draft,
  id: string | undefined,
  signal: AbortSignal,
): Promise<IntegrationTest> {
  const items = (await integrations.items())();
  const sources = draft.others.flatMap((other) => items.find((item) => item.id === other) ?? []);
  const kinds =
    sources.length > 0
      ? sources.map(({ card, title }) => ({ card, title }))
      : [{ card: '', title: 'Test message' }];
  const { host } = integrations;
  const results = await integrations.withOutput(draft, id, (node) =>
    tryOutput(
      {
        node,
        registry: host.registry,
        settings: host.settings,
        logger: host.logger,
        store: () => Promise.reject(new Error('there is no event store for tests')),
        signal: AbortSignal.any([signal, AbortSignal.timeout(TEST_MS)]),
      },
      kinds.map(({ card, title }) => testEvent(card, title)),
    ),
  );
  return {
    results: results.map(({ problem, milliseconds }, at) => ({
      title: kinds[at]!.title,
      ok: problem === undefined,
      text: problem ?? 'It was accepted.',
      milliseconds: Math.round(milliseconds),
    })),
  };
}

/** Events that a pipeline has taken since it was started. */
const taken = (engine: Engine, pipeline: string): number => engine.counts(pipeline).in;

async function comesThrough(sight: Sight, isCounted: () => boolean, signal: AbortSignal): Promise<boolean> {
  const end = performance.now() + SEEN_MS;
  let counted: number | undefined;
  while (!signal.aborted && performance.now() < end) {
    if (sight.seen) return true;
    const now = performance.now();
    if (isCounted()) counted ??= now;
    if (counted !== undefined && now - counted > COUNTED_MS) return true;
    await sleep(LOOK_MS);
  }
  return counted !== undefined;
}

/** Through its own socket, and on through the pipeline. */
async function testSource(
  integrations: Integrations,
  item: IntegrationItem,
  signal: AbortSignal,
): Promise<IntegrationTest> {
  const endpoint = await integrations.endpoint(item.id);
  if (!endpoint) throw new ConsoleError(400, 'invalid', 'there is no test for this kind of source');
  if (item.state === 'disabled')
    throw new ConsoleError(409, 'disabled', `"${item.title}" is disabled: enable it first`);
  const { engine } = integrations.host;
  const marker = Math.random().toString(36).slice(2, 10);
  const start = performance.now();
  const before = taken(engine, item.pipeline);
  const isIt = ({ before: text = '', after }: EventSample): boolean =>
    text.includes(marker) || after.some((each) => each.includes(marker));
  const sight = sees(engine, item.pipeline, isIt, signal);
  let ok = false;
  let text: string;
  try {
    const identity =
      endpoint.clients === 'made' ? await integrations.issue(item.id, 'millrace-test') : undefined;
    const answer = await sendTest(endpoint, marker, identity);
    ok = await comesThrough(sight, () => taken(engine, item.pipeline) > before, signal);
    text = ok
      ? `It was ${answer} and has come through.`
      : `It was ${answer}, but has not come through within ${SEEN_MS / 1000} seconds.`;
  } catch (error) {
    text = (error as Error).message;
  } finally {
    sight.stop();
  }
  return { results: [{ title: item.title, ok, text, milliseconds: Math.round(performance.now() - start) }] };
}
