/** Sets up sources and destinations, changes and tests them: the files, what runs, and the secrets together. */
import { readFileSync, rmSync } from 'node:fs';
import { isIP } from 'node:net';
import { queueFolder } from '../../engine/queue-folder.ts';
import type { GraphNode } from '../../lang/graph.ts';
import type { IssuedCertificate } from '../../lib/tls/certificates.ts';
import { ConsoleError, notThere } from '../console/call.ts';
import { nodeSnippet } from '../console/pipelines/node-snippet.ts';
import type { IntegrationDetail, IntegrationItem } from '../contract/integrations.ts';
import type { Target } from './body.ts';
import { mainNode, type Prepared, prepare, secretName, withDraftFiles } from './drafts.ts';
import { type Endpoint, endpointOf } from './endpoint.ts';
import { loadCards, type OfferedCard } from './fields.ts';
import { type IntegrationFile, type IntegrationForm, integrationFiles, integrationText } from './files.ts';
import { Flow } from './flow.ts';
import { type Draft, type FormProblem, headerField, TLS_FILES } from './form.ts';
import type { IntegrationHost } from './host.ts';
import { itemsOf, OWN_STORE } from './items.ts';
import {
  ensureOwnCertificate,
  issueClientCertificate,
  ownAddresses,
  ownCertificatePaths,
} from './own-certificate.ts';
import { freePortFrom, type PortBinding, portProblem } from './ports.ts';
import { snippetsOf } from './snippets.ts';

/** Names that stand for something else in addresses of the API and the pages. */
const RESERVED = new Set([OWN_STORE, 'new', 'live', 'authority', 'check', 'test']);

export interface CheckedDraft {
  readonly problems: readonly FormProblem[];
  readonly port?: string;
  readonly freePort?: number;
  readonly config: string;
}

export class Integrations {
  readonly host: IntegrationHost;
  readonly flow: Flow;
  readonly #files: ReturnType<typeof integrationFiles>;
  #cards: Promise<readonly OfferedCard[]> | undefined;
  /** One change after the other. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(host: IntegrationHost) {
    this.host = host;
    this.flow = new Flow(host.engine);
    this.#files = integrationFiles(host.dataPath);
  }

  close(): void {
    this.flow.close();
  }

  /** What can be set up in this process. */
  cards(): Promise<readonly OfferedCard[]> {
    this.#cards ??= loadCards(this.host.registry);
    return this.#cards;
  }

  async items(): Promise<() => IntegrationItem[]> {
    const cards = await this.cards();
    return () => itemsOf({ host: this.host, flow: this.flow, cards, files: this.#files.list() });
  }

  /** @throws ConsoleError */
  async item(id: string): Promise<IntegrationItem> {
    const item = (await this.items())().find((each) => each.id === id);
    if (!item) throw notThere('this source or destination');
    return item;
  }

  /** @throws ConsoleError */
  async detail(id: string): Promise<IntegrationDetail> {
    const item = await this.item(id);
    const file = item.managed ? this.#files.read(id) : undefined;
    const endpoint = await this.endpoint(id);
    const node = item.managed ? undefined : this.#node(item);
    const form = file?.form;
    return {
      item,
      ...(form &&
        !file.edited && {
          form: {
            values: plainValues(form),
            keep: form.keep ?? null,
            others: item.others.map((each) => each.id),
            secrets: [...(form.secrets ?? [])],
            files: this.#filesOf(id, await this.#card(form.card)),
          },
        }),
      config: file?.text ?? (node ? nodeSnippet(node) : ''),
      ...(file && { file: file.file }),
      snippets: endpoint ? snippetsOf(endpoint, ownAddresses()) : [],
      authority: endpoint?.tls === true && endpoint.ownCertificate,
      clients: endpoint?.clients === 'made',
      tests: endpoint
        ? endpoint.speaks !== 'files' && endpoint.clients !== 'own'
        : item.kind === 'destination' && item.managed && !file?.edited,
    };
  }

  /** The node of a running config that an item is about. */
  #node({ id, pipeline, kind, card }: IntegrationItem): GraphNode | undefined {
    const graph = this.host.engine.pipelines.get(pipeline)?.config.graph;
    if (!graph) return undefined;
    const own = id.slice(pipeline.length + 1);
    const nodes = kind === 'source' ? graph.inputs : graph.outputs.filter((node) => node.type === 'plugin');
    return own === '' ? nodes.find(({ name }) => name === card) : nodes.find((node) => node.id === own);
  }

  /** Where a source listens; undefined for what is no source, or not known well. */
  async endpoint(id: string): Promise<Endpoint | undefined> {
    const item = await this.item(id);
    if (item.kind !== 'source') return undefined;
    const own = ownCertificatePaths(this.host.dataPath);
    const card = (await this.cards()).find((each) => each.id === item.card);
    if (!card) return undefined;
    const graph = this.host.engine.pipelines.get(item.pipeline)?.config.graph;
    const node = item.managed ? graph && mainNode(card, graph) : this.#node(item);
    if (node) return endpointOf(card, node, own);
    // It does not run: the form says the same.
    const file = this.#files.read(id);
    if (!file?.form) return undefined;
    const prepared = await this.#prepare(card, id, draftOf(file.form), file, undefined);
    const [input] = prepared.graph?.inputs ?? [];
    return input && endpointOf(card, input, own);
  }

  async #card(id: string): Promise<OfferedCard> {
    const card = (await this.cards()).find((each) => each.id === id);
    if (!card) throw new ConsoleError(400, 'invalid', `there is nothing of the kind "${id}"`);
    return card;
  }

