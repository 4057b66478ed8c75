/**
 * A change made through a tool: announced under its author's name, made, and awaited on the other side. Without a
 * session it is made all the same, and said to stay here.
 */
import * as z from 'zod';
import type { Claim, FlushResult } from '../control/api.ts';
import { toCaiError } from '../errors.ts';
import type { Path } from '../tree/path.ts';
import { isWithin, otherSide } from '../tree/path.ts';
import type { Delivered } from './delivery.ts';
import type { ToolCall } from './tool.ts';
import { sideName } from './workspace.ts';

export const syncOutcome = z
  .object({
    state: z
      .enum(['arrived', 'pending', 'stays', 'none', 'conflict', 'problem'])
      .describe(
        'arrived: it is on the other side too; pending: not yet; stays: sync leaves this path out; none: no session runs, or nothing changed',
      ),
    side: z.enum(['local', 'container']).describe('the other side'),
    ms: z.number().optional().describe('from the write here to its place there'),
    reason: z.string().optional(),
    unsigned: z
      .string()
      .optional()
      .describe(
        'why the history may not name the client for it: an undo by its name leaves it out',
      ),
  })
  .describe('what became of the change on the other side');

export type SyncOutcome = z.output<typeof syncOutcome>;

export interface Change {
  readonly path: Path;
  readonly isDirectory?: boolean;
  /** For the history. */
  readonly claims: readonly Claim[];
  /** Many paths at once: waits until everything is over there. */
  readonly whole?: boolean;
}

/** Makes a change and waits for it. What `make` throws is thrown, and nothing is waited for. */
export async function carry<T>(
  call: ToolCall,
  change: Change,
  make: () => Promise<T>,
): Promise<{ readonly made: T; readonly sync: SyncOutcome }> {
  const { port, delivery } = call.workspace;
  const side = otherSide(port.side);
  const stays = whyStays(call, change);
  await port.ready();
  if (stays !== undefined || !port.isUp()) {
    const made = await make();
    if (stays !== undefined) return { made, sync: { state: 'stays', side, reason: stays } };
    return { made, sync: { state: 'none', side, reason: 'no session is running' } };
  }
  const awaited = delivery.expect(change.path);
  try {
    const unsigned = await announce(call, change.claims);
    const made = await make();
    const delivered = await arrival(call, change, awaited);
    return { made, sync: { side, ...delivered, ...(unsigned === undefined ? {} : { unsigned }) } };
  } finally {
    awaited.cancel();
  }
}

type Awaited = ReturnType<ToolCall['workspace']['delivery']['expect']>;

async function arrival(call: ToolCall, change: Change, awaited: Awaited): Promise<Delivered> {
  const { workspace, signal } = call;
  const idle = workspace.delivery.whyIdle();
  if (idle !== undefined) return { state: 'pending', reason: idle };
  const timeoutMs = workspace.waitMs;
  if (change.whole !== true) return awaited.wait({ timeoutMs, signal });
  const start = performance.now();
  try {
    const options = { timeoutMs: timeoutMs + 1000, signal };
    const result = await workspace.port.call('flush', { timeoutMs }, options);
    const waits = whyNot(change.path, result);
    if (waits !== undefined) return waits;
    return { state: 'arrived', ms: Math.max(1, Math.round(performance.now() - start)) };
  } catch (error) {
    return { state: 'pending', reason: toCaiError(error).message };
  }
}

/** A flush is over also when something waits for a person. */
function whyNot(path: Path, { holds, problems, conflicts }: FlushResult): Delivered | undefined {
  const [hold] = holds;
  if (hold !== undefined) return { state: 'pending', reason: hold.message };
  const problem = problems.find((one) => one.path !== undefined && isWithin(path, one.path));
  if (problem !== undefined) return { state: 'problem', reason: problem.message };
  const open = conflicts.find((one) => one.settled === 'open' && isWithin(path, one.path));
  return open === undefined ? undefined : { state: 'conflict', reason: open.summary };
}

/** Says whose the next changes will be; answers with the reason when it could not be said. */
export async function announce(
  { workspace, author, signal }: ToolCall,
  claims: readonly Claim[],
): Promise<string | undefined> {
  const { port } = workspace;
  try {
    const params = { side: port.side, by: author, claims };
    await port.call('attribute', params, { signal, timeoutMs: 1000 });
    return undefined;
  } catch (error) {
    // A label that could not be put on is no reason not to work; without a session nothing has one.
    const { code, message } = toCaiError(error);
    return code === 'NO_SESSION' ? undefined : message;
  }
}

const excludedBy = {
  own: "it is one of cai's own files",
  git: 'the .git directory is not synchronised',
  secret: 'by its name it holds secrets',
  gitignore: 'a .gitignore leaves it out',
  caiignore: 'a .caiignore leaves it out',
  config: 'the configuration leaves it out',
} as const;

function whyStays({ workspace }: ToolCall, change: Change): string | undefined {
  const rules = workspace.ignoreRules();
  rules.readAbove(change.path);
  const verdict = rules.verdict(change.path, change.isDirectory ?? false);
  return verdict.excluded ? excludedBy[verdict.by] : workspace.delivery.whyOneWay();
}

/** What follows "Edited src/index.ts" in an answer. */
export function describeSync(outcome: SyncOutcome): string {
  const { unsigned } = outcome;
  return `${describeState(outcome)}${unsigned === undefined ? '' : `; the history may not name you: ${unsigned}`}`;
}

function describeState({ state, side, ms, reason }: SyncOutcome): string {
  const where = sideName(side);
  if (state === 'arrived') return `, ${where} after ${ms} ms`;
  if (state === 'pending') return `; not ${where} yet: ${reason}`;
  if (state === 'stays') return `; it stays here: ${reason}`;
  if (state === 'none') return reason === 'unchanged' ? '' : `; it stays here: ${reason}`;
  return state === 'conflict' ? `; conflict: ${reason}` : `; not ${where}: ${reason}`;
}

/** Nothing was written, so nothing is on its way. */
export function unchanged({ workspace }: ToolCall): SyncOutcome {
  return { state: 'none', side: otherSide(workspace.port.side), reason: 'unchanged' };
}
