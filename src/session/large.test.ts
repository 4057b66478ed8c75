/** Large contents by rsync, between two directories of this machine. */
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { describeNeeding } from '../../test/support/needs.ts';
import { startPair } from './testing.ts';

const mib = 1024 * 1024;

describeNeeding(['rsync', 'linux'], 'large files by rsync', () => {
  test('what changed in a large file goes over, in both directions', async () => {
    const content = randomBytes(24 * mib);
    const pair = await startPair({
      fill: (local) => writeFileSync(join(local, 'image.raw'), content),
    });
    await pair.same();
    await expect.poll(() => pair.session.status().transferEngine?.engine).toBe('rsync');
    for (const side of [pair.local, pair.container]) {
      randomBytes(mib).copy(content, 5 * mib);
      writeFileSync(join(side, 'image.raw'), content);
      await pair.same();
      expect(pair.session.status().problems).toEqual([]);
      expect(readFileSync(join(pair.container, 'image.raw')).equals(content)).toBe(true);
    }
    const carried = pair.session.status().transferEngine?.carried;
    expect(carried).toMatchObject({ files: 2, bytes: 2 * content.length });
    // Each way what is new, and from the far side, for the history, what was old.
    expect(carried?.linkBytes).toBeLessThan(3 * 1.25 * mib);
  });
});
