/**
 * Nobody gets out of the root by swapping a directory for a link while a tool is on its way through it. A second
 * thread swaps as fast as it can; what is outside is looked at afterwards.
 */
import fs from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { expect, onTestFinished, test } from 'vitest';
import { describeNeeding } from '../../../test/support/needs.ts';
import { temporaryDirectory } from '../../../test/support/tree.ts';
import { useTools } from '../testing.ts';

const rounds = 400;

/** `root/d` is by turns a directory and a link to the outside. */
function swap(root: string, outside: string): void {
  const code = `
    const fs = require('node:fs');
    const { root, outside } = require('node:worker_threads').workerData;
    for (;;) {
      try {
        fs.renameSync(root + '/d', root + '/aside');
        fs.symlinkSync(outside, root + '/d');
        fs.unlinkSync(root + '/d');
        fs.renameSync(root + '/aside', root + '/d');
      } catch {}
    }`;
  const worker = new Worker(code, { eval: true, workerData: { root, outside } });
  onTestFinished(async () => {
    await worker.terminate();
  });
}

describeNeeding(['linux'], 'while a directory is swapped for a link', () => {
  test('nothing outside is read, written, listed or removed', async () => {
    const { root, client } = await useTools({ 'd/inner/f': 'inside' });
    const outside = temporaryDirectory();
    fs.mkdirSync(join(outside, 'inner'));
    fs.writeFileSync(join(outside, 'inner', 'f'), 'OUTSIDE');
    swap(root, outside);
    const texts: string[] = [];
    const calls = [
      ['read_file', { path: 'd/inner/f' }],
      ['write_file', { path: 'd/inner/g', content: 'mine' }],
      [
        'edit_file',
        { file_path: 'd/inner/f', edits: [{ old_text: 'inside', new_text: 'inside' }] },
      ],
      ['list_files', { path: 'd/inner' }],
      ['grep', { pattern: 'O', path: 'd' }],
      ['create_directory', { path: 'd/inner/made' }],
      ['delete_path', { path: 'd/inner/g' }],
    ] as const;
    for (let round = 0; round < rounds; round += 1) {
      const [name, args] = calls[round % calls.length] as (typeof calls)[number];
      texts.push(JSON.stringify(await client.callTool({ name, arguments: args })));
    }
    expect(texts.filter((text) => text.includes('OUTSIDE'))).toEqual([]);
    expect(fs.readdirSync(outside)).toEqual(['inner']);
    expect(fs.readdirSync(join(outside, 'inner'))).toEqual(['f']);
    expect(fs.readFileSync(join(outside, 'inner', 'f'), 'utf8')).toBe('OUTSIDE');
    // Some of it must have worked, or nothing was tested.
    expect(texts.some((text) => text.includes('"isError":true'))).toBe(true);
    expect(texts.some((text) => !text.includes('"isError":true'))).toBe(true);
  });

  test('no open directory is left behind', async () => {
    const { use, refuse } = await useTools({
      'a/b/c': 'x',
      l: { link: '/etc' },
      loop: { link: 'loop' },
    });
    const open = () => fs.readdirSync('/proc/self/fd').length;
    await use('list_files', { depth: 10 });
    const before = open();
    for (let round = 0; round < 50; round += 1) {
      await use('read_file', { path: 'a/b/c' });
      await use('grep', { pattern: 'x', limit: 1 });
      await use('list_files', { depth: 10, limit: 1 });
      for (const path of ['l/x', 'loop', 'a/b/c/d', 'a/../..', 'nothing'])
        await refuse('read_file', { path });
    }
    expect(open()).toBeLessThanOrEqual(before + 1);
  });
});

test('an edit that expected something gives way to somebody who writes in the last moment', async () => {
  const { root, use, client } = await useTools({ f: '0' });
  const path = join(root, 'f');
  for (let round = 0; round < 30; round += 1) {
    const { digest } = await use<{ digest: string }>('read_file', { path: 'f' });
    const mine = client.callTool({
      name: 'write_file',
      arguments: { path: 'f', content: `mine ${round}`, expected_digest: digest },
    });
    const theirs = `theirs ${round}`;
    fs.writeFileSync(path, theirs);
    const result = await mine;
    const now = fs.readFileSync(path, 'utf8');
    // Either the edit was refused and theirs stands, or it came after theirs was noticed to be the same.
    expect(result.isError === true ? now : theirs).toBe(theirs);
    expect(fs.readdirSync(root)).toEqual(['f']);
  }
});
