/** What others do to a tree, at random. */
import * as fs from 'node:fs';
import type { Random } from '../../test/support/random.ts';

export const names = ['a', 'b', 'c', 'd.txt', 'ä'];

export function anyPath(chance: Random): string {
  const depth = 1 + chance.below(3);
  return Array.from({ length: depth }, () => chance.pick(names)).join('/');
}

type Deed = readonly [name: string, run: (root: string, chance: Random) => void];

const deeds: readonly Deed[] = [
  [
    'write',
    (root, chance) =>
      fs.writeFileSync(`${root}/${anyPath(chance)}`, chance.bytes(chance.below(20))),
  ],
  ['write', (root, chance) => fs.writeFileSync(`${root}/${anyPath(chance)}`, `${chance.below(3)}`)],
  ['append', (root, chance) => fs.appendFileSync(`${root}/${anyPath(chance)}`, 'x')],
  ['mkdir', (root, chance) => fs.mkdirSync(`${root}/${anyPath(chance)}`, { recursive: true })],
  ['rm', (root, chance) => fs.rmSync(`${root}/${anyPath(chance)}`, { recursive: true })],
  [
    'rename',
    (root, chance) => fs.renameSync(`${root}/${anyPath(chance)}`, `${root}/${anyPath(chance)}`),
  ],
  [
    'rename',
    (root, chance) => fs.renameSync(`${root}/${anyPath(chance)}`, `${root}/${anyPath(chance)}`),
  ],
  ['link', (root, chance) => fs.symlinkSync(chance.pick(names), `${root}/${anyPath(chance)}`)],
  [
    'hard link',
    (root, chance) => fs.linkSync(`${root}/${anyPath(chance)}`, `${root}/${anyPath(chance)}`),
  ],
  [
    'chmod',
    (root, chance) => fs.chmodSync(`${root}/${anyPath(chance)}`, chance.pick([0o755, 0o644])),
  ],
  [
    're-create',
    (root, chance) => {
      const path = `${root}/${anyPath(chance)}`;
      fs.rmSync(path, { recursive: true });
      fs.mkdirSync(path);
      fs.writeFileSync(`${path}/${chance.pick(names)}`, 're-created');
    },
  ],
  [
    'save as editors do',
    (root, chance) => {
      const path = `${root}/${anyPath(chance)}`;
      fs.writeFileSync(`${path}~`, `saved ${chance.below(100)}`);
      fs.renameSync(`${path}~`, path);
    },
  ],
];

/** Does so many of them, as far as they are possible with what stands there. */
export function perform(root: string, chance: Random, count: number): void {
  for (let done = 0; done < count; done += 1) {
    const [, run] = chance.pick(deeds);
    try {
      run(root, chance);
    } catch {
      // Not possible with what stands there.
    }
  }
}
