/** `cai resolve`: settles conflicts, open ones and those that the policy settled already. */
import { resolve as resolvePath } from 'node:path';
import type { Command } from 'commander';
import { Option } from 'commander';
import type { ConflictInfo, ResolveRequest, SessionRecord, Take } from '../control/api.ts';
import { callSession } from '../control/client.ts';
import { type Chosen, chooseConflicts, conflictsOf } from '../control/conflicts.ts';
import { findSession } from '../control/find.ts';
import { CaiError, type ErrorJson, exitCodes } from '../errors.ts';
import { pathInRoot } from './local-path.ts';
import { note, print, printJson } from './output.ts';
import { renderResolved } from './render-conflicts.ts';

const examples = `
PATH is a file, a directory (all conflicts below it), or a pattern in quotes. The choice is written to
both sides; what it displaces is in the history, so that it can be undone. It works for open
conflicts and for those that the policy settled: then the version that gave way comes back.

  --take local, container  that side's version
  --take newest            the version that was written last
  --take both              one stays, the other is written beside it: app.container.ts
  --take kept              what stands there now stays; the conflict only goes from the list

Examples:
  $ cai resolve src/app.ts --take container
  $ cai resolve 'src/**/*.ts' package.json --take local
  $ cai resolve notes.md --file /tmp/merged.md
  $ cai resolve --all --take kept
`;

interface Flags {
  readonly take?: Take;
  readonly file?: string;
  readonly all?: true;
  readonly name?: string;
  readonly json?: true;
}

/** Large files take their time. */
const timeoutMs = 10 * 60_000;

export function define(command: Command): void {
  command
    .argument('[PATH...]', 'files, directories or patterns')
    .addOption(
      new Option('--take <what>', 'which version').choices([
        'local',
        'container',
        'newest',
        'both',
        'kept',
      ]),
    )
    .option('--file <file>', "settle it with a file's content")
    .option('--all', 'all conflicts')
    .option('--name <name>', 'session')
    .option('--json', 'print JSON')
    .addHelpText('after', examples)
    .action(resolve);
}

async function resolve(paths: readonly string[], flags: Flags): Promise<void> {
  checkArguments(paths, flags);
  const record = findSession({ name: flags.name });
  const all = await conflictsOf(record);
  const cwd = process.cwd();
  const found =
    flags.all === true
      ? all
      : chooseConflicts(
          all,
          paths.map((typed) => chosen(record, typed, { all, cwd })),
        );
  const result = await callSession(record, 'resolve', toRequest(found, flags, cwd), { timeoutMs });
  const [failure] = result.failed;
  if (failure !== undefined) process.exitCode = exitCodes[failure.error.code];
  if (flags.json === true) return printJson(result);
  for (const line of renderResolved(result)) print(line);
  for (const { error } of result.failed) note(failureLine(error));
}

function checkArguments(paths: readonly string[], { take, file, all }: Flags): void {
  const next = 'See `cai resolve --help`.';
  if ((take === undefined) === (file === undefined))
    throw new CaiError('USAGE', 'Give either --take or --file.', { next });
  if ((paths.length === 0) !== (all === true))
    throw new CaiError('USAGE', 'Give paths, or --all.', { next });
}

/** A path as it stands, when it names a conflict; else a pattern when it looks like one. */
function chosen(
  record: SessionRecord,
  typed: string,
  { all, cwd }: { readonly all: readonly ConflictInfo[]; readonly cwd: string },
): Chosen {
  const path = pathInRoot(record.local, typed, cwd);
  const isPattern = /[*?[]/.test(typed);
  if (!isPattern || all.some((conflict) => conflict.path === path)) return { path };
  if (!typed.includes('/')) return { pattern: typed };
  return { pattern: `/${path}` };
}

function toRequest(
  found: readonly ConflictInfo[],
  { take, file }: Flags,
  cwd: string,
): ResolveRequest {
  const conflicts = found.map(({ id }) => id);
  if (take !== undefined) return { conflicts, take };
  return { conflicts, file: resolvePath(cwd, file ?? '') };
}

function failureLine({ message, next }: ErrorJson): string {
  return next === undefined ? message : `${message} ${next}`;
}
