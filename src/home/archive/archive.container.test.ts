import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { createVolume, docker, images } from '../../../test/support/container.ts';
import { describeNeeding } from '../../../test/support/needs.ts';
import { temporaryDirectory } from '../../../test/support/tree.ts';
import { ensureAgentImage } from '../../docker/agent-image.ts';
import { volumeExists } from '../../docker/volume.ts';
import type { VolumeEntry } from '../volume/entry.ts';
import { openVolume } from '../volume.ts';
import { type ExportResult, exportVolume } from './export.ts';
import { type RestoreResult, restoreArchive } from './restore.ts';

const command = ['docker'];
const limits = { maxBytes: 1e9, maxEntries: 10_000 };
let image = '';

/** Runs a shell as root in a container that has the volume at /v. */
async function inVolume(volume: string, script: string): Promise<string> {
  const run = ['run', '--rm', '--network', 'none', '-v', `${volume}:/v`, '-w', '/v', images.node];
  return (await docker([...run, 'sh', '-ec', script])).stdout;
}

const furnish = `
mkdir -p .claude/plugins deep/a/b/c .ssh empty; chmod 700 .ssh
echo '{"k":1}' > .claude.json; chmod 600 .claude.json
printf secret > .ssh/key; chmod 400 .ssh/key
head -c 10000000 /dev/urandom > large
printf '' > none; chmod 000 none
echo x > 'deep/a/b/c/ünï $(code) name'; chmod 755 deep/a/b/c/*
ln -s ../../large deep/a/link; ln -s /home/agent/.claude.json abs; ln -s /nowhere dangling
chown -h -R 1000:1000 .; chown 33:44 large; chown -h 5:6 dangling; touch -d '2020-01-02 03:04:05' .ssh .ssh/key
touch -h -d '2019-01-02 03:04:05' dangling; mkfifo pipe
`;

async function picture(name: string): Promise<readonly VolumeEntry[]> {
  const volume = await openVolume({ command, name, image });
  try {
    return (await volume.list({ digests: true })).map((entry) => ({
      ...entry,
      mtime: Math.floor(entry.mtime / 1000) * 1000,
    }));
  } finally {
    await volume.close();
  }
}

function toFile(volume: string, output: string, more: object = {}): Promise<ExportResult> {
  return exportVolume({ command, volume, output, image, ...more });
}

function restore(volume: string, archive: string, more: object = {}): Promise<RestoreResult> {
  return restoreArchive({ command, volume, archive, limits, labels: {}, image, ...more });
}

const nothingChanged = { created: [], updated: [], attributes: [], removed: [] };

describeNeeding(['docker'], 'a volume goes into an archive and comes back', () => {
  let source = '';
  let directory = '';
  let archive = '';
  let exported: ExportResult;
  beforeAll(async () => {
    image = await ensureAgentImage({ command, base: images.node });
    source = await createVolume();
    await inVolume(source, furnish);
  });

  it('with content, mode, owner, time and link target, to another volume', async () => {
    directory = temporaryDirectory('cai-export-');
    archive = join(directory, 'x.tgz');
    exported = await toFile(source, archive);
    expect(exported).toMatchObject({
      skipped: [{ path: 'pipe', why: 'it is a pipe' }],
      changed: [],
      torn: [],
    });
    expect(statSync(archive).mode & 0o777).toBe(0o600);
    expect(statSync(archive).size).toBe(exported.size);
    const target = await createVolume();
    await inVolume(target, 'mkdir -p old/x; echo gone > old/x/y; ln -s / large; echo 1 > .ssh');
    const result = await restore(target, archive);
    expect(result).toMatchObject({ made: false, removed: ['old/x/y', 'old/x', 'old'] });
    const wanted = (await picture(source)).filter(({ path }) => path !== 'pipe');
    expect(await picture(target)).toEqual(wanted);
    const again = await restore(target, archive);
    expect(again).toMatchObject({ ...nothingChanged, unchanged: wanted.length });
    expect(await restore(source, archive)).toMatchObject(nothingChanged);
    const bytes = readFileSync(archive);
    writeFileSync(join(directory, 'cut.tgz'), bytes.subarray(0, bytes.length - 100));
    const missing = `${target}x`;
    await expect(restore(missing, join(directory, 'cut.tgz'))).rejects.toMatchObject({
      code: 'ARCHIVE',
    });
    expect(await volumeExists({ command, volume: missing })).toBe(false);
  });
});
