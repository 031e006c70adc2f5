/** The ids that senders chose, of rows that are not in segments yet. */

export interface KnownId {
  readonly sequence: number;
  readonly version: number;
  readonly deleted: boolean;
  /** The document while it is on its way to the log. */
  readonly source?: Buffer;
}

export class HotIds {
  readonly #ids = new Map<number, Map<string, KnownId>>();
  /** Changes when ids left for segments: an answer about segments from before is stale. */
  epoch = 0;

  get(ix: number, id: string): KnownId | undefined {
    return this.#ids.get(ix)?.get(id);
  }

  set(ix: number, id: string, known: KnownId): void {
    let ids = this.#ids.get(ix);
    if (!ids) this.#ids.set(ix, (ids = new Map()));
    ids.set(id, known);
  }

  /** Its row is in a table now. */
  settle(ix: number, id: string, known: KnownId): void {
    if (this.get(ix, id) === known)
      this.set(ix, id, { sequence: known.sequence, version: known.version, deleted: known.deleted });
  }

  /** Takes back a `set` that came to nothing. */
  restore(ix: number, id: string, before: KnownId | undefined): void {
    if (before) this.set(ix, id, before);
    else this.#ids.get(ix)?.delete(id);
  }

  /** Rows up to a sequence number are in segments now. */
  forget(sequence: number): void {
    this.epoch++;
    for (const ids of this.#ids.values())
      for (const [id, known] of ids) if (known.sequence <= sequence) ids.delete(id);
  }

  drop(ix: number): void {
    this.epoch++;
    this.#ids.delete(ix);
  }
}
