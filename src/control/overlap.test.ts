import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { checkOverlap } from './overlap.ts';
import { prepareSession } from './prepare.ts';
import { useState } from './test-state.ts';

const roots = (...paths: string[]) => ({ name: 'x', paths });
const overlap = expect.objectContaining({ code: 'OVERLAP' });

test.each([
  [['/p'], '/p/state'],
  [['/s/state/x'], '/s/state'],
  [['/p'], '/p'],
  [['/p', '/q'], '/q/state'],
  [['/p', '/p/q'], '/s'],
  [['/p/q', '/p'], '/s'],
  [['/p', '/p'], '/s'],
])('%j with the state directory %s is refused', (paths, state) => {
  expect(() => checkOverlap(roots(...paths), state, [])).toThrow(overlap);
});

test('names that only begin alike are apart', () => {
  expect(() => checkOverlap(roots('/p', '/p-2'), '/p3', [])).not.toThrow();
});

test('other sessions: the same root and nested roots are fine, unless copies could feed each other', () => {
  expect(() => checkOverlap(roots('/p'), '/s', [roots('/p'), roots('/p/api')])).not.toThrow();
  expect(() => checkOverlap(roots('/p'), '/s', [roots('/p', '/q')])).not.toThrow();
  expect(() => checkOverlap(roots('/p/api', '/r'), '/s', [roots('/p')])).toThrow(overlap);
  expect(() => checkOverlap(roots('/p/api'), '/s', [roots('/p', '/q')])).toThrow(overlap);
});

test.each([
  ['p', 'web:/app', 'p', 'web:/app/src'],
  ['p', 'web:/app/src', 'p', 'web:/app'],
  ['p', 'web:/app', 'p/q', 'web:/app'],
  ['p/q', 'web:/app/x', 'p', 'web:/app/x/q/y'],
])('%s with %s and %s with %s would feed each other', async (local, remote, other, otherRemote) => {
  const cwd = useState('p/q');
  await prepareSession({ local, remote, options: {}, cwd });
  const second = prepareSession({ local: other, remote: otherRemote, options: {}, cwd });
  await expect(second).rejects.toEqual(overlap);
});

test.each([
  ['p', 'web:/app', 'p/q', 'web:/app/q'],
  ['p', 'web:/app', 'p', 'web:/other'],
  ['p', 'web:/app', 'p', 'api:/app/src'],
  ['p', 'web:/app', 'p', 'podman://web/app/src'],
  ['p/q', 'web:/app', 'r', 'web:/app/src'],
])('%s with %s and %s with %s are fine', async (local, remote, other, otherRemote) => {
  const cwd = useState('p/q', 'r');
  await prepareSession({ local, remote, options: {}, cwd });
  await prepareSession({ local: other, remote: otherRemote, options: {}, cwd });
});

test('real paths are compared', async () => {
  const top = useState('p/q');
  symlinkSync(join(top, 'p/q'), join(top, 'elsewhere'));
  const request = { local: 'p', remote: './elsewhere', options: {}, cwd: top };
  await expect(prepareSession(request)).rejects.toEqual(overlap);
});
