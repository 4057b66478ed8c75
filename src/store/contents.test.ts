import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../../test/support/tree.ts';
import { contentFiles, file, testStore, version } from './store.fixture.ts';

async function* stream(...chunks: (string | Uint8Array | Error)[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) {
    if (chunk instanceof Error) throw chunk;
    yield Buffer.from(chunk);
  }
}

test('bytes come back as they were put, by either way in', async () => {
  const { contents } = testStore();
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 5 }),
      async (chunks) => {
        const whole = Buffer.concat(chunks);
        const { digest, size } = file(whole);
        expect(contents.putBytes(whole)).toBe(digest);
        expect(await contents.putStream(stream(...chunks), 1000)).toEqual({ digest, size });
        expect(Buffer.from(contents.read(digest) as Uint8Array)).toEqual(whole);
        expect(readFileSync(contents.file(digest) as string)).toEqual(whole);
      },
    ),
    { numRuns: 50 },
  );
});

test('a stream over the limit leaves nothing and is not read to its end', async () => {
  const store = testStore();
  let ended = false;
  async function* endless() {
    try {
      for (;;) yield Buffer.alloc(1000, 'x');
    } finally {
      ended = true;
    }
  }
  expect(await store.contents.putStream(endless(), 10_000)).toBeUndefined();
  expect(ended).toBe(true);
  expect(contentFiles(store)).toEqual([]);
  const exact = await store.contents.putStream(stream('x'.repeat(1000)), 1000);
  expect(exact?.size).toBe(1000);
});

test('a stream that fails leaves nothing, and its failure is told', async () => {
  const store = testStore();
  const put = store.contents.putStream(stream('half', new Error('link broke')), 1000);
  await expect(put).rejects.toThrow('link broke');
  expect(contentFiles(store)).toEqual([]);
});

test('putFile takes files, and neither links nor directories nor pipes', async () => {
  const { contents } = testStore();
  const root = temporaryDirectory();
  const big = Buffer.alloc(700_000, 'abc');
  writeFileSync(join(root, 'big'), big);
  symlinkSync('big', join(root, 'link'));
  const makePipe = 'mkfifo';
  execFileSync(makePipe, [join(root, 'pipe')]);
  const { digest, size } = file(big);
  expect(await contents.putFile(join(root, 'big'), { maxBytes: size })).toEqual({ digest, size });
  expect(await contents.putFile(Buffer.from(join(root, 'big')), { maxBytes: size })).toBeDefined();
  expect(await contents.putFile(join(root, 'big'), { maxBytes: size - 1 })).toBeUndefined();
  for (const other of ['link', 'pipe', 'none', '.']) {
    await expect(contents.putFile(join(root, other), { maxBytes: size })).rejects.toThrow();
  }
});

test('a damaged content is not there any more, but set aside; putting it again heals it', () => {
  const store = testStore();
  const digest = store.contents.putBytes(Buffer.from('precious'));
  writeFileSync(store.contents.file(digest) as string, 'precioux');
  expect(store.contents.read(digest)).toBeUndefined();
  expect(store.contents.has(digest)).toBe(false);
  const aside = join(store.directory, 'objects', 'damaged', digest);
  expect(readFileSync(aside, 'utf8')).toBe('precioux');
  store.contents.putBytes(Buffer.from('precious'));
  writeFileSync(store.contents.file(digest) as string, 'precioux');
  store.contents.putBytes(Buffer.from('precious'));
  expect(Buffer.from(store.contents.read(digest) as Uint8Array).toString()).toBe('precious');
});

test('what is no digest never becomes a path', () => {
  const store = testStore();
  writeFileSync(join(store.directory, 'secret'), 'x');
  const fakes = ['', '../secret', `../${'a'.repeat(61)}`, 'A'.repeat(64), `${'a'.repeat(64)}\n`];
  for (const fake of fakes) {
    expect(store.contents.has(fake)).toBe(false);
    expect(store.contents.file(fake)).toBeUndefined();
    expect(store.contents.read(fake)).toBeUndefined();
  }
});

test('half-written contents of an earlier run are cleared away at the start', () => {
  const first = testStore();
  const tmp = join(first.directory, 'objects', 'tmp');
  writeFileSync(join(tmp, 'half'), 'half');
  first.close();
  testStore({ directory: first.directory });
  expect(readdirSync(tmp)).toEqual([]);
});

test('a commit of very many contents keeps them all', () => {
  const store = testStore();
  const texts = Array.from({ length: 300 }, (_, n) => `content ${n}`);
  for (const text of texts) store.contents.putBytes(Buffer.from(text));
  const versions = texts.map((text) => version('a', text));
  const written = store.commit({ base: [], versions, events: [] });
  expect(written.filter(({ kept }) => kept)).toHaveLength(300);
});
