/** `git checkout` between two branches that differ in hundreds of files, each way, under a live session. */
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { home } from '../../scripts/fresh.mjs';
import { startContainer } from '../support/container.ts';
import { describeNeeding } from '../support/needs.ts';
import { compare, watch } from '../support/session.ts';
import { tarOf } from '../support/tar.ts';
import { temporaryDirectory } from '../support/tree.ts';

const who = ['-c', 'user.name=Test', '-c', 'user.email=test@example.org', '-c', 'gc.auto=0'];

function git(dir: string, ...args: string[]): string {
  return execFileSync('git', [...who, ...args], { cwd: dir, encoding: 'utf8' });
}

/** A repository of this project's own sources; `next` changes, moves, removes and adds files. */
function makeRepository(dir: string): void {
  for (const name of ['src', 'scripts', 'test'])
    cpSync(join(home, name), join(dir, name), { recursive: true });
  // A project has more than what differs; else so many removals would wait for a person.
  mkdirSync(join(dir, 'static'));
  for (let n = 0; n < 500; n += 1)
    writeFileSync(join(dir, 'static', `${n}.svg`), `<svg id="${n}"/>`);
  git(dir, 'init', '-q', '-b', 'main');
  commitAll(dir, 'main');
  git(dir, 'checkout', '-q', '-b', 'next');
  for (const room of readdirSync(join(dir, 'src'), { withFileTypes: true })) {
    if (!room.isDirectory() || room.name === 'cli' || room.name === 'store') continue;
    const files = readdirSync(join(dir, 'src', room.name), { withFileTypes: true });
    for (const { name } of files.filter((entry) => entry.isFile())) {
      const path = join(dir, 'src', room.name, name);
      writeFileSync(path, `// next\n${readFileSync(path, 'utf8')}`);
    }
  }
  renameSync(join(dir, 'src', 'cli'), join(dir, 'src', 'commands'));
  rmSync(join(dir, 'src', 'store'), { recursive: true });
  writeFileSync(join(dir, 'src', 'store'), 'a file now\n');
  mkdirSync(join(dir, 'added'));
  for (let n = 0; n < 60; n += 1) writeFileSync(join(dir, 'added', `file-${n}.txt`), `${n}\n`);
  commitAll(dir, 'next');
  git(dir, 'checkout', '-q', 'main');
}

function commitAll(dir: string, message: string): void {
  git(dir, 'add', '-A');
  git(dir, 'commit', '-q', '-m', message);
}

describeNeeding(['docker', 'git'], 'git checkout', () => {
  test('a branch switch arrives whole, each way and back', async () => {
    const local = temporaryDirectory();
    makeRepository(local);
    const container = await startContainer();
    const session = await watch(container, { local });
    // The container gets the repository itself by hand: .git stays out of the sync.
    const inGit = join(local, '.git');
    const command = ['tar', '-x', '--no-same-owner', '-f', '-', '-C', session.root];
    const parent = temporaryDirectory();
    cpSync(inGit, join(parent, '.git'), { recursive: true });
    await container.exec(command, { input: tarOf(parent) });
    const far = (script: string) => session.far(`git ${who.join(' ')} ${script}`);
    const same = async () => {
      await session.flush();
      return compare(session, ({ path }) => path.split('/')[0] !== '.git');
    };
    const atMain = (await same()).length;
    expect(await far('status --porcelain')).toBe('');

    git(local, 'checkout', '-q', 'next');
    const atNext = (await same()).length;
    expect(Math.abs(atNext - atMain)).toBeGreaterThan(20);
    // The container's repository still thinks it is on main: what arrived is exactly the other branch.
    await far('symbolic-ref HEAD refs/heads/next');
    await far('reset -q');
    expect(await far('status --porcelain')).toBe('');

    git(local, 'checkout', '-q', 'main');
    expect(await same()).toHaveLength(atMain);
    await far('symbolic-ref HEAD refs/heads/main');
    await far('reset -q');
    expect(await far('status --porcelain')).toBe('');

    await far('checkout -q next');
    expect(await same()).toHaveLength(atNext);
    await far('checkout -q main');
    expect(await same()).toHaveLength(atMain);
    expect(git(local, 'status', '--porcelain')).toBe('');
    expect((await session.status()).conflicts).toEqual([]);
  });
});
