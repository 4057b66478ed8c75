/** For tests: a state directory and roots of their own, removed at the end. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** A fresh directory with `state` (named by CAI_STATE_DIR until the test ends) and the given others. */
export function useState(...directories: string[]): string {
  const top = realpathSync(mkdtempSync(join(tmpdir(), 'cai-control-')));
  for (const name of directories) mkdirSync(join(top, name), { recursive: true });
  const before = process.env.CAI_STATE_DIR;
  process.env.CAI_STATE_DIR = join(top, 'state');
  onTestFinished(() => {
    if (before === undefined) delete process.env.CAI_STATE_DIR;
    else process.env.CAI_STATE_DIR = before;
    rmSync(top, { recursive: true, force: true });
  });
  return top;
}