  #filesOf(id: string, card: OfferedCard): string[] {
    return fileFields(card).filter((field) => this.#files.hasAttachment(id, field));
  }

  // ---- forms ----

  async #prepare(
    card: OfferedCard,
    id: string,
    draft: Draft,
    known: IntegrationFile | undefined,
    folder: string | undefined,
  ): Promise<Prepared> {
    const certificate =
      draft.values['tls'] === 'made' || draft.values['clients'] === 'made'
        ? await ensureOwnCertificate(this.host.dataPath)
        : ownCertificatePaths(this.host.dataPath);
    return prepare({
      host: this.host,
      files: this.#files,
      certificate,
      card,
      id,
      known,
      draft: onlyFields(card, draft),
      targets: card.kind === 'source' ? this.#targets(draft.others) : [],
      folder,
    });
  }

  /** Destinations that take events now. */
  #targets(ids: readonly string[]): Target[] {
    return ids.flatMap((id) => {
      const file = this.#files.read(id);
      return file?.enabled && file.form ? [{ id, title: file.form.title }] : [];
    });
  }

  /** What is wrong with a form that is not saved. */
  async check(draft: Draft, id: string | undefined): Promise<CheckedDraft> {
    const card = await this.#card(draft.card);
    const known = id === undefined ? undefined : this.#files.read(id);
    const prepared = await withDraftFiles(draft, (folder) =>
      this.#prepare(card, id ?? this.#newId(draft.title), draft, known, folder),
    );
    const problems = [...prepared.problems, ...this.#titleTaken(draft, id)];
    const bindings = prepared.graph ? await this.#bindings(card, prepared) : [];
    const port = await this.#portProblem(bindings, id);
    const free =
      port === undefined || bindings.length === 0
        ? undefined
        : await freePortFrom(Math.max(1024, bindings[0]!.port + 1), (next) =>
            bindings.map((binding) => ({ ...binding, port: next })),
          );
    return {
      problems,
      ...(port !== undefined && { port }),
      ...(free !== undefined && { freePort: free }),
      config: prepared.body,
    };
  }

  #titleTaken({ title, card }: Draft, id: string | undefined): FormProblem[] {
    const other = this.#files
      .list()
      .find(({ id: each, form }) => each !== id && form?.title.toLowerCase() === title.trim().toLowerCase());
    return other && card !== ''
      ? [{ field: 'title', text: `There is another "${title.trim()}" already` }]
      : [];
  }

  async #bindings(card: OfferedCard, { graph }: Prepared): Promise<readonly PortBinding[]> {
    const node = graph && mainNode(card, graph);
    const plugin = card.kind === 'source' ? await this.host.registry.load('input', card.plugin) : undefined;
    if (!node || plugin?.kind !== 'input') return [];
    return plugin.binds?.(node.options as never).filter(({ port, host }) => port > 0 && isIP(host) > 0) ?? [];
  }

  /** Undefined as well when it is our own, which will give it up or keep it. */
  async #portProblem(bindings: readonly PortBinding[], id: string | undefined): Promise<string | undefined> {
    const holder = (await this.#holders()).find(({ bindings: held }) =>
      held.some((one) =>
        bindings.some((other) => one.port === other.port && one.protocol === other.protocol),
      ),
    );
    if (holder && holder.pipeline === id) return undefined;
    if (holder) return `Port ${bindings[0]!.port} belongs to "${holder.title}" already: choose another one`;
    return portProblem(bindings);
  }

  /** Ports of this process. */
  async #holders(): Promise<{ pipeline: string; title: string; bindings: readonly PortBinding[] }[]> {
    const all = [...this.host.engine.pipelines.values()].filter(({ state }) => state === 'running');
    const held = all.flatMap(({ id, config }) =>
      config.graph.inputs.map(async (node) => {
        const plugin = await this.host.registry.load('input', node.name);
        const bindings = (plugin?.kind === 'input' && plugin.binds?.(node.options as never)) || [];
        return { pipeline: id, title: this.#files.read(id)?.form?.title ?? id, bindings };
      }),
    );
    return Promise.all(held);
  }

  #newId(title: string): string {
    const plain = title
      .normalize('NFKD')
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-');
    const base = plain.replace(/^-+|-+$/g, '').slice(0, 40) || 'integration';
    const taken = (id: string): boolean =>
      RESERVED.has(id) || this.#files.read(id) !== undefined || this.host.engine.pipelines.has(id);
    for (let n = 1; ; n++) {
      const id = n === 1 ? base : `${base}-${n}`;
      if (!taken(id)) return id;
    }
  }

  // ---- changes ----

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.catch(() => {}).then(work);
    this.#turn = done;
    return done;
  }

  /** Makes one, or changes it. @throws ConsoleError when it is wrong or does not start; then nothing has changed */
  save(draft: Draft, id: string | undefined): Promise<string> {
    return this.#inTurn(() => this.#save(draft, id));
  }

  async #save(given: Draft, id: string | undefined): Promise<string> {
    const known = id === undefined ? undefined : this.#known(id);
    if (known?.edited)
      throw new ConsoleError(
        409,
        'edited',
        `${known.file} was changed by hand: change it there, or in the editor`,
      );
    const draft = { ...given, title: given.title.trim() };
    const card = await this.#card(draft.card);
    if (known?.form && known.form.card !== card.id)
      throw new ConsoleError(400, 'invalid', 'it can not become something else: make another one');
    const own = id ?? this.#newId(draft.title);
    // With the certificates where they are for now: nothing is written before everything is right.
    const checked = await withDraftFiles(draft, (folder) => this.#prepare(card, own, draft, known, folder));
    const [problem] = [...checked.problems, ...this.#titleTaken(draft, id)];
    if (problem) throw new ConsoleError(400, 'form', this.#inWords(card, problem));
    if (known?.enabled !== false) {
      const port = await this.#portProblem(await this.#bindings(card, checked), id);
      if (port !== undefined) throw new ConsoleError(409, 'port', port);
    }
    const undo = this.#snapshot();
    await this.#saveAttachments(card, own, draft, known);
    const { form, body } = await this.#prepare(
      card,
      own,
      { ...draft, files: {} },
      this.#asStored(own, card, draft, known),
      undefined,
    );
    const saved: IntegrationForm = {
      card: card.id,
      title: draft.title,
      values: form.values,
      ...(card.kind === 'source' && draft.keep !== null && { keep: draft.keep }),
      ...(card.kind === 'source' && { destinations: [...draft.others] }),
      ...this.#secretsOf(card, draft, known),
    };
    this.#files.write(own, integrationText(saved, card.title, body), known?.enabled ?? true);
    if (card.kind === 'destination') await this.#connect(own, draft.others);
    await this.#apply([own], undo);
    return own;
  }

  #inWords(card: OfferedCard, { field, text }: FormProblem): string {
    const label = field === 'title' ? 'Name' : card.form.find(({ name }) => name === field)?.label;
    return label === undefined ? text : `${label}: ${text}`;
  }

  #known(id: string): IntegrationFile {
    const known = this.#files.read(id);
    if (!known?.form) throw notThere('this source or destination');
    return known;
  }

  /** A file as it will be, for what is stored beside it. */
  #asStored(
    id: string,
    card: OfferedCard,
    draft: Draft,
    known: IntegrationFile | undefined,
  ): IntegrationFile {
    const secrets = this.#secretsOf(card, draft, known);
    const form: IntegrationForm = { card: card.id, title: draft.title, values: {}, ...secrets };
    return { id, enabled: true, file: '', text: '', edited: false, form };
  }

  #secretsOf(card: OfferedCard, draft: Draft, known: IntegrationFile | undefined): { secrets?: string[] } {
    const { secrets } = onlyFields(card, draft);
    const wanted = new Set(secretFields(card, draft));
    const names = new Set((known?.form?.secrets ?? []).filter((field) => wanted.has(field)));
    for (const [field, value] of Object.entries(secrets)) {
      if (value === null) names.delete(field);
      else names.add(field);
    }
    return names.size === 0 ? {} : { secrets: [...names] };
  }

  async #saveAttachments(
    card: OfferedCard,
    id: string,
    given: Draft,
    known: IntegrationFile | undefined,
  ): Promise<void> {
    const draft = onlyFields(card, given);
    for (const [field, text] of Object.entries(draft.files)) {
      if (text === null) this.#files.detach(id, field);
      else this.#files.attach(id, field, text);
    }
    const changes = new Map<string, string | undefined>();
    const kept = new Set(this.#secretsOf(card, draft, known).secrets);
    for (const field of known?.form?.secrets ?? [])
      if (!kept.has(field)) changes.set(secretName(id, field), undefined);
    for (const [field, value] of Object.entries(draft.secrets))
      if (value !== null) changes.set(secretName(id, field), value);
    if (changes.size > 0) await this.host.saveSecrets(changes);
  }

  /** Has these sources, and no others, send to a destination. */
  async #connect(destination: string, sources: readonly string[]): Promise<void> {
    for (const file of this.#files.list()) {
      const card = (await this.cards()).find(({ id }) => id === file.form?.card);
      if (card?.kind !== 'source' || !file.form) continue;
      const before = file.form.destinations ?? [];
      const sends = sources.includes(file.id);
      const destinations = sends
        ? [...new Set([...before, destination])]
        : before.filter((each) => each !== destination);
      if (sends || before.includes(destination)) await this.#rewrite(file, card, destinations);
    }
  }

  /** Writes the config of a source anew, for other destinations. @throws ConsoleError when it was changed by hand */
  async #rewrite(file: IntegrationFile, card: OfferedCard, destinations: readonly string[]): Promise<void> {
    const form = { ...file.form!, destinations: [...destinations] };
    const { body } = await this.#prepare(card, file.id, draftOf(form), file, undefined);
    const text = integrationText(form, card.title, body);
    if (text === file.text) return;
    if (file.edited)
      throw new ConsoleError(
        409,
        'edited',
        `The config of "${form.title}" was changed by hand: change in ${file.file} where it sends to, too`,
      );
    this.#files.write(file.id, text, file.enabled);
  }

  /** Everything as it is in the folder now; the function brings it back. */
  #snapshot(): () => void {
    const before = this.#files.list();
    return () => {
      const ids = new Set(before.map(({ id }) => id));
      for (const { id } of this.#files.list()) if (!ids.has(id)) this.#files.remove(id);
      for (const { id, text, enabled } of before) this.#files.write(id, text, enabled);
    };
  }

  /** @throws ConsoleError when one of these does not run then, after everything is as it was */
  async #apply(ids: readonly string[], undo: () => void): Promise<void> {
    const { problem, failed } = await this.host.reload();
    const why = problem ?? ids.map((id) => failed.get(id)).find((each) => each !== undefined);
    if (why === undefined) return;
    undo();
    await this.host.reload();
    throw new ConsoleError(409, 'not_started', `Nothing was changed. ${why}`);
  }

  enable(id: string, enabled: boolean): Promise<void> {
    return this.#inTurn(async () => {
      const file = this.#known(id);
      if (file.enabled === enabled) return;
      const undo = this.#snapshot();
      try {
        this.#files.enable(id, enabled);
        await this.#refreshSenders(id);
      } catch (error) {
        undo();
        throw error;
      }
      await this.#apply(enabled ? [id] : [], undo);
    });
  }

  /** Sources that send to a destination: with it when it is enabled, without it otherwise. */
  async #refreshSenders(destination: string, forget = false): Promise<void> {
    for (const file of this.#files.list()) {
      const destinations = file.form?.destinations;
      if (!destinations?.includes(destination)) continue;
      const card = await this.#card(file.form!.card);
      await this.#rewrite(
        file,
        card,
        forget ? destinations.filter((each) => each !== destination) : destinations,
      );
    }
  }

  remove(id: string): Promise<void> {
    return this.#inTurn(async () => {
      const file = this.#known(id);
      const undo = this.#snapshot();
      const queues = this.#queuesOf(id);
      try {
        if (file.enabled) this.#files.enable(id, false);
        await this.#refreshSenders(id, true);
      } catch (error) {
        undo();
        throw error;
      }
      await this.#apply([], undo);
      this.#files.remove(id);
      // Another of the same name must not get what waited for this one.
      if (!this.host.engine.pipelines.has(id))
        for (const folder of queues) rmSync(folder, { recursive: true, force: true });
      const secrets = new Map((file.form?.secrets ?? []).map((field) => [secretName(id, field), undefined]));
      if (secrets.size > 0) await this.host.saveSecrets(secrets);
    });
  }

  /** Folders of the disk buffers of a destination. */
  #queuesOf(id: string): string[] {
    const buffers = [...this.host.engine.pipelines.values()].filter(({ parent }) => parent === id);
    if (buffers.length === 0) return [queueFolder(`${id}.${id}`, this.host.settings)];
    return buffers.map((buffer) => queueFolder(buffer.id, buffer.config.settings));
  }

  /** A form's output, ready to be tried. @throws ConsoleError when something is wrong with the form */
  async withOutput<T>(
    draft: Draft,
    id: string | undefined,
    work: (node: GraphNode) => Promise<T>,
  ): Promise<T> {
    const card = await this.#card(draft.card);
    const known = id === undefined ? undefined : this.#files.read(id);
    return withDraftFiles(draft, async (folder) => {
      const prepared = await this.#prepare(card, id ?? this.#newId(draft.title), draft, known, folder);
      const [problem] = prepared.problems.filter(({ field }) => field !== 'title');
      const node = prepared.graph && mainNode(card, prepared.graph);
      if (problem || !node)
        throw new ConsoleError(
          400,
          'form',
          problem ? this.#inWords(card, problem) : 'It can not be tested yet',
        );
      return work(node);
    });
  }

  /** The form of what is saved. @throws ConsoleError */
  saved(id: string): Draft {
    const file = this.#known(id);
    if (file.edited)
      throw new ConsoleError(409, 'edited', `${file.file} was changed by hand: it can not be tested here`);
    return draftOf(file.form!);
  }

  /** A certificate for who sends to a source that asks for one of Millrace's own authority. @throws ConsoleError */
  async issue(id: string, name: string): Promise<IssuedCertificate> {
    const endpoint = await this.endpoint(id);
    if (endpoint?.clients !== 'made')
      throw new ConsoleError(400, 'invalid', 'this source asks for no certificates of Millrace');
    return issueClientCertificate(this.host.dataPath, name);
  }

  /** The certificate of Millrace's own authority, PEM. @throws ConsoleError */
  authority(): string {
    try {
      return readFileSync(ownCertificatePaths(this.host.dataPath).authority, 'utf8');
    } catch {
      throw notThere('a certificate of Millrace');
    }
  }
}

