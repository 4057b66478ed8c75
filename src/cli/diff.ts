/** `cai diff`: what is different between the sides, the base and versions of the history. */
import type { Command } from 'commander';
import { Option } from 'commander';
import type { SessionRecord } from '../control/api.ts';
import { type Comparison, compare } from '../control/compare.ts';
import { conflictsOf } from '../control/conflicts.ts';
import { type DiffEnd, readEnd } from '../control/diff-end.ts';
import { findSession } from '../control/find.ts';
import { openSessionStore } from '../control/session-store.ts';
import { needVersion } from '../control/version-content.ts';
import { CaiError } from '../errors.ts';
import type { Path } from '../tree/path.ts';
import { pathInRoot } from './local-path.ts';
import { colors, print, printJson } from './output.ts';
import { renderComparison } from './render-diff.ts';
import { findVersion } from './version-id.ts';

const examples = `
  cai diff PATH             local against the container; at a conflict that is settled, local against
                            what gave way
  cai diff PATH VERSION     a version against what is local now
  cai diff VERSION          the same, at the version's own path
  cai diff VERSION VERSION  two versions

VERSION is an id of \`cai history\`; write ./42 for a file of that name. --from and --to choose an
end: local, container, base (what both sides had before), or a version.

Examples:
  $ cai diff src/app.ts
  $ cai diff src/app.ts --from base --to container
  $ cai diff 42 43 > change.patch
`;

interface Flags {
  readonly from?: string;
  readonly to?: string;
  readonly name?: string;
  readonly json?: true;
}

export function define(command: Command): void {
  const end = 'local, container, base or a version';
  command
    .argument('<WHAT>', 'path or version')
    .argument('[VERSION]', 'version')
    .addOption(new Option('--from <end>', `the old: ${end}`))
    .addOption(new Option('--to <end>', `the new: ${end}`))
    .option('--name <name>', 'session')
    .option('--json', 'print JSON')
    .addHelpText('after', examples)
    .action(diff);
}

async function diff(what: string, other: string | undefined, flags: Flags): Promise<void> {
  const comparisons: Comparison[] = [];
  const { record, pairs } = await meant(what, other, flags);
  for (const { path, from, to } of pairs) {
    const ends = await Promise.all([readEnd(record, path, from), readEnd(record, path, to)]);
    comparisons.push(compare(path, ends[0], ends[1]));
  }
  if (flags.json === true) return printJson(comparisons);
  const lines = comparisons.flatMap((comparison) => renderComparison(comparison, colors));
  if (lines.length > 0) print(lines.join('\n'));
}

interface Pair {
  readonly path: Path;
  readonly from: DiffEnd;
  readonly to: DiffEnd;
}

interface Meant {
  readonly record: SessionRecord;
  readonly pairs: readonly Pair[];
}

async function meant(what: string, other: string | undefined, flags: Flags): Promise<Meant> {
  if (isVersion(what)) return ofVersions(what, other, flags);
  const record = findSession({ name: flags.name, ended: true });
  const path = pathInRoot(record.local, what, process.cwd());
  const chosen = { from: toEnd(flags.from), to: toEnd(flags.to) };
  if (other !== undefined) {
    const { id } = findVersion(other, record.name);
    return { record, pairs: [{ path, from: { version: id }, to: chosen.to ?? 'local' }] };
  }
  const both = { path, from: chosen.from ?? 'local', to: chosen.to ?? 'container' } as const;
  if (chosen.from !== undefined || chosen.to !== undefined) return { record, pairs: [both] };
  const settled = await settledPairs(record, path);
  return { record, pairs: settled.length > 0 ? settled : [both] };
}

function ofVersions(what: string, other: string | undefined, flags: Flags): Meant {
  const { record, id } = findVersion(what, flags.name);
  const path = pathOfVersion(record, id);
  if (other === undefined)
    return { record, pairs: [{ path, from: { version: id }, to: toEnd(flags.to) ?? 'local' }] };
  if (!isVersion(other)) {
    throw new CaiError('USAGE', `${other} is no version.`, {
      next: 'Give the path first: cai diff PATH VERSION.',
    });
  }
  const to = { version: findVersion(other, flags.name ?? record.name).id };
  return { record, pairs: [{ path, from: { version: id }, to }] };
}

/** What gave way in the last conflict at a path, when that was settled. */
async function settledPairs(record: SessionRecord, path: Path): Promise<Pair[]> {
  const last = (await conflictsOf(record)).findLast((conflict) => conflict.path === path);
  if (last === undefined || last.settled === 'open') return [];
  return [...last.versions.local, ...last.versions.container].map((version) => ({
    path,
    from: 'local' as const,
    to: { version },
  }));
}

function pathOfVersion(record: SessionRecord, id: string): Path {
  const store = openSessionStore(record, true);
  try {
    return needVersion(store, id).path;
  } finally {
    store.close();
  }
}

function isVersion(text: string): boolean {
  return /^([A-Za-z0-9._-]+#)?\d+$/.test(text);
}

function toEnd(text: string | undefined): DiffEnd | undefined {
  if (text === undefined) return undefined;
  if (text === 'local' || text === 'container' || text === 'base') return text;
  if (/^\d+$/.test(text)) return { version: text };
  throw new CaiError('USAGE', `${text} is no end of a comparison.`, {
    next: 'Give local, container, base or the id of a version.',
  });
}
