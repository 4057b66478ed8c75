/**
 * The agent: the program at the far end of a link. It is bundled into one file and evaluated by the
 * boot script; it serves one replica until the host goes away.
 *
 * What the host has not fetched from the kept files survives: the staging area is left for the next
 * agent to recover then (invariant 1).
 */
import { serveReplica } from '../replica/agent-calls.ts';
import { createEventSender } from '../replica/agent-events.ts';
import { openDiskReplica } from '../replica/disk.ts';
import type { Replica } from '../replica/replica.ts';
import { rsyncPort } from '../rsync/port.ts';
import { findRoot } from './agent-root.ts';
import { openStdio } from './agent-stdio.ts';
import type { Connection } from './connection.ts';
import { acceptLink } from './handshake.ts';
import { checkHello } from './hello.ts';
import { Server } from './server.ts';
import { UpcallAgent } from './upcall-agent.ts';

/** Set by the boot script: bytes behind the agent's text. */
declare const leftover: Uint8Array;

interface Serving {
  readonly replica: Replica;
  readonly keeps: () => boolean;
  readonly upcalls: UpcallAgent;
}

/** Milliseconds that cleaning up may take before the process ends anyway. */
const cleanMs = 3000;

let serving: Serving | undefined;

const link = acceptLink({ transport: openStdio(), leftover, onHello: serve });
void link.closed.then(end);

async function serve(data: unknown, connection: Connection): Promise<unknown> {
  const { root, base, options, create } = checkHello(data);
  const replica = await openDiskReplica({
    root: findRoot({ root, base, create }),
    resolved: base !== undefined,
    side: 'container',
    options,
    rsync: rsyncPort,
  });
  const { handlers, keeps } = serveReplica(replica);
  const upcalls = new UpcallAgent(connection);
  serving = { replica, keeps, upcalls };
  const open = () => upcalls.open(replica.info.root);
  const server = new Server(connection, { ...handlers, upcalls: open });
  server.onReply = (reply, bytes) => upcalls.take(reply, bytes);
  replica.onEvent = createEventSender(server.events);
  void replica.closed.then((error) => connection.fail(error));
  const { info } = replica;
  return base === undefined ? info : { ...info, root: info.root.slice(base.length) };
}

async function end(): Promise<void> {
  setTimeout(() => process.exit(0), cleanMs);
  serving?.upcalls.close();
  if (serving !== undefined && !serving.keeps()) await serving.replica.close();
  process.exit(0);
}