const draftOf = (form: IntegrationForm): Draft => ({
  card: form.card,
  title: form.title,
  values: form.values,
  secrets: {},
  files: {},
  keep: form.keep ?? null,
  others: form.destinations ?? [],
});

const plainValues = (form: IntegrationForm): Record<string, string | number | boolean | string[]> =>
  Object.fromEntries(
    Object.entries(form.values).map(([name, value]) => [
      name,
      typeof value === 'object' ? [...value] : value,
    ]),
  );

const fileFields = (card: OfferedCard): string[] =>
  card.form.flatMap(({ name, control }) =>
    control === 'pem'
      ? [name]
      : control === 'tls'
        ? [TLS_FILES.certificate, TLS_FILES.key]
        : control === 'clients'
          ? [TLS_FILES.clients]
          : [],
  );

const secretFields = (card: OfferedCard, { values }: Draft): string[] =>
  card.form.flatMap(({ name, control }) => {
    if (control === 'secret') return [name];
    const names = values[name];
    return control === 'headers' && Array.isArray(names)
      ? names.map((each: string) => headerField(each.trim()))
      : [];
  });

/** Without what the card does not ask for: names of fields become names of files and secrets. */
function onlyFields(card: OfferedCard, draft: Draft): Draft {
  const pick = (from: Draft['secrets'], names: readonly string[]): Draft['secrets'] =>
    Object.fromEntries(Object.entries(from).filter(([name]) => names.includes(name)));
  return {
    ...draft,
    secrets: pick(draft.secrets, secretFields(card, draft)),
    files: pick(draft.files, fileFields(card)),
  };
}
