/**
 * `npm run check`: everything that can be said about the code without running it. All checks run even
 * when one fails; each is named with its time.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { home } from './fresh.mjs';
import { setup } from './setup.mjs';

const checks = [
  {
    name: 'format and lint (biome)',
    command: 'biome',
    args: ['check', '--error-on-warnings', '.'],
  },
  { name: 'lint with types (oxlint)', command: 'oxlint', args: ['.'] },
  { name: 'types (tsc)', command: 'tsc', args: ['-p', '.'] },
  { name: 'unused code (knip)', command: 'knip', args: ['--no-progress'] },
  {
    name: 'lock file',
    command: process.execPath,
    args: [join(home, 'scripts', 'lock.mjs')],
  },
  { name: 'rooms', command: process.execPath, args: [join(home, 'scripts', 'rooms.mjs')] },
];

setup({ andBuild: false });
const failed = checks.filter((check) => !passes(check));
const names = failed.map(({ name }) => name).join(', ');
process.stdout.write(failed.length === 0 ? 'all checks passed\n' : `failed: ${names}\n`);
process.exitCode = failed.length === 0 ? 0 : 1;

function passes({ name, command, args }) {
  const start = performance.now();
  // Never through npx: it would fetch a stranger's package where ours is not installed.
  const program =
    command.includes('/') || command.includes('\\')
      ? command
      : join(home, 'node_modules', '.bin', command);
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    cwd: home,
    encoding: 'utf8',
  });
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  process.stdout.write(`${status === 0 ? 'ok  ' : 'FAIL'} ${name} (${seconds} s)\n`);
  if (status !== 0) process.stdout.write(`${stdout ?? ''}${stderr ?? ''}${error?.message ?? ''}\n`);
  return status === 0;
}
