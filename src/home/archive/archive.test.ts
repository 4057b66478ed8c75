import { Writable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { type Header, pack } from 'tar-stream';
import { describe, expect, it } from 'vitest';
import type { VolumeEntry } from '../volume/entry.ts';
import { type ArchiveLimits, readArchive } from './read.ts';
import { writeArchive } from './write.ts';

const limits: ArchiveLimits = { maxBytes: 50e6, maxEntries: 1000 };

type Row = Partial<VolumeEntry> & { readonly text?: string };

async function* pieces(bytes: Uint8Array, size = 1000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function unpack(bytes: Uint8Array, size?: number, within = limits): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const entry of readArchive(pieces(bytes, size), within)) {
    const { content, own, mode, target, size: length, ...rest } = entry;
    const text: Uint8Array[] = [];
    for await (const chunk of content) text.push(chunk);
    expect(own).toBe(true);
    if (entry.kind === 'link') rows.push({ ...rest, target } as Row);
    else if (entry.kind === 'directory') rows.push({ ...rest, mode } as Row);
    else rows.push({ ...rest, mode, size: length, text: Buffer.concat(text).toString() } as Row);
  }
  return rows;
}

function sink(): { output: Writable; bytes: () => Buffer } {
  const chunks: Buffer[] = [];
  const output = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk);
      done();
    },
  });
  return { output, bytes: () => Buffer.concat(chunks) };
}

async function archiveOf(rows: readonly Row[]): Promise<Buffer> {
  const { output, bytes } = sink();
  const writer = await writeArchive(output);
  for (const { text, ...entry } of rows) {
    if (entry.kind === 'file')
      await writer.addFile(
        entry as VolumeEntry & { kind: 'file' },
        pieces(Buffer.from(text ?? '')),
      );
    else await writer.add(entry as VolumeEntry);
  }
  await writer.end();
  return bytes();
}

/** An archive as anybody might make it. */
async function foreign(
  entries: readonly (Partial<Header> & { name: string; text?: string })[],
): Promise<Buffer> {
  const archive = pack();
  for (const { text, ...header } of entries)
    archive.entry(header, ...((text === undefined ? [] : [text]) as [string]));
  archive.finalize();
  const chunks: Uint8Array[] = [];
  for await (const chunk of archive as AsyncIterable<Uint8Array>) chunks.push(chunk);
  return gzipSync(Buffer.concat(chunks));
}

async function refusal(bytes: Uint8Array, within = limits): Promise<string> {
  try {
    for await (const entry of readArchive(pieces(bytes, 5000), within)) void entry;
  } catch (error) {
    expect(error).toMatchObject({ code: 'ARCHIVE', next: expect.stringContaining('Nothing') });
    return (error as Error).message;
  }
  return 'taken';
}

