import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { temporaryDirectory } from '../../test/support/tree.ts';
import { waitFor } from '../../test/support/wait.ts';
import { containerVariable, isDead, ownerFile, thisOwner } from './area-owner.ts';
import { realFs } from './fs-port.ts';

function areaOf(pid: number, started: string): string {
  const area = temporaryDirectory();
  writeFileSync(join(area, ownerFile), JSON.stringify({ ...thisOwner(), pid, started }));
  return area;
}

const statOf = (pid: number) =>
  readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');

test.runIf(process.platform === 'linux')(
  'a process that nobody has waited for is dead',
  async () => {
    const parent = spawn('sh', ['-c', 'sh -c "echo \\$\\$; read line" <&3 & exec sleep 60'], {
      stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
    });
    onTestFinished(() => void parent.kill('SIGKILL'));
    const [line] = (await once(parent.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
    const pid = Number(line.toString());
    const area = areaOf(pid, statOf(pid)[19] as string);
    expect(isDead(realFs, area, Date.now())).toBe(false);
    (parent.stdio[3] as NodeJS.WritableStream).end('go\n');
    await waitFor(() => statOf(pid)[0] === 'Z', { what: 'the end of the process' });
    expect(isDead(realFs, area, Date.now())).toBe(true);
  },
);

test('this process is alive; one that started at another time is not this one', () => {
  const { pid, started } = thisOwner();
  expect(isDead(realFs, areaOf(pid, started), Date.now())).toBe(false);
  expect(isDead(realFs, areaOf(pid, '1'), Date.now())).toBe(started !== '');
});

test('one of another run of the same container is dead; of another container it is not known', () => {
  process.env[containerVariable] = 'this';
  onTestFinished(() => {
    delete process.env[containerVariable];
  });
  const area = temporaryDirectory();
  const isDeadIn = (container: string) => {
    const owner = { ...thisOwner(), where: 'an earlier run', container };
    writeFileSync(join(area, ownerFile), JSON.stringify(owner));
    return isDead(realFs, area, Date.now());
  };
  expect(['this', 'another'].map(isDeadIn)).toEqual([true, false]);
});
