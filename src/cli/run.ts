/** `cai __run ID`: a session's process in the background. Its last line on stderr is its error as JSON. */
import type { Command } from 'commander';
import { runSession } from '../control/run.ts';
import { readRecord } from '../control/sessions.ts';
import { CaiError, toCaiError } from '../errors.ts';

export function define(command: Command): void {
  command.argument('<ID>').action(run);
}

async function run(id: string): Promise<void> {
  try {
    const record = readRecord(id);
    if (record === undefined) throw new CaiError('NO_SESSION', `There is no session ${id}.`);
    const end = await runSession(record, { adopts: true });
    if (end.how === 'failed') throw end.error;
  } catch (thrown) {
    const error = toCaiError(thrown);
    process.stderr.write(`${JSON.stringify({ error })}\n`);
    process.exitCode = error.exitCode;
  }
  // What a library left open must not keep the process.
  setTimeout(() => process.exit(), 2000).unref();
}
