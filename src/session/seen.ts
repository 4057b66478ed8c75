/** What a scan has to count as seen beside its rows. */
import type { Replica } from '../replica/replica.ts';
import type { Path } from '../tree/path.ts';

/**
 * What is told as an event during the scan has been seen too, and is newer than the scan. Ends with the call
 * of what it answers; two may listen at once, and end in any order.
 */
export function rememberEvents(replica: Replica, seen: Set<Path>): () => void {
  const before = replica.onEvent;
  let isOver = false;
  const listen: typeof before = (event) => {
    if (!isOver && event.type === 'changes') for (const { path } of event.changes) seen.add(path);
    before(event);
  };
  replica.onEvent = listen;
  return () => {
    isOver = true;
    if (replica.onEvent === listen) replica.onEvent = before;
  };
}
