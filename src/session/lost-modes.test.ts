import { expect, it } from 'vitest';
import type { FileEntry } from '../tree/entry.ts';
import type { Applied } from './absorb.ts';
import { lostModes } from './lost-modes.ts';

const file = (n: number, executable: boolean): FileEntry => ({
  kind: 'file',
  digest: String(n).repeat(64),
  size: n,
  executable,
  mode: executable ? 0o755 : 0o644,
  mtime: n,
});

/** Content 1 was replaced by content 2; `had` is what was found to stand there. */
function replaced(had: FileEntry): Applied {
  const source = { from: 'bytes', bytes: new Uint8Array() } as const;
  const kept = { id: 'k', path: 'a', entry: had, expected: true };
  return {
    action: { type: 'write', path: 'a', expect: file(1, false), entry: file(2, false), source },
    seen: file(2, false),
    outcome: { path: 'a', result: 'done', now: file(2, false), kept },
  };
}

it('a bit that was set while the content was replaced is set on the new content', () => {
  expect(lostModes([replaced(file(1, true))], 'portable')).toEqual([
    { type: 'attributes', path: 'a', expect: file(2, false), entry: file(2, true) },
  ]);
});

it('what was known is what the plan wanted', () => {
  expect(lostModes([replaced(file(1, false))], 'portable')).toEqual([]);
  const other = { ...file(1, false), mode: 0o600 };
  expect(lostModes([replaced(other)], 'portable')).toEqual([]);
  expect(lostModes([replaced(other)], 'full')).toHaveLength(1);
});
