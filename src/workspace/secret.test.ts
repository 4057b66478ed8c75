import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../../test/support/tree.ts';
import { checkSecretFile, makeSecretFile } from './secret.ts';

test('a secret is made once, for its owner alone', () => {
  const path = join(temporaryDirectory(), 'secrets');
  expect(makeSecretFile(path)).toBe(true);
  const text = readFileSync(path, 'utf8');
  expect(text).toMatch(/^mcp:[0-9a-f]{48}\n$/);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(makeSecretFile(path)).toBe(false);
  expect(readFileSync(path, 'utf8')).toBe(text);
  checkSecretFile(path);
});

test.each([
  ['that others may read', 'mcp:secret\n', 0o644, /everybody/],
  ['without the user', 'somebody:secret\n', 0o600, /no secret for the user mcp/],
  ['with an empty secret', 'mcp:\n', 0o600, /no secret/],
])('a file %s is told', (_what, text, mode, message) => {
  const path = join(temporaryDirectory(), 'secrets');
  writeFileSync(path, text);
  chmodSync(path, mode);
  expect(() => checkSecretFile(path)).toThrow(expect.objectContaining({ code: 'CONFIG', path }));
  expect(() => checkSecretFile(path)).toThrow(message);
});
