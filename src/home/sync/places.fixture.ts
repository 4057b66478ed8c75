/** A home and a data volume, made of what a test says stands in them. */
import * as fs from 'node:fs';
import { join } from 'node:path';
import { type Made, makeTree, temporaryDirectory } from '../../../test/support/tree.ts';
import type { SyncPlaces } from './places.ts';

type Spec = Readonly<Record<string, Made>>;

const now = Date.now();
/** From before the container was made: it came with the image. */
export const old = new Date(now - 1_000_000);

export function place(home: Spec, data: Spec = {}): SyncPlaces {
  const top = temporaryDirectory('cai-sync-');
  const places = {
    home: join(top, 'home'),
    data: join(top, 'home/.containai/data'),
    made: now - 1000,
  };
  fs.mkdirSync(places.data, { recursive: true });
  makeTree(places.home, home);
  makeTree(places.data, data);
  return places;
}
