/** Removes helper containers whose session's process is gone: a helper that was stopped could not end itself. */
import { hostname } from 'node:os';
import { type EngineCommand, runEngine } from './engine.ts';

/** Never fails; what cannot be removed now is found the next time. */
export async function sweepHelpers(command: EngineCommand): Promise<void> {
  const filter = `label=containai.helper.host=${hostname()}`;
  const format = '{{.ID}} {{.Label "containai.helper.pid"}}';
  const list = ['ps', '--all', '--filter', filter, '--format', format];
  try {
    const { stdout } = await runEngine(command, list);
    const dead = stdout
      .split('\n')
      .map((line) => line.split(' '))
      .filter(([id, pid]) => id !== '' && pid !== undefined && !isAlive(Number(pid)))
      .map(([id]) => id as string);
    if (dead.length > 0) await runEngine(command, ['rm', '--force', ...dead]);
  } catch {
    // An engine that does not answer says so where it is needed.
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
