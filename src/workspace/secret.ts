/** Secrets of rsync daemons: `USER:SECRET`, in a file that only its owner may read. */
import { randomBytes } from 'node:crypto';
import { lstatSync, readFileSync, writeFileSync } from 'node:fs';
import { CaiError, toCaiError } from '../errors.ts';

export const rsyncUser = 'mcp';

/** Makes the file with a new secret when it is missing; true when it did. What is there already stays. */
export function makeSecretFile(path: string): boolean {
  const line = `${rsyncUser}:${randomBytes(24).toString('hex')}\n`;
  try {
    writeFileSync(path, line, { mode: 0o600, flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw toCaiError(error, path);
  }
}

/** Throws when rsync would turn everybody away because of the file, without saying why. */
export function checkSecretFile(path: string): void {
  const { mode, uid } = lstatSync(path);
  const mine = process.getuid?.();
  const next = `Run \`chmod 600 ${path}\`, and give it to the user that runs the daemon.`;
  if ((mode & 0o007) !== 0) {
    throw new CaiError('CONFIG', `${path} can be read by everybody.`, { path, next });
  }
  if (mine !== undefined && uid !== mine) {
    throw new CaiError('CONFIG', `${path} belongs to user ${uid}, not to ${mine}.`, { path, next });
  }
  const lines = readFileSync(path, 'utf8').split('\n');
  if (lines.some((line) => line.startsWith(`${rsyncUser}:`) && line.length > 4)) return;
  throw new CaiError('CONFIG', `${path} has no secret for the user ${rsyncUser}.`, {
    path,
    next: `Write a line \`${rsyncUser}:SECRET\` into it.`,
  });
}
