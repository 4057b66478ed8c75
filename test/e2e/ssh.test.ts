/** A directory of another machine: a real sshd on the loopback, the system's ssh, keys made for the test. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { startContainer } from '../support/container.ts';
import { describeNeeding } from '../support/needs.ts';
import { watchPair } from '../support/pair.ts';
import { watch } from '../support/session.ts';
import { type Sshd, startSshd } from '../support/sshd.ts';
import { makeTree, temporaryDirectory } from '../support/tree.ts';

const flag = (ssh: readonly string[]) => ['--ssh', ssh.join(' ')];
const box = (far: string) => `ssh://box${far}`;

describeNeeding(['sshd', 'rsync', 'linux'], 'a directory behind ssh', () => {
  let sshd: Sshd;
  beforeAll(async () => {
    sshd = await startSshd();
  });

  test('both sides are kept the same, large files too; status names the transport', async () => {
    const local = temporaryDirectory();
    makeTree(local, { 'a b/c': '1', script: { content: '#!/bin/sh', mode: 0o755 } });
    makeTree(local, { large: 'x'.repeat(3_000_000), "it's": 'q' });
    const pair = await watchPair(box, { local, args: flag(sshd.ssh) });
    expect(await pair.same()).toEqual(['a b', 'a b/c', "it's", 'large', 'script']);
    makeTree(pair.far, { 'new/far': '2' });
    rmSync(join(pair.far, 'script'));
    expect(await pair.same()).toEqual(['a b', 'a b/c', "it's", 'large', 'new', 'new/far']);
    const { link, container, problems, transferEngine } = await pair.status();
    expect(link?.transport).toBe('ssh');
    // In the same tunnel.
    expect(transferEngine?.engine).toBe('rsync');
    expect(container).toBe(box(pair.far));
    expect(problems).toEqual([]);
  });

  test('over a jump host, to a directory with blanks and quotes, and with a node that is named', async () => {
    const far = join(temporaryDirectory(), "it's $HOME `here`");
    makeTree(far, { x: '1' });
    const pair = await watchPair(
      (path) => `ssh://far${path.split('/').map(encodeURIComponent).join('/')}`,
      { far, args: [...flag(sshd.ssh), '--node', process.execPath] },
    );
    expect(await pair.same()).toEqual(['x']);
  });

  test('dropped connections come back, also after the server was away; nothing is lost', async () => {
    const pair = await watchPair(box, { args: flag(sshd.ssh) });
    makeTree(pair.local, { keep: '1', edit: '1' });
    await pair.same();
    sshd.dropConnections();
    makeTree(pair.local, { edit: '2' });
    makeTree(pair.far, { far: '2' });
    await pair.until('up again', ({ state, pending }) => state === 'watching' && pending === 0);
    expect(await pair.same()).toEqual(['edit', 'far', 'keep']);

    await sshd.stop();
    const down = await pair.until('a problem', ({ problems }) => problems.length > 0);
    expect(down.problems).toMatchObject([{ side: 'session', code: 'NO_HOST' }]);
    writeFileSync(join(pair.local, 'meanwhile'), '3');
    rmSync(join(pair.far, 'keep'));
    await sshd.start();
    await pair.until('up again', ({ state }) => state === 'watching');
    expect(await pair.same()).toEqual(['edit', 'far', 'meanwhile']);
    expect((await pair.status()).problems).toEqual([]);
  });
});

describeNeeding(['sshd', 'docker', 'linux'], 'a Docker engine behind ssh', () => {
  test('has its containers kept the same: docker does the talking', async () => {
    const sshd = await startSshd();
    const container = await startContainer();
    // Docker's own ssh cannot be given a configuration, so it finds one that has it.
    const bin = temporaryDirectory();
    writeFileSync(join(bin, 'ssh'), `#!/bin/sh\nexec /usr/bin/${sshd.ssh.join(' ')} "$@"\n`, {
      mode: 0o755,
    });
    vi.stubEnv('PATH', `${bin}:${process.env.PATH}`);
    vi.stubEnv('DOCKER_HOST', 'ssh://box');
    onTestFinished(() => void vi.unstubAllEnvs());
    const session = await watch(container);
    session.put({ near: '1' });
    await session.far('echo 2 > far');
    expect((await session.same()).map(({ path }) => path)).toEqual(['far', 'near']);
  });
});
