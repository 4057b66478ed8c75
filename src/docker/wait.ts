/** Waits for a container to run (again): as soon as the engine tells, and by asking now and then. */
import { CaiError, toCaiError } from '../errors.ts';
import { type ContainerInfo, type ContainerQuery, requireRunning } from './container.ts';
import { watchContainer } from './events.ts';

export interface WaitForRunning extends Omit<ContainerQuery, 'timeoutMs'> {
  readonly signal: AbortSignal;
  /** Milliseconds between two questions, for events that are missed. Default 5000. */
  readonly everyMs?: number;
}

/** Fails only with CANCELLED; a container or daemon that is not there may still come. */
export async function waitForRunning(options: WaitForRunning): Promise<ContainerInfo> {
  const { command, container, signal, everyMs = 5000 } = options;
  let wake: () => void = () => {};
  const onEvent = (): void => wake();
  let watch = watchContainer({ command, container, onEvent });
  signal.addEventListener('abort', onEvent);
  try {
    while (!signal.aborted) {
      const info = await askOnce(options);
      if (info !== undefined) return info;
      let ended = false;
      await new Promise<void>((resolve) => {
        wake = resolve;
        setTimeout(resolve, everyMs).unref();
        void watch.ended.then(() => {
          ended = true;
        });
      });
      // The daemon was restarted: its events ended with it.
      if (ended) watch = watchContainer({ command, container, onEvent });
    }
    throw new CaiError('CANCELLED', `Waiting for container ${container} was cancelled.`);
  } finally {
    signal.removeEventListener('abort', onEvent);
    watch.stop();
  }
}

async function askOnce(options: WaitForRunning): Promise<ContainerInfo | undefined> {
  try {
    return await requireRunning(options);
  } catch (error) {
    if (toCaiError(error).code === 'CANCELLED') throw error;
    return undefined;
  }
}
