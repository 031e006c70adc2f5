import type { Peer } from '../../kernel/plugin.ts';

const MAX_PEERS = 10_000;

/** One peer object per sender of datagrams, so that its records share one; bounded, whatever addresses are forged. */
export class PeerTable {
  readonly #peers = new Map<string, Peer>();
  #lastIp = '';
  #last: Peer | undefined;

  of(ip: string): Peer {
    if (ip === this.#lastIp && this.#last !== undefined) return this.#last;
    let peer = this.#peers.get(ip);
    if (peer === undefined) {
      if (this.#peers.size >= MAX_PEERS) this.#peers.clear();
      peer = { key: ip, ip };
      this.#peers.set(ip, peer);
    }
    this.#lastIp = ip;
    this.#last = peer;
    return peer;
  }
}
