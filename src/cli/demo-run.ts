/** Runs the demonstration: a live session in this process, and every step timed with this process's clock. */
import { join } from 'node:path';
import { defaultOptions } from '../control/defaults.ts';
import { CaiError } from '../errors.ts';
import type { Session } from '../session/session.ts';
import { startSession } from '../session/session.ts';
import { openStore } from '../store/open.ts';
import type { Side } from '../tree/path.ts';
import { runCommand } from './demo-command.ts';
import type { Comparison } from './demo-compare.ts';
import { comparePictures } from './demo-compare.ts';
import { conflictOnBothSides } from './demo-conflict.ts';
import type { FarSide } from './demo-far.ts';
import { main, sightsOf, unsharedNames } from './demo-project.ts';
import type { Puppet, Sight } from './demo-puppet.ts';
import { localPuppet } from './demo-puppet.ts';
import type { Stage, StepResult } from './demo-stage.ts';
import { cancellable, endOf, stepDeadlineMs } from './demo-stage.ts';
import type { Step } from './demo-steps.ts';
import { repositoryDeeds, steps, switchStep } from './demo-steps.ts';

export interface DemoRun {
  readonly steps: readonly StepResult[];
  readonly comparison: Comparison;
}

export interface DemoInput {
  /** The local directory, with the project in it. */
  readonly local: string;
  readonly far: FarSide;
  /** Directory of the session's own files. */
  readonly state: string;
  readonly withGit: boolean;
  readonly signal: AbortSignal;
  readonly onStep: (result: StepResult) => void;
}

/** Runs all steps, also after one that did not arrive; fails when the session itself does. */
export async function runDemo(input: DemoInput): Promise<DemoRun> {
  const { local, far, state, signal, withGit } = input;
  const results: StepResult[] = [];
  const tell = (result: StepResult) => {
    results.push(result);
    input.onStep(result);
  };
  const { maxAgeMs: maxAge, maxBytes } = defaultOptions.history;
  const store = openStore({ directory: state, limits: { maxAge, maxBytes } });
  const puppets = { local: localPuppet(local), container: far.puppet };
  const record = {
    id: 'demo',
    name: 'demo',
    local,
    container: far.address,
    created: Date.now(),
    options: defaultOptions,
  };
  let session: Session | undefined;
  try {
    const start = performance.now();
    session = await startSession({ record, store });
    const stage: Stage = { session, store, puppets, signal, end: endOf(session, signal) };
    const whole = sightsOf(main);
    const first = await cancellable(stage, look(far.puppet, whole));
    const title = `first sync, ${whole.length} files`;
    tell({ to: 'container', title, ...outcome(start, first) });
    for (const step of steps) tell(await perform(stage, step));
    tell(await perform(stage, switchStep('local', withGit)));
    const gitThere = withGit && far.hasGit;
    if (gitThere) await far.puppet.act(repositoryDeeds(await bundle(local)));
    tell(await perform(stage, switchStep('container', gitThere)));
    tell(await conflictOnBothSides(stage));
    await cancellable(stage, session.flush({ timeoutMs: stepDeadlineMs, signal }));
    return { steps: results, comparison: await compare(puppets) };
  } finally {
    await session?.stop();
    store.close();
  }
}

async function perform(stage: Stage, { on, title, deeds, sights }: Step): Promise<StepResult> {
  const to = on === 'local' ? 'container' : 'local';
  const { puppets } = stage;
  // The eyes are open before the hands move.
  const seen = look(puppets[to], sights);
  const start = performance.now();
  await cancellable(stage, puppets[on].act(deeds));
  const done = performance.now() - start;
  const sight = await cancellable(stage, seen);
  const result = { to, title, ...outcome(start, sight) } as const;
  const isRun = deeds.some((deed) => deed.do === 'run') && result.ms !== null;
  return isRun ? { ...result, note: `git itself ran for ${Math.round(done)} ms` } : result;
}

interface Look {
  readonly missing: string | undefined;
  readonly at: number;
}

/** By this process's clock: the other side may be on another machine. */
async function look(puppet: Puppet, sights: readonly Sight[]): Promise<Look> {
  const { missing } = await puppet.watchFor(sights, stepDeadlineMs);
  return { missing, at: performance.now() };
}

function outcome(start: number, { missing, at }: Look): Pick<StepResult, 'ms' | 'note'> {
  return missing === undefined ? { ms: at - start } : { ms: null, note: missing };
}

async function bundle(local: string): Promise<Buffer> {
  const made = await runCommand('git', ['bundle', 'create', '-q', '-', '--all'], { cwd: local });
  if (!made.ok)
    throw new CaiError('IO', `git bundle failed: ${made.stderr}`, { path: join(local, '.git') });
  return made.stdout;
}

async function compare({ local, container }: Readonly<Record<Side, Puppet>>): Promise<Comparison> {
  const [here, there] = await Promise.all([
    local.picture(unsharedNames),
    // Of those names only a repository of its own may be there.
    container.picture(['.git']),
  ]);
  return comparePictures(here, there);
}