describe('what is written is read again', () => {
  const part = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 80 })
    .filter((text) => !/[/\0]/.test(text) && !['.', '..', '.cai-volume'].includes(text))
    .filter((text) => Buffer.byteLength(text) <= 255);
  const common = {
    path: fc.array(part, { minLength: 1, maxLength: 6 }).map((parts) => parts.join('/')),
    uid: fc.nat(2 ** 32 - 2),
    gid: fc.nat(2 ** 32 - 2),
    mtime: fc.nat(2 ** 31 - 1).map((seconds) => seconds * 1000),
  };
  const mode = fc.nat(0o7777);
  const row = fc.oneof(
    fc.record({ ...common, kind: fc.constant('directory'), mode }),
    fc.record({ ...common, kind: fc.constant('link'), target: part }),
    fc.record({ ...common, kind: fc.constant('file'), mode, text: fc.string({ maxLength: 3000 }) }),
  );
  const noPrefix = (rows: readonly { path: string }[]): boolean =>
    rows.every(
      (one) => rows.filter((other) => `${other.path}/`.startsWith(`${one.path}/`)).length === 1,
    );

  it('whatever the names, owners, modes and times', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(row, { maxLength: 8 }).filter(noPrefix),
        fc.integer({ min: 1, max: 5000 }),
        async (rows, size) => {
          const sized = rows.map((each) =>
            'text' in each ? { ...each, size: Buffer.byteLength(each.text) } : each,
          ) as unknown as Row[];
          expect(await unpack(await archiveOf(sized), size)).toEqual(sized);
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('an archive is refused', () => {
  const file = { name: 'a', text: 'x' };

  it.each<[string, Parameters<typeof foreign>[0]]>([
    ['is absolute', [{ name: '/etc/passwd', text: 'x' }]],
    ['leads upwards', [file, { name: '../b', text: 'x' }]],
    ['leads upwards', [{ name: 'a/../../b', text: 'x' }]],
    ['is not normal', [{ name: 'a//b', text: 'x' }]],
    ['is reserved', [{ name: '.cai-volume/journal', text: 'x' }]],
    ['too long', [{ name: 'x'.repeat(300), text: 'x' }]],
    ['comes twice', [file, { name: './a', text: 'y' }]],
    [
      'comes twice',
      [
        { name: 'd/', type: 'directory' },
        { name: 'd', type: 'symlink', linkname: 'x' },
      ],
    ],
    [
      'goes through a link',
      [
        { name: 'l', type: 'symlink', linkname: '/etc' },
        { name: 'l/x', text: '' },
      ],
    ],
    [
      'goes through it',
      [
        { name: 'l/x', text: '1' },
        { name: 'l', type: 'symlink', linkname: '/' },
      ],
    ],
    ['goes through a file', [file, { name: 'a/b/c', text: 'x' }]],
    ['a hard link', [file, { name: 'b', type: 'link', linkname: 'a' }]],
    ['a device', [{ name: 'b', type: 'block-device', devmajor: 8 }]],
    ['a device', [{ name: 'b', type: 'character-device' }]],
    ['a pipe', [{ name: 'b', type: 'fifo' }]],
    ['a kind that is not known', [{ name: 'b', type: 'contiguous-file', text: 'x' }]],
  ])('where a path or an entry %s', async (why, entries) => {
    expect(await refusal(await foreign(entries))).toContain(why);
  });

  it('when it is none, is cut off anywhere, or is damaged', async () => {
    expect(await refusal(Buffer.from('PK\u0003\u0004 something else'))).toContain('gzip');
    expect(await refusal(Buffer.alloc(0))).toContain('gzip');
    expect(await refusal(gzipSync(Buffer.from('no tar at all'.repeat(100))))).toContain('damaged');
    const rows = Array.from({ length: 9 }, (_, n) => ({ name: `f${n}`, text: `${n}`.repeat(900) }));
    const whole = await foreign(rows);
    for (let at = 3; at < whole.length; at += 37)
      expect(await refusal(whole.subarray(0, at))).toMatch(/incomplete|damaged/);
    const broken = Buffer.from(whole);
    broken.writeUInt8((broken.at(-9) ?? 0) ^ 0xff, broken.length - 9);
    expect(await refusal(broken)).toMatch(/damaged|incomplete/);
  });

  it('when it unpacks to too much, whatever it says of itself', async () => {
    const large = await foreign([{ name: 'zeros', text: '\0'.repeat(9e6) }]);
    expect(await refusal(large, { maxBytes: 1e6, maxEntries: 9 })).toContain('1000000 bytes');
    const filling = gzipSync(Buffer.alloc(64e6));
    expect(await refusal(filling, { maxBytes: 1e9, maxEntries: 9 })).toContain('filling');
    const many = await foreign(Array.from({ length: 50 }, (_, n) => ({ name: `f${n}`, text: '' })));
    expect(await refusal(many, { maxBytes: 1e6, maxEntries: 49 })).toContain('over 49 entries');
  });

  it('with ten million entries, as soon as there are too many', async () => {
    let made = 0;
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (; made < 10_000_000; made += 1000) {
        const archive = pack();
        for (let n = 0; n < 1000; n += 1) archive.entry({ name: `dir/${made + n}` }, '');
        archive.finalize();
        const chunks: Uint8Array[] = [];
        for await (const chunk of archive as AsyncIterable<Uint8Array>) chunks.push(chunk);
        // Without the end of the archive, so that the next thousand goes on with it.
        yield gzipSync(Buffer.concat(chunks).subarray(0, -1024));
      }
    }
    const read = readArchive(endless(), { maxBytes: 1e9, maxEntries: 5000 });
    const all = (async () => {
      for await (const entry of read) void entry;
    })();
    await expect(all).rejects.toMatchObject({ message: expect.stringContaining('over 5000') });
    expect(made).toBeLessThan(50_000);
  });
});
