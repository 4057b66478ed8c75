/** What cannot work over ssh, against a real sshd: each in words that say what to do. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { describeNeeding } from '../../test/support/needs.ts';
import { bareSearchPath, type Sshd, startSshd } from '../../test/support/sshd.ts';
import { temporaryDirectory } from '../../test/support/tree.ts';
import { openFar } from './far.fixture.ts';

/** Some public key that is not the server's. */
const strangeKey =
  'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ6lRkSGUXlWGGTCVJyqnmWHoYDnEbQK1QzcHO3Tqxdz';

describeNeeding(['sshd', 'linux'], 'a directory behind ssh that cannot be used', () => {
  let sshd: Sshd;
  beforeAll(async () => {
    sshd = await startSshd();
  });
  const attempt = (address: string, lines: readonly string[] = []) =>
    openFar(address, { ssh: sshd.configured(lines) });

  it('since it is not there', async () => {
    await expect(attempt('ssh://box/not/there')).rejects.toMatchObject({
      code: 'ROOT',
      path: '/not/there',
      next: expect.stringContaining('box mkdir -p /not/there'),
    });
  });

  it('since the machine’s key is not known, or is another one', async () => {
    await expect(attempt('ssh://box/tmp', ['UserKnownHostsFile /dev/null'])).rejects.toMatchObject({
      code: 'NO_ACCESS',
      message: expect.stringContaining('host key is not known'),
    });
    const known = join(temporaryDirectory(), 'known');
    writeFileSync(known, `[127.0.0.1]:${sshd.port} ${strangeKey}\n`);
    await expect(attempt('ssh://box/tmp', [`UserKnownHostsFile ${known}`])).rejects.toMatchObject({
      code: 'NO_ACCESS',
      message: expect.stringContaining('another one than before'),
      next: expect.stringContaining('ssh-keygen -R'),
    });
  });

  it('since the login is refused', async () => {
    await expect(attempt('ssh://box/tmp', ['PubkeyAuthentication no'])).rejects.toMatchObject({
      code: 'NO_ACCESS',
      next: expect.stringContaining('ssh-add'),
    });
  });

  it('since nothing answers there', async () => {
    await expect(attempt('ssh://box:1/tmp')).rejects.toMatchObject({
      code: 'NO_HOST',
      message: expect.stringContaining('does not answer'),
    });
    await expect(attempt('ssh://no-such.invalid/tmp')).rejects.toMatchObject({
      code: 'NO_HOST',
      message: expect.stringContaining('name is not known'),
    });
    await expect(openFar('ssh://box/tmp', { ssh: ['no-such-ssh'] })).rejects.toMatchObject({
      code: 'NO_HOST',
      message: 'no-such-ssh is not installed.',
    });
  });

  it('since there is no node', async () => {
    const { ssh } = await startSshd({ path: bareSearchPath() });
    await expect(openFar('ssh://box/tmp', { ssh })).rejects.toMatchObject({
      code: 'NO_NODE',
      next: expect.stringContaining('--node'),
    });
    const { replica } = await openFar('ssh://box/tmp', { ssh, node: process.execPath });
    expect(replica.info.root).toBe('/tmp');
  });
});
