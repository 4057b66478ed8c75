/** `cai conflicts`: every conflict that nobody has seen to, open or settled by the policy. */
import type { Command } from 'commander';
import { conflictsOf } from '../control/conflicts.ts';
import { findSession } from '../control/find.ts';
import { colors, print, printJson } from './output.ts';
import { renderConflicts } from './render-conflicts.ts';

const examples = `
A conflict is a path that both sides changed, not in the same way. Open ones wait for you (policy
"manual"); the others were settled, with what gave way in the history. All stay on the list until
\`cai resolve\`, settled ones no longer than the history.

Examples:
  $ cai conflicts                        all, oldest first
  $ cai conflicts --open                 those that wait
  $ cai conflicts web --json             as objects, see docs/json.md
  $ cai diff src/app.ts                  what the two versions are
  $ cai resolve src/app.ts --take local  settle one
`;

export function define(command: Command): void {
  command
    .argument('[NAME]', 'session')
    .option('--open', 'only those that wait for you')
    .option('--json', 'print JSON')
    .addHelpText('after', examples)
    .action(conflicts);
}

interface Flags {
  readonly open?: true;
  readonly json?: true;
}

async function conflicts(name: string | undefined, flags: Flags): Promise<void> {
  const all = await conflictsOf(findSession({ name, ended: true }));
  const shown = flags.open === true ? all.filter(({ settled }) => settled === 'open') : all;
  if (flags.json === true) return printJson(shown);
  for (const line of renderConflicts(shown, colors)) print(line);
}
