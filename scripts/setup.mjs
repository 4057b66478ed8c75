/**
 * Makes a fresh clone ready: right Node, dependencies as locked, dist/ built. Runs with nothing
 * but Node and npm, says what takes time, and does nothing when all is in place.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { home, isBuilt, isInstalled, nodeFault } from './fresh.mjs';

/** Installs and builds as far as needed; ends the process with a message when that fails. */
export function setup({ andBuild = true } = {}) {
  const fault = nodeFault();
  if (fault !== undefined) fail(fault);
  if (!isInstalled()) {
    say('installing dependencies (npm ci) …');
    const npm = npmCommand();
    run(npm.command, [...npm.args, 'ci', '--ignore-scripts', '--no-audit', '--no-fund'], npm.shell);
  }
  if (andBuild && !isBuilt()) {
    say('building …');
    // A process of its own: the bundler's memory and threads are not for what runs afterwards.
    run(process.execPath, [join(home, 'scripts', 'build.mjs')], false);
  }
}

/** stdout stays free for the program's own output. */
function run(command, args, shell) {
  const { status, error } = spawnSync(command, args, { cwd: home, shell, stdio: ['ignore', 2, 2] });
  if (status !== 0)
    fail(`\`${command} ${args.join(' ')}\` failed${error ? `: ${error.message}` : ''}`);
}

function npmCommand() {
  const script = process.env.npm_execpath;
  if (script?.endsWith('.js')) return { command: process.execPath, args: [script], shell: false };
  return { command: 'npm', args: [], shell: process.platform === 'win32' };
}

function say(line) {
  process.stderr.write(`cai: ${line}\n`);
}

function fail(line) {
  say(line);
  process.exit(1);
}
