/**
 * Who wrote what: labels that MCP servers announce right before they write, put on the history's rows when that
 * very content is carried over. A claim decides nothing; those from the container may be lies, so their
 * number, their age and the length of names are bounded.
 */
import type { Claim } from '../control/api.ts';
import type { Look } from '../tree/entry.ts';
import type { Path, Side } from '../tree/path.ts';
import { pathsAbove } from '../tree/path.ts';

const maxClaims = 4096;
const maxAgeMs = 10 * 60_000;

interface Noted {
  readonly by: string;
  readonly digest: Claim['digest'];
  readonly until: number;
}

export class Claims {
  readonly #claims: Record<Side, Map<Path, Noted>> = { local: new Map(), container: new Map() };

  note(side: Side, by: string, claims: readonly Claim[]): void {
    const noted = this.#claims[side];
    const until = Date.now() + maxAgeMs;
    for (const { path, digest } of claims) {
      // Newest last, so that the first is the one to let go.
      noted.delete(path);
      noted.set(path, { by, digest, until });
      if (noted.size <= maxClaims) continue;
      const oldest = noted.keys().next().value;
      if (oldest !== undefined) noted.delete(oldest);
    }
  }

  /** Who said to have put on the side what is to be seen there now. */
  who(side: Side, path: Path, look: Look): string | undefined {
    const noted = this.#claims[side];
    if (noted.size === 0 || look?.kind === 'blocked') return undefined;
    const claim = noted.get(path) ?? (look === null ? removedAbove(noted, path) : undefined);
    if (claim === undefined || !fits(claim, look)) return undefined;
    if (claim.until > Date.now()) return claim.by;
    noted.delete(path);
    return undefined;
  }
}

/** What was in a directory goes with it. */
function removedAbove(noted: ReadonlyMap<Path, Noted>, path: Path): Noted | undefined {
  for (const parent of pathsAbove(path)) {
    const claim = noted.get(parent);
    if (claim?.digest === null) return claim;
  }
  return undefined;
}

function fits({ digest }: Noted, look: Look): boolean {
  if (look === null) return digest === null;
  if (look.kind === 'file') return digest === look.digest;
  return digest === undefined;
}
