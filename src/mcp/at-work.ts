/**
 * Work of which nobody knows beforehand what it will write: what changes meanwhile on this side, or below a path of
 * it, is signed with the client's name. It is a lease that is renewed, so that it ends soon with a killed server.
 */
import { randomUUID } from 'node:crypto';
import { toCaiError } from '../errors.ts';
import type { Path } from '../tree/path.ts';
import type { ToolCall } from './tool.ts';

const leaseMs = 30_000;
const renewEvery = 10_000;
const answerMs = 5_000;

/**
 * Everything that was written when it returns has been noticed under the name; `onUnsigned` hears why that may not
 * be so.
 */
export async function atWork<T>(
  { workspace: { port }, author }: ToolCall,
  path: Path,
  work: () => Promise<T>,
  onUnsigned: (why: string) => void = () => undefined,
): Promise<T> {
  const id = randomUUID();
  const tell = async (forMs: number): Promise<void> => {
    if (!port.isUp()) return;
    const stint = { side: port.side, by: author, id, path, forMs };
    try {
      await port.call('stint', stint, { timeoutMs: answerMs });
    } catch (error) {
      // A label that could not be put on is no reason not to work; without a session nothing has one.
      const { code, message } = toCaiError(error);
      if (code !== 'NO_SESSION') onUnsigned(message);
    }
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
