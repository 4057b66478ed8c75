/** An archive that is given up while it is written: no draft stays, and its file is closed once. */
import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { random } from '../../../test/support/random.ts';
import { temporaryDirectory } from '../../../test/support/tree.ts';
import { openOutput } from './output.ts';
import { writeArchive } from './write.ts';

test('at any moment', async () => {
  const directory = temporaryDirectory('cai-output-');
  const chance = random();
  console.info(`seed ${chance.seed}`);
  const entry = { kind: 'file', path: 'x', size: 5_000_000, mode: 0o600 } as const;
  for (let round = 0; round < 60; round += 1) {
    const output = await openOutput(join(directory, 'x.tgz'));
    const writer = await writeArchive(output.stream);
    // Early, before anything waited for the disk, and late.
    const stop = chance.below(round % 2 === 0 ? 2 : 20);
    const turns = chance.below(6);
    async function* content(): AsyncGenerator<Uint8Array> {
      for (let piece = 0; piece < stop; piece += 1) yield randomBytes(65_536);
      for (let turn = 0; turn < turns; turn += 1)
        await new Promise((resolve) => setImmediate(resolve));
      throw new Error('given up');
    }
    const adding = writer.addFile({ ...entry, uid: 0, gid: 0, mtime: 0 }, content());
    await expect(adding).rejects.toThrow('given up');
    writer.destroy(new Error('given up'));
    await output.discard();
    expect(readdirSync(directory)).toEqual([]);
  }
});
