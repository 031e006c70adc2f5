/** How sources and destinations are: those that were set up here, and those of other configs. */
import type { PipelineStatus } from '../../engine/pipeline-status.ts';
import type { GraphNode } from '../../lang/graph.ts';
import { nodesOf, pluginNodes } from '../../lang/graph-walk.ts';
import type { IntegrationItem } from '../contract/integrations.ts';
import type { Card } from './cards.ts';
import { isLoopbackHost } from './endpoint.ts';
import type { OfferedCard } from './fields.ts';
import type { IntegrationFile } from './files.ts';
import type { Flow } from './flow.ts';
import type { IntegrationHost } from './host.ts';

/** Stands for Millrace's own event store. */
export const OWN_STORE = 'store';

export interface ItemParts {
  readonly host: IntegrationHost;
  readonly flow: Flow;
  readonly cards: readonly OfferedCard[];
  readonly files: readonly IntegrationFile[];
}

type State = Pick<IntegrationItem, 'state' | 'problem' | 'since'>;

export function itemsOf(parts: ItemParts): IntegrationItem[] {
  const { host, cards, files } = parts;
  const items = files.flatMap((file) => {
    const card = cards.find(({ id }) => id === file.form?.card);
    return card ? [managedItem(parts, file, card)] : [];
  });
  const own = new Set(files.filter(({ form }) => form).map(({ id }) => id));
  const others = [...host.engine.pipelines.values()].filter(
    ({ id, parent, config }) => parent === undefined && !own.has(id) && config.graph.inputs.length > 0,
  );
  for (const status of others) items.push(...otherItems(parts, status));
  if (host.hasStore) items.push(storeItem(parts, items));
  return items;
}

function managedItem(parts: ItemParts, file: IntegrationFile, card: OfferedCard): IntegrationItem {
  const { host, flow, files } = parts;
  const { id, enabled, edited } = file;
  const form = file.form!;
  const status = host.engine.pipelines.get(id);
  const node = status && pluginNodes(status.config.graph).find(({ name }) => name === card.plugin);
  // What a disk buffer delivers is counted in a pipeline of its own.
  const buffer = [...host.engine.pipelines.values()].find(({ parent }) => parent === id);
  const passing = flow.of(buffer?.id ?? id, node?.id ?? id);
  const queued = buffer ? (host.stats.queue(buffer.id)?.events ?? 0) : undefined;
  const titleOf = (other: string): string => files.find((each) => each.id === other)?.form?.title ?? other;
  const others =
    card.kind === 'source'
      ? (form.destinations ?? [])
      : files.filter((each) => each.form?.destinations?.includes(id)).map((each) => each.id);
  const place = placeOf(card, form.values);
  const state: State = enabled
    ? stateOf(host, id, [status, buffer], passing.rate, passing.total)
    : { state: 'disabled' };
  return {
    id,
    kind: card.kind,
    card: card.id,
    title: form.title,
    words: card.title,
    managed: true,
    edited,
    pipeline: id,
    ...state,
    rate: passing.rate,
    total: passing.total,
    ...(passing.last !== undefined && { last: passing.last }),
    ...(queued !== undefined && { queued }),
    ...(place !== undefined && { place }),
    ...(form.values['tls'] !== undefined && { tls: form.values['tls'] !== 'off' }),
    others: others.map((other) => ({ id: other, title: titleOf(other) })),
    ...(form.keep !== undefined && { keep: form.keep }),
  };
}

function stateOf(
  host: IntegrationHost,
  id: string,
  statuses: readonly (PipelineStatus | undefined)[],
  rate: number,
  total: number,
  node?: string,
): State {
  const why = host.failed().get(id);
  if (why !== undefined) return { state: 'failing', problem: why };
  const [status] = statuses;
  if (!status || status.state === 'loading')
    return host.runs
      ? { state: 'waiting' }
      : { state: 'failing', problem: 'This process does not run what is set up here' };
  if (status.state === 'terminated') return { state: 'failing', problem: status.error ?? 'it has stopped' };
  const problems = statuses.flatMap((each) =>
    [...(each?.problems.byNode ?? [])]
      .filter(([of]) => node === undefined || of === node)
      .map(([, problem]) => problem),
  );
  const worst = problems.find(({ severity }) => severity === 'red') ?? problems[0];
  if (worst) {
    // Events still pass: it is no more than a warning.
    const passes = rate > 0 && worst.severity !== 'red';
    return { state: passes ? 'warning' : 'failing', problem: worst.problem, since: worst.since };
  }
  return { state: rate > 0 ? 'receiving' : total > 0 ? 'quiet' : 'waiting' };
}

