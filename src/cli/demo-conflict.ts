/** The demonstration's conflict: the same line, written on both sides while the session is paused. */
import type { Version } from '../store/store.ts';
import type { Stage, StepResult } from './demo-stage.ts';
import { cancellable, stepDeadlineMs } from './demo-stage.ts';

const path = 'src/config.ts';
const written = {
  local: 'export const port = 9090;\n',
  container: 'export const port = 7070;\n',
};

/** Arrives when one of the two is on both sides and the other is in the history. */
export async function conflictOnBothSides(stage: Stage): Promise<StepResult> {
  const { session, puppets } = stage;
  const title = `edit ${path} on both sides at once`;
  await session.pause();
  await cancellable(stage, puppets.local.act([{ do: 'write', path, text: written.local }]));
  await cancellable(stage, puppets.container.act([{ do: 'write', path, text: written.container }]));
  const start = performance.now();
  await session.resume();
  const version = await cancellable(stage, loser(stage, start + stepDeadlineMs));
  if (version === undefined) return { to: 'both', title, ms: null, note: 'no conflict was seen' };
  const winner = contentOf(stage, version) === written.local ? 'container' : 'local';
  const other = winner === 'local' ? 'container' : 'local';
  if (contentOf(stage, version) !== written[other])
    return { to: 'both', title, ms: null, note: 'the history has another content' };
  const sights = [{ path, is: 'file', text: written[winner] }] as const;
  const looks = await cancellable(
    stage,
    Promise.all([
      puppets.local.watchFor(sights, stepDeadlineMs),
      puppets.container.watchFor(sights, stepDeadlineMs),
    ]),
  );
  if (looks.some(({ missing }) => missing !== undefined))
    return { to: 'both', title, ms: null, note: path };
  const note = `the later edit won (${winner}); the other one is version ${version.id} in the history`;
  return { to: 'both', title, ms: performance.now() - start, note };
}

async function loser({ store, signal }: Stage, end: number): Promise<Version | undefined> {
  for (;;) {
    const found = store.history({ path }).find((version) => version.reason === 'conflict');
    if (found !== undefined || signal.aborted || performance.now() > end) return found;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

function contentOf({ store }: Stage, { entry }: Version): string | undefined {
  if (entry.kind !== 'file') return undefined;
  const bytes = store.contents.read(entry.digest);
  return bytes === undefined ? undefined : Buffer.from(bytes).toString();
}
