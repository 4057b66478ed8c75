import { expect, it } from 'vitest';
import { checkVolumePath, volumePathFault } from './entry.ts';

it.each(['a', '.claude.json', 'a/b/.c', 'ä/\u202e', 'x.cai-volume', 'a/.cai-volume'])(
  '%j can be a path in a volume',
  (path) => expect(volumePathFault(path)).toBeUndefined(),
);

it.each([
  '',
  '/etc/passwd',
  '..',
  'a/../b',
  './a',
  'a//b',
  'a/',
  'a\0b',
  '.cai-volume',
  '.cai-volume/journal',
  'x'.repeat(256),
  'abc/'.repeat(1100),
])('%j cannot', (path) => {
  expect(() => checkVolumePath(path)).toThrow(expect.objectContaining({ code: 'NAME' }));
});
