/**
 * Forwards the user's SSH agent into a container for as long as a shell or a command runs there: keys stay
 * on the host, and nothing has to be mounted, so it works with the agent there is now and on any engine.
 */
import { spawn } from 'node:child_process';
import { connect, type Socket } from 'node:net';
import { agentPrograms } from './agent-places.ts';
import type { EngineCommand } from './engine.ts';
import { createPieceReader, pieceFrame, relaySocket } from './relay-frames.ts';

export interface SshForward {
  /** Where the agent's socket is in the container. */
  readonly path: string;
  close(): void;
}

export interface SshForwardOptions {
  readonly command: EngineCommand;
  readonly container: string;
  /** The agent's socket on the host. */
  readonly socket: string;
}

const startMs = 10_000;
/** Connections at a time; more are turned away. */
const maxConnections = 32;

/** Undefined when the container cannot do it: it is not of the agent image, or has no node. */
export function forwardSshAgent(options: SshForwardOptions): Promise<SshForward | undefined> {
  const { command, container, socket } = options;
  const [program, ...own] = command as readonly [string, ...string[]];
  const args = ['exec', '-i', container, 'node', `${agentPrograms}/ssh-relay.cjs`];
  const child = spawn(program, [...own, ...args], {
    stdio: ['pipe', 'pipe', 'ignore'],
    windowsHide: true,
    // Ctrl-C in the shell is not for this.
    detached: process.platform !== 'win32',
  });
  child.stdin.on('error', () => {});
  const connections = new Map<number, Socket>();
  const close = (): void => {
    for (const each of connections.values()) each.destroy();
    child.stdin.end();
    child.unref();
  };
  const read = createPieceReader(({ connection, bytes }) => {
    const known = connections.get(connection);
    if (bytes.length === 0) known?.end();
    else (known ?? open(connection))?.write(bytes);
  });

  function open(connection: number): Socket | undefined {
    if (connections.size >= maxConnections) {
      child.stdin.write(pieceFrame(connection));
      return undefined;
    }
    const agent = connect({ path: socket, allowHalfOpen: true });
    connections.set(connection, agent);
    agent.on('close', () => connections.delete(connection));
    relaySocket(agent, connection, (frame) => child.stdin.write(frame));
    return agent;
  }

  return new Promise((resolve) => {
    const timer = setTimeout(() => give(undefined), startMs);
    function give(path: string | undefined): void {
      clearTimeout(timer);
      if (path === undefined) close();
      resolve(path === undefined ? undefined : { path, close });
    }
    let line = Buffer.alloc(0);
    let begun = false;
    child.once('error', () => give(undefined));
    child.once('close', () => give(undefined));
    child.stdout.on('data', (bytes: Buffer) => {
      try {
        if (begun) return read(bytes);
        line = Buffer.concat([line, bytes]);
        const end = line.indexOf('\n');
        if (end < 0 && line.length < 4096) return;
        begun = true;
        give(socketPath(line.subarray(0, end).toString()));
        read(line.subarray(end + 1));
      } catch {
        give(undefined);
        close();
      }
    });
  });
}

/** What a container says is not put into an environment unseen. */
function socketPath(line: string): string | undefined {
  const { path } = JSON.parse(line) as { path?: unknown };
  return typeof path === 'string' && /^\/[\w./-]{1,200}$/.test(path) ? path : undefined;
}
