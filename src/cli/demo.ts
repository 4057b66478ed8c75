/**
 * `cai demo`: a small real project, kept the same in a directory and a container before one's eyes.
 * Whatever it makes it removes again, also when it is interrupted or fails.
 */
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { CaiError, exitCodes } from '../errors.ts';
import { runCommand } from './demo-command.ts';
import type { FarSide } from './demo-far.ts';
import { openFarSide } from './demo-far.ts';
import { makeProject, unsharedNames } from './demo-project.ts';
import { renderStep, renderSummary, summarise } from './demo-render.ts';
import { runDemo } from './demo-run.ts';
import { colors, note, print, printJson } from './output.ts';

const examples = `
Makes a small project in a temporary directory, keeps it the same in a container (without Docker: in
a second directory), changes things on both sides and shows how long each takes to arrive. Removes
everything at the end. $BASE_IMAGE names the image to use. Exits with 9 when something did not arrive.

Examples:
  $ cai demo
  $ cai demo --keep     leaves the directories and the container for a closer look
`;

interface Flags {
  readonly keep?: true;
  readonly json?: true;
  /** False with --no-container. */
  readonly container: boolean;
}

export function define(command: Command): void {
  command
    .option('--keep', 'leave the directories and the container')
    .option('--no-container', 'between two local directories')
    .option('--json', 'print JSON')
    .addHelpText('after', examples)
    .action(demo);
}

async function demo(flags: Flags): Promise<void> {
  const abort = new AbortController();
  const cancel = () => abort.abort(new CaiError('CANCELLED', 'Cancelled.'));
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, cancel);
  const top = realpathSync(mkdtempSync(join(tmpdir(), 'cai-demo-')));
  try {
    await show(top, flags, abort.signal);
  } catch (error) {
    abort.signal.throwIfAborted();
    throw error;
  } finally {
    if (flags.keep !== true) rmSync(top, { recursive: true, force: true, maxRetries: 3 });
    for (const signal of signals) process.off(signal, cancel);
    // What a library left open must not keep the process.
    setTimeout(() => process.exit(), 2000).unref();
  }
}

async function show(top: string, flags: Flags, signal: AbortSignal): Promise<void> {
  const keep = flags.keep === true;
  const say = flags.json === true ? note : print;
  const local = join(top, 'project');
  const withGit = (await runCommand('git', ['--version'], { signal })).ok;
  await makeProject(local, withGit);
  const options = { top, keep, signal, say, withoutContainer: !flags.container };
  const far = await openFarSide(options);
  try {
    if (flags.json !== true) introduce(local, far, withGit);
    const run = await runDemo({
      local,
      far,
      withGit,
      signal,
      state: join(top, 'state'),
      onStep: (step) => {
        if (flags.json !== true) print(renderStep(step, colors));
      },
    });
    const summary = summarise(run.steps);
    const isGood = summary.missed === 0 && run.comparison.differences.length === 0;
    if (!isGood) process.exitCode = exitCodes.UNSETTLED;
    if (flags.json === true) {
      const { form, address, remark } = far;
      printJson({ ok: isGood, form, local, container: address, remark, ...run, summary });
      return;
    }
    print('');
    for (const line of renderSummary(summary, run.comparison, colors)) print(line);
    print(`left out: ${unsharedNames.join(', ')} (repository, .gitignore, secret)`);
    conclude({ keep, local, far });
  } finally {
    await far.close({ keep });
  }
}

function introduce(local: string, far: FarSide, withGit: boolean): void {
  print(colors.bold('A small project, kept the same on two sides while both change.'));
  print(`  local      ${local}`);
  print(`  container  ${far.address} (${far.remark})`);
  if (!withGit) print('  git is not installed: file operations stand for its checkouts');
  else if (!far.hasGit)
    print('  no git in the container: file operations stand for its checkout there');
  print('');
}

interface Ending {
  readonly keep: boolean;
  readonly local: string;
  readonly far: FarSide;
}

function conclude({ keep, local, far }: Ending): void {
  const cai = process.env.npm_lifecycle_event === 'start' ? 'npm start --' : 'cai';
  if (keep) print(`kept: ${local} and ${far.address}; the session has ended`);
  print('');
  print(`Your own project:  ${cai} watch -d ./my-project my-container:/workspace`);
  print(`What is going on:  ${cai} status    ${cai} history    ${cai} --help`);
}
