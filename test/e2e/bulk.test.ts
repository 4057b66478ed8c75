/** Thousands of small files in a burst, made and removed in the container, and a restart in the middle. */
import { expect, test } from 'vitest';
import { docker, startContainer } from '../support/container.ts';
import { describeNeeding } from '../support/needs.ts';
import { watch } from '../support/session.ts';
import { makeTree, snapshot, temporaryDirectory } from '../support/tree.ts';

/** What a package manager does: many directories, small files, links, renames into place. */
const install = `
  const fs = require('fs');
  const [top, from, to] = process.argv.slice(1);
  fs.mkdirSync(top + '/.bin', { recursive: true });
  for (let p = Number(from); p < Number(to); p++) {
    const staged = top + '/.pkg-' + p, lib = staged + '/lib/deep';
    fs.mkdirSync(lib, { recursive: true });
    fs.writeFileSync(staged + '/package.json', JSON.stringify({ name: 'p' + p }));
    for (let f = 0; f < 18; f++) fs.writeFileSync(lib + '/f' + f + '.js', 'export default ' + p + '.' + f);
    fs.writeFileSync(staged + '/cli.js', '#!/usr/bin/env node', { mode: 0o755 });
    fs.renameSync(staged, top + '/p' + p);
    fs.symlinkSync('../p' + p + '/cli.js', top + '/.bin/p' + p);
  }`;

const perPackage = { files: 20, directories: 3, links: 1 };

describeNeeding(['docker'], 'bulk', () => {
  test('an installation of thousands of files in the container, and its removal', async () => {
    const container = await startContainer();
    const session = await watch(container);
    session.put({ 'src/index.js': 'import p from "p"' });
    await session.same();
    const top = `${session.root}/modules`;
    await container.exec(['node', '-e', install, top, '0', '150']);
    const rows = await session.same();
    const { files, directories, links } = perPackage;
    expect(rows).toHaveLength(150 * (files + directories + links) + 2 + 2);

    await session.far('rm -rf modules');
    const { holds } = await session.flush(9);
    const left = snapshot(session.local).filter(
      ({ path, type }) => type === 'file' && path.startsWith('modules/'),
    );
    expect(holds).toMatchObject([
      { reason: 'mass-deletion', side: 'container', files: left.length },
    ]);
    // Up to the share that makes a hold, removals go ahead; all of them are in the history.
    expect(left.length).toBeGreaterThan(0.5 * 150 * files);
    await session.cai.json(['approve', session.name]);
    expect((await session.same()).map(({ path }) => path)).toEqual(['src', 'src/index.js']);
    expect((await session.history('modules/p149/cli.js'))[0]).toMatchObject({ kept: true });
  });

  test('a container that is restarted in the middle of a bulk transfer, each way', async () => {
    const container = await startContainer();
    const local = temporaryDirectory();
    const session = await watch(container, { local });
    const many = Object.fromEntries(
      Array.from({ length: 4000 }, (_, n) => [`near/d${n % 40}/f${n}`, `near ${n}`.repeat(20)]),
    );
    makeTree(local, { ...many, 'near/large': Buffer.alloc(30_000_000, 'large') });
    const amid = (what: 'toContainer' | 'toLocal') =>
      session.until('half of it', ({ totals }) => totals[what].files > 200);
    await amid('toContainer');
    await docker(['kill', container.name]);
    await docker(['start', container.name]);
    expect(await session.same()).toHaveLength(4000 + 42);

    await container.exec(['node', '-e', install, `${session.root}/far`, '0', '80']);
    await amid('toLocal');
    await docker(['restart', '-t', '0', container.name]);
    await session.until('watching', ({ state }) => state === 'watching', 60_000);
    const { files, directories, links } = perPackage;
    expect(await session.same()).toHaveLength(4042 + 80 * (files + directories + links) + 2);
    const status = await session.status();
    expect(status).toMatchObject({ conflicts: [], holds: [], problems: [] });
  });

  test('writers on both sides at once end with two equal trees and lose nothing', async () => {
    const container = await startContainer();
    const session = await watch(container);
    const far = container.exec(['node', '-e', install, `${session.root}/far`, '0', '40']);
    for (let round = 0; round < 40; round += 1) {
      session.put({ [`near/d${round}/f`]: `${round}`, 'near/same': `${round}` });
      await new Promise((resolve) => setImmediate(resolve));
    }
    await far;
    const { files, directories, links } = perPackage;
    expect(await session.same()).toHaveLength(40 * (files + directories + links) + 2 + 2 * 40 + 2);
    expect((await session.status()).conflicts).toEqual([]);
  });
});
