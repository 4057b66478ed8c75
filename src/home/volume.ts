/** The door to data volumes. */

export type { NewEntry } from './volume/entry.ts';
export { openVolume } from './volume/open.ts';
export type * from './volume/types.ts';
