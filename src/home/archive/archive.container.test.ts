import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createVolume, docker, images, startContainer } from '../../../test/support/container.ts';
import { describeNeeding } from '../../../test/support/needs.ts';
import { random } from '../../../test/support/random.ts';
import { waitFor } from '../../../test/support/wait.ts';
import { ensureAgentImage } from '../../docker/agent-image.ts';
import { volumeExists } from '../../docker/volume.ts';
import type { VolumeEntry } from '../volume/entry.ts';
import { helperName } from '../volume/helper.ts';
import { openVolume } from '../volume.ts';
import { type ExportResult, exportVolume } from './export.ts';
import { type RestoreResult, restoreArchive } from './restore.ts';

const command = ['docker'];
const limits = { maxBytes: 1e9, maxEntries: 10_000 };
/** More with CAI_TEST_KILLS. */
const kills = Number(process.env.CAI_TEST_KILLS ?? 2);
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
  let target = '';
  let directory = '';
  let archive = '';
  let exported: ExportResult;
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'cai-export-'));
    archive = join(directory, 'x.tgz');
    image = await ensureAgentImage({ command, base: images.node });
    source = await createVolume();
    target = await createVolume();
    await inVolume(source, furnish);
    exported = await toFile(source, archive);
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  it('with content, mode, owner, time and link target, to another volume', async () => {
    expect(exported).toMatchObject({
      skipped: [{ path: 'pipe', why: 'it is a pipe' }],
      changed: [],
      torn: [],
    });
    expect(statSync(archive).mode & 0o777).toBe(0o600);
    expect(statSync(archive).size).toBe(exported.size);
    await inVolume(target, 'mkdir -p old/x; echo gone > old/x/y; ln -s / large; echo 1 > .ssh');
    const result = await restore(target, archive);
    expect(result).toMatchObject({ made: false, removed: ['old/x/y', 'old/x', 'old'] });
    const wanted = (await picture(source)).filter(({ path }) => path !== 'pipe');
    expect(await picture(target)).toEqual(wanted);
    const again = await restore(target, archive);
    expect(again).toMatchObject({ ...nothingChanged, unchanged: wanted.length });
    expect(await restore(source, archive)).toMatchObject(nothingChanged);
  });

  it('is refused before the volume is touched, or made', async () => {
    const bytes = readFileSync(archive);
    const before = await picture(target);
    const stamp = await inVolume(target, 'stat -c %Z . .claude.json');
    const cut = join(directory, 'cut.tgz');
    writeFileSync(cut, bytes.subarray(0, bytes.length - 100));
    const through = join(directory, 'through.tgz');
    writeFileSync(through, await hostile());
    for (const bad of [cut, through, join(directory, 'missing.tgz')]) {
      await expect(restore(target, bad)).rejects.toMatchObject({ code: 'ARCHIVE' });
      await expect(restore(`${target}x`, bad)).rejects.toMatchObject({ code: 'ARCHIVE' });
    }
    expect(await volumeExists({ command, volume: `${target}x` })).toBe(false);
    expect(await picture(target)).toEqual(before);
    expect(await inVolume(target, 'stat -c %Z . .claude.json')).toBe(stamp);
  });

  it('says so when the volume has no room for it, and the volume is as it was', async () => {
    const small = `cai-test-small-${process.pid}-${Date.now()}`;
    const options = ['type=tmpfs', 'device=tmpfs', 'o=size=4m'].flatMap((each) => ['--opt', each]);
    await docker(['volume', 'create', '--driver', 'local', ...options, small]);
    // Its contents go when nobody uses it.
    const user = await startContainer({ volumes: [`${small}:/v`] });
    try {
      await user.exec(['sh', '-c', 'echo old > /v/old']);
      await expect(restore(small, archive)).rejects.toMatchObject({
        code: 'NO_SPACE',
        next: expect.stringContaining('nothing was changed'),
      });
      const { stdout } = await user.exec(['sh', '-c', 'ls -A /v; cat /v/old']);
      expect(stdout).toBe('old\nold\n');
    } finally {
      await user.remove();
      await docker(['volume', 'rm', small], { anyCode: true });
    }
  });

  it('leaves out what is excluded, and leaves that alone in the volume', async () => {
    const isExcluded = (path: string): boolean => path === 'deep/a';
    const part = join(directory, 'part.tgz');
    const result = await toFile(source, part, { isExcluded });
    expect(result.excluded).toEqual(['deep/a']);
    const other = await createVolume();
    await inVolume(other, 'mkdir -p deep/a; echo mine > deep/a/x; echo gone > y');
    const preview = await restore(other, part, { isExcluded, dryRun: true });
    expect(await inVolume(other, 'ls -A')).toBe('deep\ny\n');
    const done = await restore(other, part, { isExcluded });
    expect({ ...done, dryRun: true }).toEqual(preview);
    expect(done.removed).toEqual(['y']);
    expect(await inVolume(other, 'cat deep/a/x; ls -A deep')).toBe('mine\na\n');
  });

  it('while a container writes: every file whole, and what changed is told', async () => {
    const name = await createVolume();
    const busy = await startContainer({ volumes: [`${name}:/v`] });
    // Whole versions by rename, one that only grows, and one that comes and goes.
    await busy.exec(['node', '-e', writer, 'init']);
    await docker(['exec', '-d', busy.name, 'node', '-e', writer]);
    await waitFor(async () => (await busy.exec(['cat', '/v/round'])).stdout !== '0');
    const hot = join(directory, 'hot.tgz');
    const result = await toFile(name, hot);
    await busy.remove();
    expect(result.changed).toContain('round');
    expect(result.torn).toEqual([]);
    const other = await createVolume();
    await restore(other, hot);
    const show = 'for f in whole/*; do tr -s a-z < $f; echo; done';
    const versions = (await inVolume(other, show)).trim().split('\n');
    // Each file is one letter, thousands of times.
    expect(versions).toHaveLength(40);
    expect(versions.every((letters) => letters.length === 1)).toBe(true);
  });

  it('keeps the old state or has the new one when the helper is killed at any moment', async () => {
    const other = await createVolume();
    await inVolume(
      other,
      'for n in $(seq 300); do mkdir -p d$((n % 7)); echo $n > d$((n % 7))/$n; done',
    );
    const second = join(directory, 'second.tgz');
    await toFile(other, second);
    const states = [await picture(target), await picture(other)];
    const chance = random();
    for (let round = 0; round < kills; round += 1) {
      const running = restore(target, round % 2 === 0 ? second : archive).catch(() => undefined);
      const delay = chance.below(900);
      await new Promise((resolve) => setTimeout(resolve, delay));
      await docker(['kill', helperName(target)], { anyCode: true });
      await running;
      expect(states, `seed ${chance.seed}, killed after ${delay} ms`).toContainEqual(
        await picture(target),
      );
    }
  });
});

