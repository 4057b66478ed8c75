/**
 * A process for the crash test: commits to the store in argv[2] again and again, each time with the
 * number of the commit in every row, and prints that number when the commit is done.
 */
import { createHash } from 'node:crypto';
import { writeSync } from 'node:fs';
import type { FileEntry } from '../tree/entry.ts';
import { openStore } from './open.ts';
import type { BaseChange } from './store.ts';

const rows = 300;

function entry(content: string): FileEntry {
  const digest = createHash('sha256').update(content).digest('hex');
  const size = content.length;
  return { kind: 'file', digest, size, executable: false, mode: 0o644, mtime: 1 };
}

const directory = process.argv[2] as string;
const store = openStore({ directory, limits: { maxAge: 1e9, maxBytes: 2000 } });
for (let n = Number(store.getValue('last') ?? 0) + 1; ; n += 1) {
  const content = `content ${n}`;
  store.contents.putBytes(Buffer.from(content));
  const base = Array.from({ length: rows }, (_, i): BaseChange => [`file ${i}`, entry(`${n}`)]);
  const time = Date.now();
  const version = {
    path: 'file',
    side: 'local',
    time,
    reason: 'replaced',
    entry: entry(content),
  } as const;
  const events = [{ time, type: 'notice', data: { n } }];
  store.commit({ base, versions: [version], events });
  store.setValue('last', n);
  if (n % 3 === 0) store.prune(time);
  writeSync(1, `${n}\n`);
}
