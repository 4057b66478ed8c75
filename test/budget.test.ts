/** What starting costs: code loaded for `cai --help`, and packages installed with the program. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { home } from '../scripts/fresh.mjs';
import { builtCli } from './support/built.ts';
import { temporaryDirectory } from './support/tree.ts';

/** The files that Node evaluates for a command, by its own coverage record. */
function loadedFiles(args: readonly string[]): string[] {
  const record = temporaryDirectory();
  execFileSync(process.execPath, [builtCli(), ...args], {
    env: { ...process.env, NODE_V8_COVERAGE: record },
  });
  const urls = readdirSync(record).flatMap((name) => {
    const { result } = JSON.parse(readFileSync(join(record, name), 'utf8'));
    return (result as { url: string }[]).map(({ url }) => url);
  });
  return urls.filter((url) => url.startsWith('file:')).map((url) => fileURLToPath(url));
}

test('cai --help loads little code, all of it from the bundle', () => {
  const files = loadedFiles(['--help']);
  expect(files).toContain(builtCli());
  expect(files.filter((file) => file.includes('node_modules'))).toEqual([]);
  expect(files.length).toBeLessThanOrEqual(4);
  const bytes = files.reduce((sum, file) => sum + statSync(file).size, 0);
  expect(bytes).toBeLessThanOrEqual(200_000);
});

test('few packages are installed with the program', () => {
  const { packages } = JSON.parse(readFileSync(join(home, 'package-lock.json'), 'utf8'));
  const installed = Object.entries(packages as Record<string, { dev?: boolean }>)
    .filter(([path, { dev }]) => path !== '' && !dev)
    .map(([path]) => path);
  expect(installed.length).toBeGreaterThan(0);
  expect(installed.length).toBeLessThanOrEqual(5);
});
