/**
 * Finds some file of a given digest: one node a digest is indexed, not all of them. When the indexed
 * node goes although others may bear its digest, the digest is only marked as lost; the next search
 * for a lost digest repairs all of them in one walk. Content that stood once never costs a walk.
 */
import type { Digest } from './entry.ts';

/** Lost digests may pile up to this share of the index before they are repaired unasked. */
const lostShare = 0.1;

export class DigestIndex<Node> {
  /** undefined: lost, another node may have it. */
  readonly #nodes = new Map<Digest, Node | undefined>();
  /** Digests that were seen on two nodes at a time. */
  readonly #shared = new Set<Digest>();
  readonly #walk: () => Iterable<readonly [Digest, Node]>;
  #lost = 0;

  /** `walk` goes over all nodes that have a digest. */
  constructor(walk: () => Iterable<readonly [Digest, Node]>) {
    this.#walk = walk;
  }

  add(digest: Digest, node: Node): void {
    const known = this.#nodes.get(digest);
    if (known !== undefined) {
      if (known !== node) this.#shared.add(digest);
      return;
    }
    if (this.#nodes.has(digest)) this.#lost -= 1;
    this.#nodes.set(digest, node);
  }

  remove(digest: Digest, node: Node): void {
    if (this.#nodes.get(digest) !== node) return;
    if (!this.#shared.has(digest)) {
      this.#nodes.delete(digest);
      return;
    }
    this.#nodes.set(digest, undefined);
    this.#lost += 1;
    if (this.#lost > 1000 + this.#nodes.size * lostShare) this.#repair();
  }

  find(digest: Digest): Node | undefined {
    const node = this.#nodes.get(digest);
    if (node !== undefined || !this.#nodes.has(digest)) return node;
    this.#repair();
    return this.#nodes.get(digest);
  }

  #repair(): void {
    this.#shared.clear();
    for (const [digest, node] of this.#walk()) this.add(digest, node);
    for (const [digest, node] of this.#nodes) if (node === undefined) this.#nodes.delete(digest);
    this.#lost = 0;
  }
}
