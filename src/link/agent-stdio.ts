/**
 * The agent's transport: its own stdin and stdout. Stdout is the wire, so whatever else wants to print
 * goes to stderr.
 */
import { Console } from 'node:console';
import { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import type { Transport, TransportEnd } from './transport.ts';

export function openStdio(): Transport {
  const output = openOutput();
  const { stdin } = process;
  const ended = new Promise<TransportEnd>((resolve) => {
    const end = (): void => resolve({ reason: 'the host went away', exitCode: null });
    for (const event of ['end', 'close', 'error']) stdin.once(event, end);
    for (const event of ['close', 'error']) output.once(event, end);
  });
  return {
    name: 'stdio',
    input: stdin,
    output,
    ended,
    errorTail: () => '',
    async close() {
      stdin.destroy();
      await ended;
    },
  };
}

/**
 * `process.stdout` on a pipe writes synchronously: a slow reader would stop the whole agent. A socket
 * on the same descriptor does not.
 */
function openOutput(): Writable {
  let output: Writable;
  try {
    output = new Socket({ fd: 1, readable: false, writable: true });
  } catch {
    // Stdout is a file or a terminal.
    output = process.stdout;
  }
  if (output !== process.stdout) process.stdout.write = process.stderr.write.bind(process.stderr);
  globalThis.console = new Console(process.stderr, process.stderr);
  return output;
}
