/** Asks this machine's rsync who it is. */
import { spawn } from 'node:child_process';
import { environment, killGroup, program } from './environment.ts';
import { parseVersion, type RsyncFound } from './version.ts';

const deadlineMs = 5000;
const maxOutput = 16 * 1024;

/** Never rejects: a machine without rsync is an answer too. */
export function findRsync(): Promise<RsyncFound> {
  return new Promise((resolve) => {
    const child = spawn(program, ['--version'], {
      stdio: ['ignore', 'pipe', 'ignore'],
      env: environment(),
      detached: true,
      windowsHide: true,
    });
    let output = '';
    const answer = (found: RsyncFound): void => {
      clearTimeout(timer);
      resolve(found);
    };
    const timer = setTimeout(() => {
      killGroup(child);
      answer({ ok: false, why: `rsync did not say its version within ${deadlineMs / 1000} s` });
    }, deadlineMs);
    child.stdout.setEncoding('utf8');
    child.stdout.on('data', (text: string) => {
      if (output.length < maxOutput) output += text;
    });
    child.once('error', ({ code, message }: NodeJS.ErrnoException) =>
      answer({
        ok: false,
        why: code === 'ENOENT' ? 'rsync is not installed' : `rsync cannot be run (${message})`,
      }),
    );
    child.once('close', (code) =>
      answer(
        code === 0
          ? parseVersion(output)
          : { ok: false, why: `rsync --version ended with ${code}` },
      ),
    );
  });
}
