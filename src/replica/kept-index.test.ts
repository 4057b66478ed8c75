/** What is written down about kept files is short, and complete at any moment. */
import * as fs from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { describeNeeding } from '../../test/support/needs.ts';
import { smallDisk } from '../../test/support/small-disk.ts';
import { temporaryDirectory } from '../../test/support/tree.ts';
import { createArea } from './area.ts';
import { createKeptIndex, indexFile, readIndex } from './kept-index.ts';

test('lines of what is not kept any more go, those of what is stay', () => {
  const root = temporaryDirectory();
  const area = createArea({ fs, root });
  const index = createKeptIndex(fs, area);
  index.note({ id: 'kept-first', path: 'a', beside: true });
  index.note({ id: 'kept-first', path: 'a', unexpected: true });
  for (let at = 0; at < 20_000; at += 1) {
    index.note({ id: `kept-${at}`, path: `p${at}` });
    if (at < 19_990) index.forget(`kept-${at}`);
  }
  const lines = fs.readFileSync(`${area.open()}/${indexFile}`, 'utf8').split('\n').length;
  expect(lines).toBeLessThan(6_000);
  const found = readIndex(fs, area.open());
  expect(found.get('kept-first')).toEqual({
    id: 'kept-first',
    path: 'a',
    beside: true,
    unexpected: true,
  });
  for (let at = 19_990; at < 20_000; at += 1) expect(found.has(`kept-${at}`)).toBe(true);
  index.close();
  area.close('remove');
});

describeNeeding(['mount'], 'on a full disk', () => {
  test('a line that has no room is refused, and spoils none of the others', () => {
    const page = 4096;
    const root = smallDisk(4 * page);
    const area = createArea({ fs, root });
    const index = createKeptIndex(fs, area);
    const note = (id: number) => index.note({ id: `kept-${id}`, path: 'p'.repeat(60) });
    note(0);
    const filler = join(root, 'filler');
    fs.writeFileSync(filler, 'x'.repeat(fs.statfsSync(root).bfree * page));
    let last = 0;
    expect(() => {
      for (; last < 1_000; last += 1) note(last + 1);
    }).toThrow(expect.objectContaining({ code: 'ENOSPC' }));
    fs.rmSync(filler);
    note(2_000);
    const found = [...readIndex(fs, area.open()).keys()];
    const noted = Array.from({ length: last + 1 }, (_, id) => `kept-${id}`);
    expect(found).toEqual([...noted, 'kept-2000']);
    index.close();
    area.close('remove');
  });
});
