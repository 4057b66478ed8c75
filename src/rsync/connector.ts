/**
 * rsync reaches its other end through a command with that end on its stdin and stdout. This one is a few
 * lines of node that pass the bytes to and fro on a descriptor which the session inherited to it: no
 * port, no socket in the file system, nothing that anybody else could speak to.
 */

/** The descriptor of rsync that its command inherits. */
export const tunnelDescriptor = 3;

// First the arguments that rsync made for its other end, as a line of JSON.
const script = [
  // With this rsync ends its helpers when it fails, and it is node's sign to open a port for debuggers.
  'process.on("SIGUSR1", () => process.exit(1))',
  'const { Socket } = require("node:net")',
  `const far = new Socket({ fd: ${tunnelDescriptor}, readable: true, writable: true })`,
  'const out = new Socket({ fd: 1, readable: false, writable: true })',
  'for (const end of [far, out, process.stdin]) end.on("error", () => process.exit(1))',
  'far.write(JSON.stringify(process.argv.slice(1)) + "\\n")',
  'process.stdin.pipe(far)',
  'far.pipe(out)',
].join(';');

/** The command; rsync puts its arguments for the other end after it. */
export const connectorWords: readonly string[] = [process.execPath, '-e', script];

/** The same in the notation of rsync's -e: words at blanks, quotes doubled inside quotes. */
export function connectorCommand(): string {
  return connectorWords.map((word) => `'${word.replaceAll("'", "''")}'`).join(' ');
}

/** Splits the line of arguments off the first bytes; undefined while it is not complete. */
export function splitHead(
  bytes: Buffer,
): { readonly args: readonly string[]; readonly rest: Buffer } | undefined {
  const end = bytes.indexOf(0x0a);
  if (end < 0) return undefined;
  const argv = JSON.parse(bytes.subarray(0, end).toString()) as string[];
  return { args: argv.slice(argv.indexOf('--server')), rest: bytes.subarray(end + 1) };
}
