/**
 * The contents of the texts on which both sides agree, for three-way merges. They are pinned by the
 * base, not by the history: within a budget the newest stay, and what the base does not name any more
 * goes. Written in the background; nothing depends on it: what is missing or damaged is only not known,
 * and a conflict there is settled without a merge.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Digest } from '../tree/entry.ts';
import { isText } from '../tree/merge-text.ts';
import { makePrivateDirectory } from './files.ts';
import { openPack, type Pack, type PackFiles } from './pack.ts';
import type { BaseTexts } from './store.ts';

/** Milliseconds of collecting before contents are written; many edits share one write. */
const collectFor = 1_000;
const batchBytes = 1024 * 1024;
/** What waits to be written is let go beyond this: the disk does not keep up. */
const maxWaiting = 8 * 1024 * 1024;
/** How much of the budget is filled at most when what is not needed has been let go. */
const filled = 0.75;
/** In the place of a content that is no text, so that it is not read again and again. */
const noText = new Uint8Array(0);
const emptyDigest = digestOf(noText);

function digestOf(bytes: Uint8Array): Digest {
  return createHash('sha256').update(bytes).digest('hex');
}

export interface TextOptions {
  readonly directory: string;
  /** Bytes that may be kept; 0 keeps nothing. */
  readonly budget: number;
  readonly readOnly: boolean;
}

export function openTexts(options: TextOptions): BaseTexts & { close(): void } {
  return new Texts(options);
}

class Texts implements BaseTexts {
  isPinned: (digest: Digest) => boolean = () => true;
  readonly #options: TextOptions;
  readonly #waiting = new Map<Digest, Uint8Array>();
  #waitingBytes = 0;
  #pack: Promise<Pack | undefined> | undefined;
  /** Once it is open. */
  #opened: Pack | undefined;
  #timer: NodeJS.Timeout | undefined;
  #work: Promise<void> | undefined;
  #closed = false;
  /** A write failed: nothing more is kept until the next start. */
  #failed = false;

  constructor(options: TextOptions) {
    this.#options = options;
    if (!options.readOnly) void this.ready();
  }

  get room(): number {
    return this.#options.budget * filled - (this.#opened?.bytes ?? 0) - this.#waitingBytes;
  }

  ready(): Promise<Pack | undefined> {
    this.#pack ??= this.#open();
    return this.#pack;
  }

  has(digest: Digest): boolean {
    return (
      digest === emptyDigest || this.#waiting.has(digest) || (this.#opened?.has(digest) ?? false)
    );
  }

  add(digest: Digest, bytes: Uint8Array): void {
    const { budget, readOnly } = this.#options;
    if (readOnly || this.#closed || this.#failed || bytes.length > budget || this.has(digest))
      return;
    if (this.#waitingBytes > maxWaiting) return;
    const kept = isText(bytes) ? bytes : noText;
    this.#waiting.set(digest, kept);
    this.#waitingBytes += kept.length;
    this.#timer ??= setTimeout(() => void this.flush(), collectFor);
  }

  async read(digest: Digest): Promise<Uint8Array | undefined> {
    if (digest === emptyDigest) return new Uint8Array(0);
    const pack = await this.ready();
    const waiting = this.#waiting.get(digest);
    if (waiting === undefined) return pack?.read(digest).catch(() => undefined);
    // What a container said to be of that digest was not looked at until now.
    return digestOf(waiting) === digest ? waiting : undefined;
  }

  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#work ??= this.#write().finally(() => {
      this.#work = undefined;
    });
    await this.#work;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    void this.#end();
  }

  async #end(): Promise<void> {
    await this.#work;
    await (await this.#pack)?.close().catch(() => undefined);
  }

  async #write(): Promise<void> {
    let pack = await this.ready();
    while (pack !== undefined && this.#waiting.size > 0) {
      const batch = this.#nextBatch();
      const size = batch.reduce((sum, [, bytes]) => sum + bytes.length, 0);
      try {
        if (pack.bytes + size > this.#options.budget) pack = await this.#renew(pack);
        await pack.append(batch);
      } catch {
        // A full disk, most likely.
        this.#failed = true;
      }
      for (const [digest, bytes] of batch)
        if (this.#waiting.delete(digest)) this.#waitingBytes -= bytes.length;
    }
  }

  #nextBatch(): (readonly [Digest, Uint8Array])[] {
    const batch: (readonly [Digest, Uint8Array])[] = [];
    let size = 0;
    for (const content of this.#waiting) {
      if (size > 0 && size + content[1].length > batchBytes) break;
      batch.push(content);
      size += content[1].length;
    }
    return batch;
  }

  /** Begins a new pack with what the base still names, the newest first where it is too much. */
  async #renew(old: Pack): Promise<Pack> {
    const chosen: Digest[] = [];
    let room = this.#options.budget * filled - batchBytes;
    for (const [digest, size] of [...old.digests()].reverse()) {
      if (size > room || !this.isPinned(digest)) continue;
      chosen.push(digest);
      room -= size;
    }
    const number = newestPack(this.#options.directory) + 1;
    const pack = await openPack(packFiles(this.#options.directory, number), false);
    try {
      await copyContents(old, pack, chosen.reverse());
    } catch (thrown) {
      await pack.close();
      throw thrown;
    }
    this.#opened = pack;
    this.#pack = Promise.resolve(pack);
    await old.close();
    removeOthers(this.#options.directory, number);
    return pack;
  }

  async #open(): Promise<Pack | undefined> {
    const { directory, budget, readOnly } = this.#options;
    try {
      if (budget <= 0) {
        if (!readOnly) rmSync(directory, { recursive: true, force: true });
        return undefined;
      }
      if (readOnly && !existsSync(directory)) return undefined;
      if (!readOnly) makePrivateDirectory(directory);
      const number = newestPack(directory);
      this.#opened = await openPack(packFiles(directory, number), readOnly);
      if (!readOnly) removeOthers(directory, number);
      return this.#opened;
    } catch {
      return undefined;
    }
  }
}

async function copyContents(from: Pack, to: Pack, digests: readonly Digest[]): Promise<void> {
  let batch: (readonly [Digest, Uint8Array])[] = [];
  let size = 0;
  for (const digest of digests) {
    const content = await from.read(digest);
    if (content === undefined) continue;
    batch.push([digest, content]);
    size += content.length;
    if (size < batchBytes) continue;
    await to.append(batch);
    batch = [];
    size = 0;
  }
  if (batch.length > 0) await to.append(batch);
}

function packFiles(directory: string, number: number): PackFiles {
  return { contents: join(directory, `${number}.pack`), index: join(directory, `${number}.index`) };
}

/** The highest number of a pack that is there, else 1. */
function newestPack(directory: string): number {
  const numbers = readdirSync(directory).map((name) =>
    Number(/^(\d{1,9})\.pack$/.exec(name)?.[1] ?? 1),
  );
  return Math.max(1, ...numbers);
}

function removeOthers(directory: string, number: number): void {
  for (const name of readdirSync(directory)) {
    if (!name.startsWith(`${number}.`)) rmSync(join(directory, name), { force: true });
  }
}
