/** Base texts: what is kept, within which budget, and that damage only means that something is not known. */
import { createHash } from 'node:crypto';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { describeNeeding } from '../../test/support/needs.ts';
import { temporaryDirectory } from '../../test/support/tree.ts';
import { openTexts } from './texts.ts';

const digestOf = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex');
const text = (name: string, size = 100) => Buffer.from(name.padEnd(size - 1, '.').concat('\n'));

function open(directory: string, budget = 1024 * 1024, readOnly = false) {
  const texts = openTexts({ directory, budget, readOnly });
  onTestFinished(() => texts.close());
  return texts;
}

function add(texts: ReturnType<typeof open>, bytes: Uint8Array): string {
  const digest = digestOf(bytes);
  texts.add(digest, bytes);
  return digest;
}

const packBytes = (directory: string) =>
  readdirSync(directory).reduce((sum, name) => sum + statSync(join(directory, name)).size, 0);

test('a text is known at once, after it was written, after a restart, and to readers', async () => {
  const directory = join(temporaryDirectory(), 'texts');
  const texts = open(directory);
  const digest = add(texts, text('a'));
  expect(texts.has(digest)).toBe(true);
  expect(await texts.read(digest)).toEqual(text('a'));
  await texts.flush();
  expect(await texts.read(digest)).toEqual(text('a'));
  expect(await open(directory, 1, true).read(digest)).toEqual(text('a'));
  texts.close();
  const again = open(directory);
  await again.ready();
  expect(again.has(digest)).toBe(true);
  add(again, text('b'));
  await again.flush();
  expect(await again.read(digest)).toEqual(text('a'));
  expect(await again.read(digestOf(text('b')))).toEqual(text('b'));
});

test('only texts up to 1 MiB are kept; an empty one always is known', async () => {
  const texts = open(join(temporaryDirectory(), 'texts'), 1024 ** 3);
  const binary = add(texts, Buffer.from([65, 0, 66]));
  const latin = add(texts, Buffer.from([0xe4, 0x0a]));
  const large = add(texts, text('large', 1024 * 1024 + 1));
  const fitting = add(texts, text('fitting', 1024 * 1024));
  await texts.flush();
  for (const digest of [binary, latin, large]) {
    expect(texts.has(digest)).toBe(true);
    expect(await texts.read(digest)).toBeUndefined();
  }
  // Not toEqual, which takes seconds for a mebibyte.
  const read = await texts.read(fitting);
  expect(read && text('fitting', 1024 * 1024).equals(read)).toBe(true);
  texts.add(digestOf('a\n'), Buffer.from('b\n'));
  expect(await texts.read(digestOf('a\n'))).toBeUndefined();
  expect(await texts.read(digestOf(''))).toEqual(new Uint8Array(0));
});

test('what the base does not name goes first, then the oldest; the budget holds', async () => {
  const directory = join(temporaryDirectory(), 'texts');
  const size = 128 * 1024;
  const budget = 64 * size;
  const texts = open(directory, budget);
  const pinned = new Set<string>();
  texts.isPinned = (digest) => pinned.has(digest);
  const digests: string[] = [];
  for (let n = 0; n < 80; n++) {
    const digest = add(texts, text(`${n}`, size));
    digests.push(digest);
    if (n % 2 === 0) pinned.add(digest);
    await texts.flush();
    expect(packBytes(directory)).toBeLessThanOrEqual(budget + 100_000);
  }
  // All of these were there when the pack was renewed, and half of them were needed.
  const known = digests.map((digest) => texts.has(digest));
  for (const [at, isKnown] of known.slice(0, 60).entries()) expect(isKnown).toBe(at % 2 === 0);
  expect(await texts.read(digests[2] as string)).toEqual(text('2', size));
  // When all are needed, the newest stay.
  texts.isPinned = () => true;
  for (let n = 100; n < 164; n++) {
    add(texts, text(`${n}`, size));
    await texts.flush();
  }
  expect(texts.has(digests[2] as string)).toBe(false);
  expect(texts.has(digestOf(text('163', size)))).toBe(true);
  expect(readdirSync(directory)).toHaveLength(2);
});

test('damage to the pack or its index only means that a content is not known', async () => {
  const directory = join(temporaryDirectory(), 'texts');
  const texts = open(directory);
  const first = add(texts, text('first'));
  const second = add(texts, text('second'));
  await texts.flush();
  texts.close();
  const pack = join(directory, '1.pack');
  const bytes = readFileSync(pack);
  bytes[3] = 0;
  writeFileSync(pack, bytes);
  const damaged = open(directory);
  expect(await damaged.read(first)).toBeUndefined();
  expect(damaged.has(first)).toBe(false);
  expect(await damaged.read(second)).toEqual(text('second'));
  damaged.close();

  truncateSync(join(directory, '1.index'), 42 + 20);
  truncateSync(pack, 150);
  const cut = open(directory);
  await cut.ready();
  expect(cut.has(second)).toBe(false);
  const third = add(cut, text('third'));
  await cut.flush();
  cut.close();
  expect(await open(directory, 1024 * 1024, true).read(third)).toEqual(text('third'));
});

test('a place that cannot be written, or no budget, keeps nothing and fails nothing', async () => {
  const file = join(temporaryDirectory(), 'file');
  writeFileSync(file, '');
  for (const texts of [open(join(file, 'texts')), open(join(temporaryDirectory(), 'texts'), 0)]) {
    const digest = add(texts, text('a'));
    await texts.flush();
    texts.close();
    expect(await texts.read(digest)).toEqual(texts.has(digest) ? text('a') : undefined);
  }
});

const openFiles = (directory: string) =>
  readdirSync('/proc/self/fd').filter((fd) => linkOf(fd).startsWith(directory)).length;

function linkOf(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return '';
  }
}

describeNeeding(['linux'], 'a pack that cannot be opened or filled', () => {
  test('leaves no file open', async () => {
    const directory = join(temporaryDirectory(), 'texts');
    const texts = open(directory, 3 * 1024 * 1024);
    await texts.ready();
    const before = openFiles(directory);
    mkdirSync(join(directory, '2.index'));
    for (let n = 0; n < 4; n += 1) add(texts, text(`${n}`, 1024 * 1024));
    await texts.flush();
    expect(openFiles(directory)).toBe(before);
  });
});
