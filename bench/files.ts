/** The trees that are synchronised: many small files in a few levels, the same in each run. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface TreeFile {
  readonly path: string;
  readonly size: number;
}

const perDirectory = 100;

/** Lists `count` files below `top`, a hundred in a directory, ten directories in one above. */
export function listFiles(top: string, count: number): TreeFile[] {
  return Array.from({ length: count }, (_, at) => {
    const directory = Math.floor(at / perDirectory);
    const path = `${top}/part-${Math.floor(directory / 10)}/dir-${directory}/file-${at}.ts`;
    // Between 200 and 3,800 bytes, as source files are; 2,000 on average.
    return { path, size: 200 + ((at * 7919) % 3600) };
  });
}

/** Text of just that many bytes, other for each seed, and as compressible as code is. */
export function textOf(seed: string, size: number): string {
  const line = `export const value = '${seed}'; // nothing else stands in this line\n`;
  return line
    .repeat(Math.ceil(size / line.length))
    .slice(0, size - 1)
    .concat('\n');
}

/** Writes the files below `root`. */
export function writeFiles(root: string, files: readonly TreeFile[], seed: string): void {
  let made = '';
  for (const { path, size } of files) {
    const full = join(root, path);
    const parent = full.slice(0, full.lastIndexOf('/'));
    if (parent !== made) mkdirSync(parent, { recursive: true });
    made = parent;
    writeFileSync(full, textOf(`${seed} ${path}`, size));
  }
}
