/** Memory is given back, and the flags for node are ones that it knows. */
import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { frugalFlags, tidyMemory } from './tidy-memory.ts';

test('garbage is gone afterwards', () => {
  const held = new WeakRef({ large: Buffer.alloc(1000) });
  return new Promise<void>((resolve) => {
    // A weak reference stays alive until the end of the turn in which it was looked at.
    setImmediate(() => {
      tidyMemory();
      expect(held.deref()).toBeUndefined();
      resolve();
    });
  });
});

test('node takes the flags', () => {
  const { status, stderr } = spawnSync(process.execPath, [...frugalFlags, '-e', '0']);
  expect({ status, stderr: String(stderr) }).toEqual({ status: 0, stderr: '' });
});
