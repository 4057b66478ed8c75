/** What the image installs, on bases that are made of stand-ins for their package commands. */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { home } from '../../scripts/fresh.mjs';
import { describeNeeding } from '../support/needs.ts';
import { temporaryDirectory } from '../support/tree.ts';

/** Runs docker/install.sh where only these commands are there; what the package commands were told. */
function install(commands: readonly string[]) {
  const path = temporaryDirectory();
  const told = join(path, 'told');
  for (const name of commands) {
    writeFileSync(join(path, name), `#!/bin/sh\necho ${name} "$@" >> ${told}\n`);
    chmodSync(join(path, name), 0o755);
  }
  const script = join(home, 'docker', 'install.sh');
  const { status, stderr } = spawnSync('/bin/sh', [script], {
    env: { PATH: path },
    encoding: 'utf8',
  });
  const lines = existsSync(told) ? readFileSync(told, 'utf8').trim().split('\n') : [];
  return { status, stderr, lines };
}

describeNeeding(['linux'], 'packages of the workspace image', () => {
  test('with apk', () => {
    const { status, lines } = install(['apk']);
    expect({ status, lines }).toEqual({
      status: 0,
      lines: ['apk add --no-cache rsync inotify-tools openssh-client'],
    });
  });

  test('with apt-get, only what is missing', () => {
    const { status, lines } = install(['apt-get', 'rsync', 'rm']);
    expect(status).toBe(0);
    expect(lines.slice(0, 2)).toEqual([
      'apt-get -q update',
      'apt-get -q install -y --no-install-recommends inotify-tools openssh-client',
    ]);
  });

  test('with nothing missing none of them is asked', () => {
    const { status, lines } = install(['apk', 'apt-get', 'rsync', 'inotifywait', 'ssh']);
    expect({ status, lines }).toEqual({ status: 0, lines: [] });
  });

  test('without either it says what is missing', () => {
    const { status, stderr } = install(['ssh']);
    expect(status).toBe(1);
    expect(stderr).toContain('lacks rsync inotify-tools');
  });
});
