/** `cai show`: a version's bytes on stdout, as they were. */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import { openSessionStore } from '../control/session-store.ts';
import { needVersion, versionContent } from '../control/version-content.ts';
import { findVersion } from './version-id.ts';

const examples = `
ID is an id of \`cai history\`, or NAME#ID where several sessions exist.

Examples:
  $ cai show 42
  $ cai show web#42 | diff - src/app.ts
`;

export function define(command: Command): void {
  command
    .argument('<ID>', 'version')
    .option('--name <name>', 'session')
    .addHelpText('after', examples)
    .action(show);
}

async function show(text: string, flags: { readonly name?: string }): Promise<void> {
  const { record, id } = findVersion(text, flags.name);
  const store = openSessionStore(record, true);
  try {
    const content = versionContent(store, needVersion(store, id));
    await pipeline(Readable.from(content), process.stdout, { end: false });
  } finally {
    store.close();
  }
}
