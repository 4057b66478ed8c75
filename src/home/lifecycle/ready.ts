/** Waits until a container of the agent image has done what it does at its start. */
import { readyLine } from '../../docker/agent-ready.ts';
import { inspectContainer } from '../../docker/container.ts';
import {
  type EngineCommand,
  type EngineOptions,
  firstLine,
  runEngine,
} from '../../docker/engine.ts';
import { CaiError } from '../../errors.ts';

export interface ReadyQuery extends EngineOptions {
  readonly command: EngineCommand;
  readonly container: string;
}

const deadlineMs = 60_000;
const pollMs = 100;

/** Throws NO_CONTAINER with its last words when it ends, TIMEOUT when it says nothing. */
export async function waitReady(query: ReadyQuery): Promise<void> {
  const { command, container, signal } = query;
  const since = await startedAt(query);
  for (const deadline = Date.now() + deadlineMs; Date.now() < deadline; ) {
    const args = ['logs', '--since', since, container];
    const { stdout, stderr } = await runEngine(command, args, { signal });
    if (stdout.split('\n').includes(readyLine)) return;
    const { running, state } = await inspectContainer(query);
    if (!running) throw ended(query, state, `${stdout}\n${stderr}`);
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
  throw new CaiError('TIMEOUT', `Container ${container} does not say that it is ready.`, {
    next: `Look at "${command.join(' ')} logs ${container}".`,
  });
}

/** What it said at earlier starts does not count. */
async function startedAt({ command, container, signal }: ReadyQuery): Promise<string> {
  const args = ['container', 'inspect', '--format', '{{.State.StartedAt}}', container];
  const { stdout } = await runEngine(command, args, { signal });
  return stdout.trim();
}

function ended({ command, container }: ReadyQuery, state: string, said: string): CaiError {
  const last = said.trim().split('\n').at(-1) ?? '';
  const words = last === '' ? '' : `: ${firstLine(last)}`;
  return new CaiError('NO_CONTAINER', `Container ${container} ended at once (${state})${words}`, {
    next: `Look at "${command.join(' ')} logs ${container}", then try \`cai run --fresh\`.`,
  });
}
