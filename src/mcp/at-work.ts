/**
 * Work of which nobody knows beforehand what it will write: what changes meanwhile on this side, or below a path of
 * it, is signed with the client's name. It is a lease that is renewed, so that it ends soon with a killed server.
 */
import { randomUUID } from 'node:crypto';
import type { Path } from '../tree/path.ts';
import type { ToolCall } from './tool.ts';

const leaseMs = 30_000;
const renewEvery = 10_000;
const answerMs = 5_000;

/** Everything that was written when it returns has been noticed under the name. */
export async function atWork<T>(
  { workspace: { port }, author }: ToolCall,
  path: Path,
  work: () => Promise<T>,
): Promise<T> {
  const id = randomUUID();
  const tell = async (forMs: number): Promise<void> => {
    if (!port.isUp()) return;
    const stint = { side: port.side, by: author, id, path, forMs };
    // A label that could not be put on is no reason not to work.
    await port.call('stint', stint, { timeoutMs: answerMs }).catch(() => undefined);
  };
  await port.ready();
  await tell(leaseMs);
  let renewal = Promise.resolve();
  const timer = setInterval(() => {
    renewal = tell(leaseMs);
  }, renewEvery);
  try {
    return await work();
  } finally {
    clearInterval(timer);
    // It must not come after the end.
    await renewal;
    await tell(0);
  }
}
