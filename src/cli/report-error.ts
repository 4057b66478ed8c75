/** Says what went wrong and what to do: as text on stderr, or with --json as an object on stdout. */
import { inspect } from 'node:util';
import { CaiError, toCaiError } from '../errors.ts';
import { displayPath } from '../tree/path.ts';
import { errorColors, printJson } from './output.ts';

export interface ReportOptions {
  readonly json: boolean;
  /** Set when the arguments were wrong. */
  readonly usage?: { readonly message: string; readonly command: string | undefined } | undefined;
}

/** Prints an error; returns the exit code. */
export function reportError(thrown: unknown, { json, usage }: ReportOptions): number {
  const error = usage === undefined ? toCaiError(thrown) : usageError(usage.message, usage.command);
  if (json) printJson({ error: error.toJSON() });
  else process.stderr.write(`${renderError(error, errorColors)}\n`);
  if (error.code === 'INTERNAL' && !json) process.stderr.write(`${causeOf(error)}\n`);
  return error.exitCode;
}

/** An error as text, its next step on a line of its own. */
export function renderError(error: CaiError, colors: { red(text: string): string }): string {
  const next = error.next === undefined ? '' : `\n  ${displayPath(error.next)}`;
  return `${colors.red('error')} ${displayPath(error.message)} (${error.code})${next}`;
}

function usageError(message: string, command: string | undefined): CaiError {
  const known =
    command === undefined || command.startsWith('-') || message.includes('unknown command')
      ? ''
      : ` ${command}`;
  return new CaiError('USAGE', capital(message.replace(/^error: /, '').replaceAll('\n', ' ')), {
    next: `See \`cai${known} --help\`.`,
  });
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function causeOf(error: CaiError): string {
  const cause = error.cause ?? error;
  return cause instanceof Error ? (cause.stack ?? cause.message) : inspect(cause);
}
