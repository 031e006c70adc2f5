/** What the API keeps in memory beside the store: who it is, open scrolls, and whose points in time are whose. */
import { StoreError } from '../errors.ts';
import type { SearchRequest, Store } from '../store.ts';
import type { Identity } from './access.ts';
import type { ApiKeys } from './api-keys.ts';
import type { ResponseForm } from './search-response.ts';

export interface Scroll {
  owner: string;
  readonly request: SearchRequest;
  readonly form: ResponseForm;
  readonly pointInTime: string;
  /** Sort values of the last hit; undefined: nothing was found. */
  after: NonNullable<SearchRequest['searchAfter']> | undefined;
  expires: number;
}

/** Elasticsearch's `search.max_open_scroll_context`. */
const MAX_SCROLLS = 500;
const MAX_POINTS = 10_000;

export interface AuditEvent {
  /** `store.sign_in`, `store.search`, `store.denied` … */
  readonly action: string;
  readonly user: string | undefined;
  readonly address: string;
  readonly outcome: 'success' | 'failure' | 'denied';
  readonly details?: Readonly<Record<string, unknown>>;
}

export interface ApiIdentity {
  readonly version: string;
  readonly nodeName: string;
  readonly nodeId: string;
  readonly clusterName: string;
  readonly clusterUuid: string;
}

export class ApiState {
  readonly identity: ApiIdentity;
  readonly keys: ApiKeys;
  readonly started = Date.now();
  readonly audit: (event: AuditEvent) => void;
  /** `host:port` that others reach the API at. */
  publishAddress = '';
  readonly hasUsers: () => boolean;
  /** Repositories of snapshots lie in here. */
  readonly snapshotFolder: string;
  readonly #store: Store;
  readonly #scrolls = new Map<string, Scroll>();
  readonly #points = new Map<string, { owner: string; expires: number }>();

  constructor(options: {
    readonly identity: ApiIdentity;
    readonly keys: ApiKeys;
    readonly store: Store;
    readonly audit: (event: AuditEvent) => void;
    readonly hasUsers: () => boolean;
    readonly snapshotFolder: string;
  }) {
    this.identity = options.identity;
    this.keys = options.keys;
    this.audit = options.audit;
    this.hasUsers = options.hasUsers;
    this.snapshotFolder = options.snapshotFolder;
    this.#store = options.store;
  }

  /** @throws StoreError 429 when there are too many */
  openScroll(scroll: Scroll, identity: Identity): string {
    this.sweep();
    if (this.#scrolls.size >= MAX_SCROLLS)
      throw new StoreError(
        429,
        'rejected_execution_exception',
        `Trying to create too many scroll contexts. Must be less than or equal to: [${MAX_SCROLLS}].`,
      );
    const id = crypto.randomUUID().replaceAll('-', '');
    scroll.owner = ownerOf(identity);
    this.#scrolls.set(id, scroll);
    return id;
  }

  /** @throws StoreError 404 */
  scroll(id: string, identity: Identity): Scroll {
    this.sweep();
    const scroll = this.#scrolls.get(id);
    if (!scroll || scroll.owner !== ownerOf(identity))
      throw new StoreError(404, 'search_context_missing_exception', `No search context found for id [${id}]`);
    return scroll;
  }

  /** How many there were. */
  async closeScrolls(ids: readonly string[] | undefined, identity: Identity): Promise<number> {
    let closed = 0;
    for (const id of ids ?? [...this.#scrolls.keys()]) {
      const scroll = this.#scrolls.get(id);
      if (!scroll || scroll.owner !== ownerOf(identity)) continue;
      this.#scrolls.delete(id);
      await this.#store.closePointInTime(scroll.pointInTime);
      closed++;
    }
    return closed;
  }

  /** @throws StoreError 429 when there are too many */
  rememberPoint(id: string, identity: Identity, keepAlive: number): void {
    this.sweep();
    if (this.#points.size >= MAX_POINTS)
      throw new StoreError(429, 'rejected_execution_exception', 'too many points in time are open');
    this.#points.set(id, { owner: ownerOf(identity), expires: Date.now() + keepAlive });
  }

  /** A point in time shows what its maker could see: nobody else may use it. @throws StoreError 404 */
  checkPoint(id: string, identity: Identity, keepAlive = 0): void {
    const point = this.#points.get(id);
    if (!point || point.owner !== ownerOf(identity))
      throw new StoreError(
        404,
        'search_context_missing_exception',
        `No search context found for id [${id.slice(0, 200)}]`,
      );
    point.expires = Math.max(point.expires, Date.now() + keepAlive);
  }

  forgetPoint(id: string): void {
    this.#points.delete(id);
  }

  pointsOf(identity: Identity): { readonly id: string; readonly keepAlive: number }[] {
    this.sweep();
    return [...this.#points]
      .filter(([, { owner }]) => owner === ownerOf(identity))
      .map(([id, { expires }]) => ({ id, keepAlive: expires - Date.now() }));
  }

  get openScrolls(): number {
    return this.#scrolls.size;
  }

  /** Forgets what is over; the store lets go of the data by itself. */
  sweep(): void {
    const now = Date.now();
    for (const [id, { expires }] of this.#scrolls) if (expires < now) this.#scrolls.delete(id);
    // The store decides; what it has lost long ago need not be known here either.
    for (const [id, { expires }] of this.#points) if (expires + 60_000 < now) this.#points.delete(id);
  }
}

const ownerOf = ({ kind, name, keyId = '' }: Identity): string => `${kind} ${keyId} ${name}`;
