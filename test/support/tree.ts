/**
 * Directory trees for tests: make one, take a comparable picture of one (here or in a container).
 * Names are bytes, written as latin1, so that any name compares and prints.
 */
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Container } from './container.ts';

export interface Row {
  /** Below the root; its bytes as latin1. */
  readonly path: string;
  readonly type: 'file' | 'directory' | 'link' | 'other';
  /** Permission bits; 0 for links. */
  readonly mode: number;
  readonly executable: boolean;
  /** 0 for all but files. */
  readonly size: number;
  /** '' for all but files. */
  readonly sha256: string;
  /** Target of a link, its bytes as latin1; '' for all else. */
  readonly target: string;
  /** Milliseconds, with a fraction. */
  readonly mtime: number;
}

export interface SnapshotOptions {
  /** With cai's own hidden names (`.cai-*`), which are left out otherwise. */
  readonly own?: boolean;
}

/** Everything below a directory, sorted by path. */
export function snapshot(dir: string, options: SnapshotOptions = {}): Row[] {
  return look(fs, createHash, dir, options.own === true);
}

/** The same of a directory in a container that has node. */
export async function snapshotInContainer(
  container: Container,
  path: string,
  options: SnapshotOptions = {},
): Promise<Row[]> {
  const call = `(${look.toString()})(require('node:fs'), require('node:crypto').createHash, ${JSON.stringify(path)}, ${options.own === true})`;
  const { stdout } = await container.exec(['node', '-'], {
    input: `process.stdout.write(JSON.stringify(${call}))`,
    user: '0',
  });
  return JSON.parse(stdout) as Row[];
}

/**
 * What both sides of a session must agree in: no modes but the executable bit, no times of directories and links,
 * and those of files to within a millisecond. A time that near to that of `twin`, the other side, is shown as its:
 * cut off alone, two of them that lie on either side of a full millisecond would be different.
 */
export function portable(
  rows: readonly Row[],
  twin: readonly { readonly path: string; readonly mtime: number }[] = [],
): Omit<Row, 'mode'>[] {
  const others = new Map(twin.map(({ path, mtime }) => [path, mtime]));
  return rows.map(({ mode: _mode, ...row }) => {
    const other = others.get(row.path);
    const mtime = other !== undefined && Math.abs(other - row.mtime) < 1 ? other : row.mtime;
    return {
      ...row,
      executable: row.type === 'file' && row.executable,
      mtime: row.type === 'file' ? mtime : 0,
    };
  });
}

/** Kept free of anything outside it: its source text also runs in containers. */
function look(
  system: Pick<typeof fs, 'readdirSync' | 'lstatSync' | 'readFileSync' | 'readlinkSync'>,
  newHash: typeof createHash,
  root: string,
  own: boolean,
): Row[] {
  const rows: Row[] = [];
  const visit = (dir: Buffer, prefix: string): void => {
    for (const name of system.readdirSync(dir, { encoding: 'buffer' })) {
      const text = name.toString('latin1');
      if (!own && text.startsWith('.cai-')) continue;
      const full = Buffer.concat([dir, Buffer.from('/'), name]);
      const stat = system.lstatSync(full);
      const isFile = stat.isFile();
      const isLink = stat.isSymbolicLink();
      const isDirectory = stat.isDirectory();
      rows.push({
        path: prefix + text,
        type: isFile ? 'file' : isDirectory ? 'directory' : isLink ? 'link' : 'other',
        mode: isLink ? 0 : stat.mode & 0o7777,
        executable: isFile && (stat.mode & 0o100) !== 0,
        size: isFile ? stat.size : 0,
        sha256: isFile ? newHash('sha256').update(system.readFileSync(full)).digest('hex') : '',
        target: isLink ? system.readlinkSync(full, { encoding: 'buffer' }).toString('latin1') : '',
        mtime: stat.mtimeMs,
      });
      if (isDirectory) visit(full, `${prefix + text}/`);
    }
  };
  visit(Buffer.from(root), '');
  return rows.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}

/** What to put at a path: a file's content, or more exactly what. */
export type Made =
  | string
  | Uint8Array
  | { readonly content: string | Uint8Array; readonly mode?: number; readonly mtime?: Date }
  | { readonly link: string }
  | { readonly directory: true; readonly mode?: number };

/** Creates or overwrites what `spec` lists under `dir`, parents included. Names as latin1 bytes when `latin1` is set. */
export function makeTree(
  dir: string,
  spec: Readonly<Record<string, Made>>,
  names: 'utf8' | 'latin1' = 'utf8',
): void {
  for (const [path, made] of Object.entries(spec))
    makeOne(Buffer.concat([Buffer.from(`${dir}/`), Buffer.from(path, names)]), made);
}

function makeOne(full: Buffer, made: Made): void {
  const parent = full.subarray(0, full.lastIndexOf('/'));
  fs.mkdirSync(parent, { recursive: true });
  if (typeof made === 'string' || made instanceof Uint8Array) {
    fs.writeFileSync(full, made);
  } else if ('link' in made) {
    fs.symlinkSync(made.link, full);
  } else if ('directory' in made) {
    fs.mkdirSync(full, { recursive: true });
    if (made.mode !== undefined) fs.chmodSync(full, made.mode);
  } else {
    fs.writeFileSync(full, made.content);
    if (made.mode !== undefined) fs.chmodSync(full, made.mode);
    if (made.mtime !== undefined) fs.utimesSync(full, made.mtime, made.mtime);
  }
}

/** A new directory, removed when the test ends; its real path. */
export function temporaryDirectory(prefix = 'cai-test-'): string {
  const dir = mkdtempSync(join(realpathSync(tmpdir()), prefix));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true, maxRetries: 3 }));
  return dir;
}
