/** A stand-in for the docker command (docker/main.mjs) with a plan: what becomes of the first link, the second … */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export type Deed =
  | { readonly kind: 'honest' }
  | { readonly kind: 'cut' | 'stall'; readonly bytes: number }
  | { readonly kind: 'delay'; readonly ms: number }
  | { readonly kind: 'repeat' | 'drop' | 'swap'; readonly frame: number }
  | { readonly kind: 'lie'; readonly name: string };

export interface Middle {
  /** The docker command of the session. */
  readonly command: readonly string[];
  /** Links opened so far. */
  links(): number;
  /** What becomes of the links that are opened from now on. */
  plan(deeds: readonly Deed[]): void;
}

const program = fileURLToPath(new URL('docker/main.mjs', import.meta.url));

/** Without an engine the container is this machine. */
export function standBetween(directory: string, engine?: readonly string[]): Middle {
  const planFile = join(directory, 'plan.json');
  const links = join(directory, 'links');
  writeFileSync(links, '');
  const middle: Middle = {
    command: [process.execPath, program, planFile],
    links: () => readFileSync(links).length,
    plan(deeds) {
      const before = Array.from({ length: middle.links() }, () => ({ kind: 'honest' }));
      writeFileSync(planFile, JSON.stringify({ engine, links, deeds: [...before, ...deeds] }));
    },
  };
  middle.plan([]);
  return middle;
}
