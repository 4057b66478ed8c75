/**
 * What the replica tells by itself, on its way to the host. The host takes only so much at a time; what
 * does not fit is dropped and a scan asked for instead, so that no storm of changes fills the memory.
 */
import { isRuleFile } from '../tree/rules.ts';
import type { EventPort } from './peer.ts';
import type { Observation, ReplicaEvent } from './replica.ts';
import { cutByCost, encodeRows, rowCost } from './wire.ts';

/** Contents beyond this stay behind: the session asks for those it wants. */
const maxContents = 4 * 1024 * 1024;
const maxWaiting = 1000;
/** Beyond this a scan is as quick, and the host need not hold it all. */
const maxBatch = 100_000;

/** Returns the way into the port. */
export function createEventSender(port: EventPort): (event: ReplicaEvent) => void {
  const waiting: ReplicaEvent[] = [];
  let lost = false;

  function send(event: ReplicaEvent): void {
    const sent = event.type === 'changes' ? sendChanges(port, event.changes) : sendSmall(event);
    if (!sent) lost = true;
  }

  function sendSmall(event: ReplicaEvent): boolean {
    if (port.hasRoom(1000)) port.send(event);
    else if (waiting.length < maxWaiting) waiting.push(event);
    else return false;
    return true;
  }

  port.onRoom = () => {
    for (const event of waiting.splice(0)) sendSmall(event);
    if (!lost || !port.hasRoom(1000)) return;
    lost = false;
    port.send({ type: 'rescan-needed', reason: 'more changes at once than the link takes' });
  };
  return send;
}

/** All of it or nothing: a part of a batch would tell of half a move. */
function sendChanges(port: EventPort, changes: readonly Observation[]): boolean {
  if (changes.length > maxBatch) return false;
  const rows = withinBudget(changes);
  const cost = rows.reduce((sum, row) => sum + rowCost(row), 0);
  if (!port.hasRoom(cost)) return false;
  const parts = [...cutByCost(rows, rowCost)];
  for (const [index, part] of parts.entries()) {
    const { data, bytes } = encodeRows(part);
    port.send({ type: 'changes', changes: data, more: index < parts.length - 1 }, bytes);
  }
  return true;
}

/** Ignore files keep their contents: the session cannot judge other paths without them. */
function withinBudget(changes: readonly Observation[]): readonly Observation[] {
  let left = maxContents;
  return changes.map((change) => {
    if (change.bytes === undefined || isRuleFile(change.path)) return change;
    left -= change.bytes.length;
    return left >= 0 ? change : { path: change.path, look: change.look };
  });
}
