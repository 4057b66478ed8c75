/** Own writes come into the picture silently; what goes from it with them and was told is told to be gone. */
import * as fs from 'node:fs';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../../test/support/tree.ts';
import type { Entry } from '../tree/entry.ts';
import type { Action } from './replica.ts';
import { diskLines, openScanned, take, toldLines, writeOf } from './testing.ts';

const make: Action = {
  type: 'mkdir',
  path: 'd',
  expect: null,
  entry: { kind: 'directory', mode: 0o755 },
};

const comers: Record<string, readonly Action[]> = {
  'a directory': [make],
  // As many as are made together with it.
  'a directory with files': [
    make,
    ...['a', 'b', 'c'].map((name) => writeOf(`d/${name}`, null, name)),
  ],
  'a file': [writeOf('d', null, 'in its place')],
  'a link': [{ type: 'link', path: 'd', expect: null, entry: { kind: 'link', target: 'x' } }],
};

for (const [what, actions] of Object.entries(comers))
  test(`what was known in a directory that went is told to be gone when sync puts ${what} there`, async () => {
    const root = temporaryDirectory();
    fs.mkdirSync(`${root}/d`);
    fs.writeFileSync(`${root}/d/f`, 'known');
    const { replica, told } = await openScanned({ root });
    const expected = told.get('d') as Entry;
    // Moved out as a whole: its watch hears nothing of what is in it.
    fs.renameSync(`${root}/d`, `${temporaryDirectory()}/d`);
    const removal: Action = { type: 'remove', path: 'd', expect: expected };
    for (const step of [[removal], actions])
      for (const { path, result, now } of await replica.apply(step)) {
        expect(result).toBe('done');
        take(told, path, now);
      }
    await replica.drain();
    expect(toldLines(told)).toEqual(diskLines(root));
  });