/** Forty files of one letter each, replaced all the time; stops with the container. */
const writer = `
const fs = require('node:fs');
let round = 0;
function write() {
  const letter = String.fromCharCode(98 + round % 25);
  for (let n = 0; n < 40; n += 1) {
    if (n % 2) fs.writeFileSync('/v/whole/.draft', letter.repeat(20000));
    if (n % 2) fs.renameSync('/v/whole/.draft', '/v/whole/' + n);
    else if (round === 0) fs.writeFileSync('/v/whole/' + n, 'a'.repeat(20000));
  }
  fs.writeFileSync('/v/round', String(round));
  round += 1;
}
fs.mkdirSync('/v/whole', { recursive: true });
write();
if (process.argv[1] !== 'init') setInterval(write, 20);
`;

/** A link, and something that goes through it. */
async function hostile(): Promise<Buffer> {
  const archive = pack();
  archive.entry({ name: 'innocent' }, 'x');
  archive.entry({ name: 'way', type: 'symlink', linkname: '/etc' });
  archive.entry({ name: 'way/passwd' }, 'x');
  archive.finalize();
  const chunks: Uint8Array[] = [];
  for await (const chunk of archive as AsyncIterable<Uint8Array>) chunks.push(chunk);
  return gzipSync(Buffer.concat(chunks));
}
