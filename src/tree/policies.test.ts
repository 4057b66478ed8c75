import { expect, test } from 'vitest';
import { conflictPolicies } from './policies.ts';

const policy = conflictPolicies('merge', [
  { paths: ['*.lock', 'dist/', '!dist/keep/'], conflicts: 'local' },
  { paths: ['/notes/**/*.md', 'ünï'], conflicts: 'manual' },
  { paths: ['vendor/special.lock'], conflicts: 'container' },
]);

test.each([
  ['src/a.ts', 'merge'],
  ['yarn.lock', 'local'],
  ['deep/down/yarn.lock', 'local'],
  ['dist/a/b.js', 'local'],
  ['dist', 'merge'],
  ['dist/keep/a', 'merge'],
  ['notes/a/b.md', 'manual'],
  ['other/notes/a/b.md', 'merge'],
  ['ünï/x', 'manual'],
  ['vendor/special.lock', 'container'],
])('%s: %s', (path, expected) => expect(policy(path)).toBe(expected));

test('the last rule that names a path decides', () => {
  const rules = [
    { paths: ['*.md'], conflicts: 'local' },
    { paths: ['*'], conflicts: 'newest' },
  ] as const;
  expect(conflictPolicies('merge', rules)('a.md')).toBe('newest');
  expect(conflictPolicies('merge', rules.toReversed())('a.md')).toBe('local');
});

test('bytes that are no UTF-8 are only bytes', () => {
  const byBytes = conflictPolicies('merge', [{ paths: ['\udcff?'], conflicts: 'local' }]);
  expect(byBytes('a/\udcffx')).toBe('local');
  expect(byBytes('a/\udcfex')).toBe('merge');
});
