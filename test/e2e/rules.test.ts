/** What stays out (ignored files, secrets, .git), what the container may not write, and one-way sync. */
import { execFileSync } from 'node:child_process';
import { appendFileSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { type Container, startContainer } from '../support/container.ts';
import { describeNeeding } from '../support/needs.ts';
import { type Watched, watch } from '../support/session.ts';
import { snapshot } from '../support/tree.ts';

/** What is in the container, hidden and ignored files too. */
async function farNames(session: Watched): Promise<string[]> {
  const found = await session.far("find . -mindepth 1 -not -path '*/.cai-*' | sort");
  return found
    .split('\n')
    .filter(Boolean)
    .map((name) => name.slice(2));
}

const nearNames = (session: Watched) => snapshot(session.local).map(({ path }) => path);

describeNeeding(['docker', 'git'], 'rules', () => {
  let container: Container;
  beforeAll(async () => {
    container = await startContainer();
  });

  test('.gitignore files at any depth, on both sides; what becomes ignored stays on both disks', async () => {
    const session = await watch(container);
    session.put({
      '.gitignore': 'node_modules/\n*.log\n!keep.log\n/build\n',
      'a.log': '',
      'keep.log': '',
      'src/.gitignore': 'generated.*\n',
      'src/generated.ts': '',
      'src/build': 'not at the top',
      'node_modules/x/index.js': '',
      'build/out': '',
    });
    await session.flush();
    expect(await farNames(session)).toEqual([
      '.gitignore',
      'keep.log',
      'src',
      'src/.gitignore',
      'src/build',
    ]);
    await session.far(
      'mkdir node_modules; echo far > node_modules/far; echo x > far.log; echo y > y',
    );
    await session.flush();
    expect(nearNames(session)).toContain('y');
    expect(nearNames(session)).not.toContain('far.log');
    // A rule that comes from the container counts as well.
    await session.far('echo /y >> .gitignore; echo z > z');
    await session.flush();
    await session.far('rm y');
    rmSync(join(session.local, 'keep.log'));
    await session.flush();
    expect(nearNames(session)).toContain('y');
    expect(await farNames(session)).not.toContain('keep.log');
    // And what is let in again comes.
    session.put({ '.gitignore': 'node_modules/\n' });
    await session.flush();
    expect(await farNames(session)).toEqual(expect.arrayContaining(['a.log', 'build/out', 'y']));
    expect(nearNames(session)).toContain('far.log');
  });

  test('a directory that is removed here stays there for its ignored content, and that is said', async () => {
    const session = await watch(container);
    session.put({ '.gitignore': 'out/\n', 'pkg/index.ts': 'i', 'pkg/sub/x': 'x' });
    await session.flush();
    await session.far('mkdir pkg/out; echo built > pkg/out/index.js');
    await session.flush();
    rmSync(join(session.local, 'pkg'), { recursive: true });
    await session.flush();
    expect(await farNames(session)).toEqual(['.gitignore', 'pkg', 'pkg/out', 'pkg/out/index.js']);
    expect((await session.status()).leftovers).toEqual([
      { side: 'container', path: 'pkg', names: ['out'] },
    ]);
  });

  test('secrets stay out on both sides and are named; --allow lets them in', async () => {
    const session = await watch(container);
    session.put({ '.env': 'KEY=1', '.env.example': 'KEY=', 'certs/server.key': 'k', app: 'a' });
    await session.far('echo far > id_ed25519');
    await session.flush();
    expect(await farNames(session)).toEqual(['.env.example', 'app', 'certs', 'id_ed25519']);
    expect(nearNames(session)).not.toContain('id_ed25519');
    const named = async () =>
      (await session.status()).secrets.map(({ side, path }) => `${side} ${path}`).sort();
    expect(await named()).toEqual(['container id_ed25519', 'local .env', 'local certs/server.key']);
    const text = (await session.cai.run(['status', session.name])).stdout;
    for (const name of ['.env', 'server.key', 'id_ed25519']) expect(text).toContain(name);
    rmSync(join(session.local, 'certs/server.key'));
    await session.flush();
    await expect.poll(named).toEqual(['container id_ed25519', 'local .env']);

    await session.cai.json(['unwatch', session.name]);
    const allow = ['--allow', '.env'];
    const { cai, local, root } = session;
    const allowed = await watch(container, { cai, local, root, args: allow });
    await allowed.flush();
    expect(await farNames(allowed)).toContain('.env');
    expect(nearNames(allowed)).not.toContain('id_ed25519');
  });

  test('.git stays out, at any depth', async () => {
    const session = await watch(container);
    execFileSync('git', ['init', '-q', session.local]);
    session.put({ 'sub/.git/config': '', 'sub/file': 'f', 'module/.git': 'gitdir: ../x' });
    await session.far('git init -q .; echo x > x');
    await session.flush();
    expect((await farNames(session)).filter((name) => !name.startsWith('.git'))).toEqual([
      'module',
      'sub',
      'sub/file',
      'x',
    ]);
    expect(nearNames(session)).not.toContain('module/x');
    expect(await session.far('git status --porcelain')).not.toBe('');
  });

  test('--git lets it in, but the container writes nothing there that makes the host run code', async () => {
    const session = await watch(container, { args: ['--git'] });
    execFileSync('git', ['init', '-q', '-b', 'main', session.local]);
    session.put({ file: 'f' });
    await session.same();
    const config = readFileSync(join(session.local, '.git/config'), 'utf8');
    await session.far(
      `git add file; git -c user.name=x -c user.email=x@example.org commit -q -m far;
       git config core.fsmonitor 'touch /tmp/owned'; echo evil > .git/hooks/pre-commit;
       chmod +x .git/hooks/pre-commit`,
    );
    const { problems } = await session.flush(9);
    expect(problems.map(({ side, path, code }) => `${side} ${path} ${code}`).sort()).toEqual([
      'container .git/config PROTECTED',
      'container .git/hooks/pre-commit PROTECTED',
    ]);
    expect(readFileSync(join(session.local, '.git/config'), 'utf8')).toBe(config);
    expect(nearNames(session)).not.toContain('.git/hooks/pre-commit');
    const log = execFileSync('git', ['log', '--format=%s'], { cwd: session.local });
    expect(String(log)).toBe('far\n');
    // The host may.
    session.put({ '.git/hooks/post-commit': { content: '#!/bin/sh\n', mode: 0o755 } });
    await session.flush(9);
    expect(await session.far('cat .git/hooks/post-commit')).toBe('#!/bin/sh\n');
    await session.far('rm .git/hooks/pre-commit');
    session.put({ '.git/config': `${config}# mine\n` });
    await session.far('git config --unset core.fsmonitor || true');
    await session.until('no problem with the hook', (status) =>
      status.problems.every(({ path }) => path !== '.git/hooks/pre-commit'),
    );
  });

  test('--mode to-container: what the container changes stays there and is named', async () => {
    const session = await watch(container, { args: ['--mode', 'to-container'] });
    session.put({ a: '1', b: '1', 'd/c': '1' });
    await session.same();
    await session.far('echo far > a; rm b; echo new > new');
    session.put({ 'd/c': '2', e: '1' });
    await session.flush();
    expect(nearNames(session)).toEqual(['a', 'b', 'd', 'd/c', 'e']);
    expect(readFileSync(join(session.local, 'a'), 'utf8')).toBe('1');
    expect(await session.far('cat a d/c e')).toBe('far\n21');
    expect([...(await session.status()).diverged].sort()).toEqual(['a', 'b', 'new']);
  });

  test('--mode to-local: the same the other way round', async () => {
    const session = await watch(container, { args: ['--mode', 'to-local'] });
    await session.far('echo 1 > a; echo 1 > b');
    await session.same();
    appendFileSync(join(session.local, 'a'), 'near');
    session.put({ near: 'n' });
    await session.far('echo 2 > b; echo 3 > c');
    await session.flush();
    expect(await farNames(session)).toEqual(['a', 'b', 'c']);
    expect(await session.far('cat a')).toBe('1\n');
    expect(readFileSync(join(session.local, 'b'), 'utf8')).toBe('2\n');
    expect([...(await session.status()).diverged].sort()).toEqual(['a', 'near']);
  });
});
