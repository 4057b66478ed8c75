/**
 * Where a session's socket can be. A unix socket's path has at most 107 bytes, and some file systems
 * hold none, so there are candidates; the one in use stands in process.json, because clients may
 * have another environment than the session.
 */
import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { CaiError } from '../errors.ts';
import { sessionDirectory } from './state-dir.ts';

/** sun_path has 108 bytes on Linux and 104 elsewhere, with the closing NUL. */
const maxBytes = process.platform === 'linux' ? 107 : 103;

/** Paths to try in this order; directories are made and checked. */
export function socketCandidates(id: string, env: NodeJS.ProcessEnv = process.env): string[] {
  const directory = sessionDirectory(id);
  // Two state directories may hold a session of the same id.
  const short = `${createHash('sha256').update(directory).digest('hex').slice(0, 16)}.sock`;
  const candidates = [join(directory, 'control.sock')];
  if (env.XDG_RUNTIME_DIR) candidates.push(join(env.XDG_RUNTIME_DIR, 'cai', short));
  candidates.push(join(tmpdir(), `cai-${userInfo().uid}`, short));
  return candidates.filter((path) => Buffer.byteLength(path) <= maxBytes);
}

/** Makes a directory for sockets; throws STATE when somebody else could reach into it. */
export function makePrivateDirectory(directory: string): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const found = lstatSync(directory);
  const mine = process.getuid === undefined || found.uid === process.getuid();
  if (found.isDirectory() && mine && (found.mode & 0o077) === 0) return;
  throw new CaiError('STATE', `${directory} is not a private directory of yours.`, {
    path: directory,
    next: `Remove it, or make it private with \`chmod 700 ${directory}\`.`,
  });
}
