/**
 * Hands and eyes on one side of a demonstration: does things to a tree and tells when a tree looks as
 * expected. The functions below `System` use nothing but their parameters, because their source text
 * also runs inside containers (demo-puppet-remote.ts).
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';

/** One thing that somebody does to a tree; paths are below its root. */
export type Deed =
  | { readonly do: 'write'; readonly path: string; readonly text: string; readonly mode?: number }
  | { readonly do: 'bytes'; readonly path: string; readonly base64: string }
  | { readonly do: 'link'; readonly path: string; readonly target: string }
  | { readonly do: 'move'; readonly path: string; readonly to: string }
  | { readonly do: 'chmod'; readonly path: string; readonly mode: number }
  | { readonly do: 'remove'; readonly path: string }
  | { readonly do: 'run'; readonly command: string; readonly args: readonly string[] };

/** What is to be seen at a path. */
export type Sight =
  | { readonly path: string; readonly is: 'absent' | 'directory' }
  | { readonly path: string; readonly is: 'link'; readonly target: string }
  | {
      readonly path: string;
      readonly is: 'file';
      readonly text?: string;
      readonly size?: number;
      readonly executable?: boolean;
    };

/** One line of a tree's picture: everything that both sides must agree in. */
export interface PictureRow {
  readonly path: string;
  readonly type: 'file' | 'directory' | 'link' | 'other';
  readonly executable: boolean;
  /** Digest of a file, target of a link, '' for all else. */
  readonly content: string;
}

/** How a look ended. */
export interface Seen {
  /** The first path that was not seen in time; left out when all were. */
  readonly missing?: string;
  /** When it ended, milliseconds of the machine's clock. */
  readonly at: number;
}

export interface Puppet {
  /** Resolves when all is done, with when it began: milliseconds of the machine's clock. */
  act(deeds: readonly Deed[]): Promise<number>;
  /** Looks every millisecond until all of it was seen. */
  watchFor(sights: readonly Sight[], deadlineMs: number): Promise<Seen>;
  /** The whole tree but for cai's own files and these names. */
  picture(without: readonly string[]): Promise<readonly PictureRow[]>;
  close(): Promise<void>;
}

/** What the functions below need of Node. */
export interface System {
  readonly fs: typeof fs;
  readonly path: typeof path;
  readonly execFile: typeof execFile;
  readonly createHash: typeof createHash;
}

/** A puppet in this process. */
export function localPuppet(root: string): Puppet {
  const system = { fs, path, execFile, createHash };
  return {
    act: (deeds) => performAll(system, root, deeds),
    watchFor: (sights, deadlineMs) => watchUntil(system, root, sights, deadlineMs),
    picture: async (without) => takePicture(system, root, without),
    close: async () => {},
  };
}

/** The functions that make up a puppet, as the text of a script. */
export function puppetSource(): string {
  return [machineNow, performAll, perform, runCommand, isSeen, watchUntil, takePicture]
    .map(String)
    .join('\n');
}

/** The names of functions in `puppetSource` (a bundler may have changed them). */
export const puppetNames = {
  performAll: performAll.name,
  watchUntil: watchUntil.name,
  takePicture: takePicture.name,
};

/** Milliseconds of a clock that all processes of a machine share, those in its containers too. */
function machineNow(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

export async function performAll(
  system: System,
  root: string,
  deeds: readonly Deed[],
): Promise<number> {
  const start = machineNow();
  for (const deed of deeds) await perform(system, root, deed);
  return start;
}

export async function perform(system: System, root: string, deed: Deed): Promise<void> {
  const { fs, path } = system;
  if (deed.do === 'run') return runCommand(system, root, deed.command, deed.args);
  const full = path.join(root, deed.path);
  switch (deed.do) {
    case 'write':
      fs.mkdirSync(path.dirname(full), { recursive: true });
      return fs.writeFileSync(full, deed.text, { mode: deed.mode ?? 0o644 });
    case 'bytes':
      return fs.writeFileSync(full, Buffer.from(deed.base64, 'base64'));
    case 'link':
      return fs.symlinkSync(deed.target, full);
    case 'move':
      fs.mkdirSync(path.dirname(path.join(root, deed.to)), { recursive: true });
      return fs.renameSync(full, path.join(root, deed.to));
    case 'chmod':
      return fs.chmodSync(full, deed.mode);
    case 'remove':
      return fs.rmSync(full, { recursive: true });
  }
}

function runCommand(
  { execFile }: System,
  cwd: string,
  command: string,
  args: readonly string[],
): Promise<void> {
  // A git that somebody runs this from must not lead ours astray.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('GIT_')),
  );
  return new Promise((resolve, reject) => {
    execFile(command, args, { cwd, env, timeout: 10_000 }, (error) =>
      error === null ? resolve() : reject(new Error(error.message)),
    );
  });
}

export function isSeen({ fs, path }: System, root: string, sight: Sight): boolean {
  const full = path.join(root, sight.path);
  try {
    const stat = fs.lstatSync(full, { throwIfNoEntry: false });
    if (stat === undefined) return sight.is === 'absent';
    switch (sight.is) {
      case 'absent':
        return false;
      case 'directory':
        return stat.isDirectory();
      case 'link':
        return stat.isSymbolicLink() && fs.readlinkSync(full) === sight.target;
      case 'file':
        return (
          stat.isFile() &&
          (sight.size === undefined || stat.size === sight.size) &&
          (sight.executable === undefined || sight.executable === ((stat.mode & 0o100) !== 0)) &&
          (sight.text === undefined || fs.readFileSync(full, 'utf8') === sight.text)
        );
    }
  } catch {
    // It went away, or a parent became a file, between two of these calls: look again.
    return false;
  }
}

export async function watchUntil(
  system: System,
  root: string,
  sights: readonly Sight[],
  deadlineMs: number,
): Promise<Seen> {
  const end = machineNow() + deadlineMs;
  for (const sight of sights) {
    while (!isSeen(system, root, sight)) {
      if (machineNow() >= end) return { missing: sight.path, at: machineNow() };
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }
  return { at: machineNow() };
}

export function takePicture(
  { fs, createHash }: System,
  root: string,
  without: readonly string[],
): PictureRow[] {
  const rows: PictureRow[] = [];
  const visit = (prefix: string): void => {
    for (const name of fs.readdirSync(`${root}/${prefix}`)) {
      if (name.startsWith('.cai-') || without.includes(name)) continue;
      const path = prefix + name;
      const full = `${root}/${path}`;
      const stat = fs.lstatSync(full);
      const row = { path, executable: false, content: '' };
      if (stat.isDirectory()) {
        rows.push({ ...row, type: 'directory' });
        visit(`${path}/`);
      } else if (stat.isFile()) {
        const content = createHash('sha256').update(fs.readFileSync(full)).digest('hex');
        rows.push({ path, type: 'file', executable: (stat.mode & 0o100) !== 0, content });
      } else if (stat.isSymbolicLink()) {
        rows.push({ ...row, type: 'link', content: fs.readlinkSync(full) });
      } else {
        rows.push({ ...row, type: 'other' });
      }
    }
  };
  visit('');
  return rows.sort((a, b) => (a.path < b.path ? -1 : 1));
}
