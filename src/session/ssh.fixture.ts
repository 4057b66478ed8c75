/** For tests: a far side that is this machine, reached through a stand-in for ssh that can be held up and cut. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory } from '../../test/support/tree.ts';

/** In the place of ssh: waits for its turn, then runs the command here. */
export function standInForSsh() {
  const at = temporaryDirectory();
  const script = join(at, 'ssh.sh');
  const lines = [
    `echo $$ >>${at}/pids`,
    `while [ -e ${at}/closed ]; do sleep 0.02; done`,
    'for last; do :; done',
    'exec sh -c "$last"',
  ];
  writeFileSync(script, lines.join('\n'));
  const pids = () => readFileSync(`${at}/pids`, 'utf8').trim().split('\n').map(Number);
  return {
    command: ['sh', script],
    pids,
    alive: () => pids().filter(isAlive),
    /** Breaks the newest link, where it is not broken already. */
    cut() {
      const newest = pids().at(-1) as number;
      if (isAlive(newest)) process.kill(newest, 'SIGKILL');
    },
    close: () => writeFileSync(`${at}/closed`, ''),
    open: () => rmSync(`${at}/closed`),
  };
}

function isAlive(pid: number): boolean {
  try {
    // One that has ended and that nobody has waited for yet is none.
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
