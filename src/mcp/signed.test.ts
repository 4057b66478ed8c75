/** Every tool that changes something leaves the client's name in the history, on both sides. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeTree } from '../../test/support/tree.ts';
import { type Pair, startPair } from '../session/testing.ts';
import { portOf, type Tools, useTools } from './testing.ts';

async function start(files: Record<string, string>): Promise<Tools & { pair: Pair }> {
  const pair = await startPair({
    options: { conflicts: 'manual', holds: { files: 1000, share: 1 } },
    fill: (local) => makeTree(local, files),
  });
  await pair.same();
  const input = { root: pair.local, port: portOf(pair), allowExec: true };
  return { ...(await useTools({}, input)), pair };
}

const name = 'test-client';
const node = process.execPath;

test('what is edited, moved, deleted, restored or run is signed', async () => {
  const files = { edit: '1', write: '1', 'old/x': '1', 'gone/x': '1', run: '1' };
  const { use, pair } = await start(files);
  await use('edit_file', { file_path: 'edit', edits: [{ old_text: '1', new_text: '2' }] });
  await use('write_file', { path: 'write', content: '2' });
  await use('create_directory', { path: 'a/b' });
  await use('move_path', { source: 'old', destination: 'new' });
  await use('delete_path', { path: 'gone', recursive: true });
  const program = `require('fs').writeFileSync('run', '2')`;
  await use('run_command', { command: [node, '-e', program] });
  await pair.same();
  const rows = pair.store.history();
  expect(rows.map(({ by }) => by)).toEqual(rows.map(() => name));
  expect(rows.map(({ path }) => path)).toEqual(
    expect.arrayContaining(['edit', 'write', 'gone/x', 'run']),
  );
  const { done } = await use<{ done: { path: string }[] }>('undo', { by: name, dry_run: true });
  expect(new Set(done.map(({ path }) => path.split('/')[0]))).toEqual(
    new Set(['edit', 'write', 'a', 'old', 'new', 'gone', 'run']),
  );
});

test('so is what comes back, and how a conflict was settled', async () => {
  const { use, pair } = await start({ f: '1', both: '1' });
  writeFileSync(join(pair.local, 'f'), '2 by me');
  await pair.same();
  const [version] = pair.store.history({ path: 'f' });
  await use('restore', { version: version?.id });
  await pair.same();
  const restored = pair.store.history({ path: 'f' }).filter(({ id }) => id !== version?.id);
  expect(restored.map(({ side, by }) => [side, by])).toEqual(
    expect.arrayContaining([
      ['local', name],
      ['container', name],
    ]),
  );
  await pair.session.pause();
  writeFileSync(join(pair.local, 'both'), 'local');
  writeFileSync(join(pair.container, 'both'), 'container');
  await pair.session.resume();
  await pair.session.flush({ timeoutMs: 20_000 });
  await use('resolve_conflict', { path: 'both', take: 'container' });
  await pair.same();
  const [settled] = pair.store.history({ path: 'both' });
  expect(settled).toMatchObject({ side: 'local', by: name });
});