function placeOf(card: Card, values: Readonly<Record<string, unknown>>): string | undefined {
  const { port, listen, path, url, hosts, host } = values;
  if (card.kind === 'source') {
    if (port !== undefined)
      return `${Number(port) === 0 ? 'any port' : `port ${Number(port)}`}${typeof listen === 'string' ? `, ${whoSends(listen)}` : ''}`;
    return Array.isArray(path) ? path.join(', ') : undefined;
  }
  const targets = [url ?? hosts ?? host ?? path].flat().filter((each) => each !== undefined && each !== '');
  if (targets.length === 0) return undefined;
  const text = targets.map((each) => withoutPath(String(each))).join(', ');
  return port === undefined ? text : `${text}, port ${Number(port)}`;
}

/** Paths and queries of webhooks are often what a password is elsewhere: the list is for everybody. */
function withoutPath(text: string): string {
  const url = /^https?:/i.test(text) ? URL.parse(text) : null;
  return url?.origin ?? text;
}

const whoSends = (host: string): string =>
  isLoopbackHost(host) ? 'this computer only' : host === '0.0.0.0' || host === '::' ? 'all networks' : host;

/** The card that an input or output of any config belongs to. */
function cardOf(
  cards: readonly OfferedCard[],
  kind: Card['kind'],
  { name, options }: GraphNode,
): OfferedCard | undefined {
  const codec = (options['codec'] as { plugin?: string } | undefined)?.plugin;
  return cards.find(
    (card) =>
      card.kind === kind && card.plugin === name && (card.codec === undefined || card.codec === codec),
  );
}

/** Of configs that are not made here: shown, tested, and changed where they come from. */
function otherItems({ host, flow, cards }: ItemParts, status: PipelineStatus): IntegrationItem[] {
  const { id, config } = status;
  const nodes: [Card['kind'], GraphNode][] = [
    ...config.graph.inputs.map((node) => ['source', node] as [Card['kind'], GraphNode]),
    ...nodesOf(config.graph.outputs).map((node) => ['destination', node] as [Card['kind'], GraphNode]),
  ];
  return nodes.flatMap(([kind, node]) => {
    const card = cardOf(cards, kind, node);
    if (!card) return [];
    const buffer = [...host.engine.pipelines.values()].find(
      ({ parent, config: { graph } }) =>
        parent === id && pluginNodes(graph).some((each) => each.id === node.id),
    );
    const passing = flow.of(buffer?.id ?? id, node.id);
    const { options } = node;
    const plain = Object.fromEntries(
      ['port', 'path', 'url', 'hosts', 'host'].flatMap((name) =>
        node.given.includes(name) || name === 'port' ? [[name, options[name]]] : [],
      ),
    );
    const place = placeOf(card, {
      ...Object.fromEntries(Object.entries(plain).filter(([, value]) => value !== undefined)),
      ...(kind === 'source' && options['host'] !== undefined && { listen: options['host'] }),
    });
    const file = node.position.file;
    return [
      {
        id: `${id}/${node.id}`,
        kind,
        card: card.id,
        title: card.title
          .replace(/^(Receive|Collect|Send to|Read from) /, '')
          .replace(/^./, (first) => first.toUpperCase()),
        words: card.title,
        managed: false,
        edited: false,
        origin: file.startsWith('<millrace up>') ? 'millrace up' : file,
        pipeline: id,
        ...stateOf(host, id, [status, buffer], passing.rate, passing.total, node.id),
        rate: passing.rate,
        total: passing.total,
        ...(passing.last !== undefined && { last: passing.last }),
        ...(place !== undefined && { place }),
        ...(options['ssl_enabled'] !== undefined && { tls: options['ssl_enabled'] === true }),
        others: [],
      },
    ];
  });
}

function storeItem({ host, flow }: ItemParts, items: readonly IntegrationItem[]): IntegrationItem {
  let rate = 0;
  let total = 0;
  let last: number | undefined;
  let trouble: { problem: string; since: number } | undefined;
  const from: { id: string; title: string }[] = [];
  for (const { id, config, problems } of host.engine.pipelines.values()) {
    const writers = nodesOf(config.graph.outputs).filter(({ name }) => name === 'store');
    for (const { id: node } of writers) {
      const passing = flow.of(id, node);
      rate += passing.rate;
      total += passing.total;
      if (passing.last !== undefined && passing.last > (last ?? 0)) last = passing.last;
      trouble ??= problems.byNode.get(node);
    }
    if (writers.length > 0)
      from.push(
        ...items
          .filter(({ kind, pipeline }) => kind === 'source' && pipeline === id)
          .map(({ id: source, title }) => ({ id: source, title })),
      );
  }
  return {
    id: OWN_STORE,
    kind: 'destination',
    card: OWN_STORE,
    title: "Millrace's own event store",
    words: 'Keep and search',
    managed: false,
    edited: false,
    pipeline: '',
    ...(trouble
      ? {
          state: rate > 0 ? ('warning' as const) : ('failing' as const),
          problem: trouble.problem,
          since: trouble.since,
        }
      : { state: rate > 0 ? ('receiving' as const) : total > 0 ? ('quiet' as const) : ('waiting' as const) }),
    rate: rate >= 10 ? Math.round(rate) : Number(rate.toPrecision(2)),
    total,
    ...(last !== undefined && { last }),
    others: from,
  };
}
