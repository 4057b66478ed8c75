import { expect, test } from 'vitest';
import { missingEntries } from '../scripts/lock.mjs';

const parent = {
  version: '1.0.0',
  dev: true,
  optionalDependencies: { 'x-linux-x64-musl': '1.0.0' },
};

test('an optional package without an entry is missing, with the platform of its name', () => {
  expect([...missingEntries({ 'node_modules/x': parent })]).toEqual([
    [
      'node_modules/x-linux-x64-musl',
      { version: '1.0.0', os: ['linux'], cpu: ['x64'], libc: ['musl'], dev: true, optional: true },
    ],
  ]);
});

test('nothing is missing where the entry is, at the top or nested', () => {
  const entry = { version: '1.0.0' };
  for (const place of [
    'node_modules/x-linux-x64-musl',
    'node_modules/x/node_modules/x-linux-x64-musl',
  ]) {
    expect(missingEntries({ 'node_modules/x': parent, [place]: entry }).size).toBe(0);
  }
});

test('an entry of another version does not do, and the right one goes below its parent', () => {
  const packages = {
    'node_modules/x': parent,
    'node_modules/x-linux-x64-musl': { version: '2.0.0' },
  };
  expect([...missingEntries(packages).keys()]).toEqual([
    'node_modules/x/node_modules/x-linux-x64-musl',
  ]);
});
