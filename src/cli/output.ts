/** Where output goes: results to stdout, all else to stderr; colour only on a terminal. */
import picocolors from 'picocolors';

type Stream = NodeJS.WriteStream & { readonly fd: number };
export type Colors = ReturnType<typeof picocolors.createColors>;

function useColor(stream: Stream): boolean {
  const { NO_COLOR, TERM } = process.env;
  return stream.isTTY === true && !NO_COLOR && TERM !== 'dumb';
}

export const colors: Colors = picocolors.createColors(useColor(process.stdout));
export const errorColors: Colors = picocolors.createColors(useColor(process.stderr));
/** For tests, and wherever text is not for a terminal. */
export const plainColors: Colors = picocolors.createColors(false);

/** A line of a result. */
export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** A line for people that is no result. */
export function note(line: string): void {
  process.stderr.write(`${line}\n`);
}

const warned = new Set<string>();

/** What was left out, or could not be done, and does not stop the command. Said once, though found twice. */
export function warn(text: string): void {
  if (warned.has(text)) return;
  warned.add(text);
  note(`${errorColors.yellow('warning')} ${text}`);
}

/** The documented object of a command (docs/json.md), and nothing else. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}

/** One object a line, for streams. */
export function printJsonLine(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}
