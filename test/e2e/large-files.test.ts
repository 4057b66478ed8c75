/**
 * Large files between the host and a container: rsync on both sides, with its protocol inside the link.
 * Without rsync, and whatever happens to it or to the link, everything arrives all the same.
 */
import { randomBytes } from 'node:crypto';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { SessionStatus } from '../../src/control/api.ts';
import { type Container, startContainer } from '../support/container.ts';
import { describeNeeding } from '../support/needs.ts';
import { linkClient } from '../support/processes.ts';
import { fill, newRoot, type Watched, type WatchOptions, watch } from '../support/session.ts';
import { temporaryDirectory } from '../support/tree.ts';
import { waitFor } from '../support/wait.ts';

const mib = 1024 * 1024;
const size = 10 * mib;

interface Large extends Watched {
  /** Writes other bytes into the middle of the file. */
  edit(side: 'local' | 'container'): Promise<void>;
  engine(): Promise<NonNullable<SessionStatus['transferEngine']>>;
}

/** Watches a directory with one large file, which is on both sides already. */
async function large(container: Container, options: WatchOptions = {}): Promise<Large> {
  const local = temporaryDirectory();
  const file = join(local, 'image.raw');
  const content = randomBytes(size);
  writeFileSync(file, content);
  chmodSync(file, 0o755);
  const root = options.root ?? (await newRoot(container));
  await fill(container, root, { 'image.raw': { content, mode: 0o755 } });
  const session = await watch(container, { ...options, local, root });
  return {
    ...session,
    async edit(side) {
      const script = 'head -c 300000 /dev/urandom | dd of=image.raw conv=notrunc bs=1M seek=5 2>&1';
      if (side === 'container') await session.far(script);
      else {
        const content = readFileSync(file);
        randomBytes(300_000).copy(content, 5 * mib);
        writeFileSync(file, content);
      }
    },
    async engine() {
      const known = ({ transferEngine }: SessionStatus) => transferEngine !== undefined;
      const { transferEngine } = await session.until('the engine to be known', known);
      return transferEngine as NonNullable<SessionStatus['transferEngine']>;
    },
  };
}

/** Puts a program in the place of the container's rsync. */
async function replaceRsync(container: Container, script: string): Promise<void> {
  const put =
    'mv "$(command -v rsync)" /usr/bin/rsync.real; cat > /usr/bin/rsync; chmod 755 /usr/bin/rsync';
  await container.exec(['sh', '-ec', put], { input: `#!/bin/sh\n${script}\n`, user: '0' });
}

describeNeeding(['docker', 'rsync', 'linux'], 'large files', () => {
  test('what changed in them travels, both ways, and the version before is in the history', async () => {
    const session = await large(await startContainer());
    expect(await session.engine()).toMatchObject({ engine: 'rsync', carried: { files: 0 } });
    for (const side of ['local', 'container'] as const) {
      await session.edit(side);
      expect(await session.same()).toMatchObject([{ path: 'image.raw', executable: true, size }]);
    }
    const { carried } = await session.engine();
    expect(carried).toMatchObject({ files: 2, bytes: 2 * size });
    // There and back what is new; and what was old in the container, for the history.
    expect(carried.linkBytes).toBeLessThan(4 * 400_000);
    const versions = await session.history('image.raw');
    expect(versions.map(({ side }) => side).sort()).toEqual(['container', 'local']);
  });

  test('a container without rsync, and one whose rsync is too old: streams', async () => {
    const container = await startContainer();
    await container.exec(['sh', '-c', 'mv /usr/bin/rsync /usr/bin/not-rsync'], { user: '0' });
    const without = await large(container);
    expect(await without.engine()).toMatchObject({
      engine: 'plain',
      why: 'in the container, rsync is not installed',
    });
    await without.edit('local');
    await without.same();
    expect((await without.cai.run(['status', without.name])).stdout).toMatch(
      /large files +plain: in the container, rsync is not installed/,
    );
    const script = '#!/bin/sh\necho "rsync  version 3.0.9  protocol version 30"\n';
    const put = 'cat > /usr/bin/rsync; chmod 755 /usr/bin/rsync';
    await container.exec(['sh', '-c', put], { input: script, user: '0' });
    const old = await large(container);
    expect(await old.engine()).toMatchObject({
      engine: 'plain',
      why: expect.stringContaining("container's rsync 3.0.9 is too old"),
    });
    await old.edit('container');
    await old.same();
  });

  test('the link is cut in the middle: what is half there is nowhere, the rest follows', async () => {
    const session = await large(await startContainer(), { args: ['--bandwidth', '150000'] });
    await session.engine();
    for (const side of ['local', 'container'] as const) {
      const before = (await session.engine()).carried.linkBytes;
      await session.edit(side);
      const { pid } = await session.until(
        'rsync at work',
        ({ transferEngine }) => (transferEngine?.carried.linkBytes ?? 0) > before + 50_000,
      );
      process.kill(linkClient(pid as number) as number, 'SIGKILL');
      await session.same();
    }
    const left = 'find . -path "./.cai-stage-*" -name "new-*" | wc -l';
    await waitFor(async () => expect((await session.far(left)).trim()).toBe('0'), {
      what: 'a tidy staging area',
      deadline: 10_000,
      every: 100,
    });
  });

  test('a hostile rsync in the container writes nothing and brings nothing of its own', async () => {
    const container = await startContainer();
    await container.exec(['sh', '-c', 'mkdir /evil; head -c 50000000 /dev/zero > /evil/image.raw']);
    await replaceRsync(
      container,
      `case "$1 $2" in
  --version*) exec rsync.real --version ;;
  "--server --sender") cd /evil; exec rsync.real "$@" ;;
  *) ln -s /etc/passwd image.raw; exec rsync.real "$@" ;;
esac`,
    );
    const session = await large(container);
    expect(await session.engine()).toMatchObject({ engine: 'rsync' });
    for (const side of ['container', 'local'] as const) {
      await session.edit(side);
      expect(await session.same()).toMatchObject([{ path: 'image.raw', size }]);
    }
    const { problems } = await session.status();
    expect(problems).toEqual([]);
  });

  test('no room for it in the container: a problem, until there is', async () => {
    const container = await startContainer({ tmpfs: ['/small:size=24m,exec'] });
    const session = await large(container, { root: '/small' });
    await session.far('head -c 6000000 /dev/zero > /small/.cai-full');
    await session.edit('local');
    await session.until('the problem', ({ problems }) =>
      problems.some(({ code }) => code === 'NO_SPACE'),
    );
    await session.far('rm /small/.cai-full');
    await session.same();
    expect((await session.status()).problems).toEqual([]);
  });
});
