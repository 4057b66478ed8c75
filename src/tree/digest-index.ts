/**
 * Finds where some file of a given digest stands: one place a digest is indexed, not all of them. When
 * the file there goes although others may bear its digest, the digest is only marked as lost; the next
 * search for a lost digest repairs all of them in one walk. Content that stood once never costs a walk.
 */
import type { Digest } from './entry.ts';

/** Lost digests may pile up to this share of the index before they are repaired unasked. */
const lostShare = 0.1;

export class DigestIndex<Place> {
  /** undefined: lost, another file may have it. */
  readonly #places = new Map<Digest, Place | undefined>();
  /** Digests that were seen on two files at a time. */
  readonly #shared = new Set<Digest>();
  readonly #walk: () => Iterable<readonly [Digest, Place]>;
  #lost = 0;

  /** `walk` goes over all files: their digests, and where they stand. */
  constructor(walk: () => Iterable<readonly [Digest, Place]>) {
    this.#walk = walk;
  }

  add(digest: Digest, place: Place): void {
    const known = this.#places.get(digest);
    if (known !== undefined) {
      this.#shared.add(digest);
      return;
    }
    if (this.#places.has(digest)) this.#lost -= 1;
    this.#places.set(digest, place);
  }

  remove(digest: Digest, place: Place): void {
    if (this.#places.get(digest) !== place) return;
    if (!this.#shared.has(digest)) {
      this.#places.delete(digest);
      return;
    }
    this.#places.set(digest, undefined);
    this.#lost += 1;
    if (this.#lost > 1000 + this.#places.size * lostShare) this.#repair();
  }

  find(digest: Digest): Place | undefined {
    const place = this.#places.get(digest);
    if (place !== undefined || !this.#places.has(digest)) return place;
    this.#repair();
    return this.#places.get(digest);
  }

  #repair(): void {
    this.#places.clear();
    this.#shared.clear();
    this.#lost = 0;
    for (const [digest, place] of this.#walk()) this.add(digest, place);
  }
}
