/** An event as one line of text. Pure. */
import type { SessionEvent, Transfer } from '../control/api.ts';
import type { Side } from '../tree/path.ts';
import { displayPath } from '../tree/path.ts';
import { bytes, count, duration } from './format.ts';
import type { Colors } from './output.ts';
import { renderConflict, renderHold, renderProblem } from './render-attention.ts';

/** The way a change went: to the container, or from it. */
export function arrow(to: Side): string {
  return to === 'container' ? '→' : '←';
}

/** A transfer: direction, path, what was done, how long it took. */
export function renderTransfer(transfer: Transfer, colors: Colors): string {
  const size = transfer.size === undefined ? '' : `, ${bytes(transfer.size)}`;
  const detail = `${transfer.action}${size}, ${duration(transfer.ms)}`;
  return `${colors.cyan(arrow(transfer.to))} ${displayPath(transfer.path)}  ${colors.dim(detail)}`;
}

function resolvedHow(how: (SessionEvent & { type: 'resolved' })['how']): string {
  if (how === 'gone') return 'both sides are the same by now';
  if (how === 'kept') return 'kept as it is';
  return how === 'file' ? 'a given file was taken' : `${how} was taken`;
}

/** The line of an event; undefined for what is not told line by line. */
export function renderEvent(event: SessionEvent, colors: Colors): string | undefined {
  switch (event.type) {
    case 'ready':
      return `${colors.green('ready')}  ${count(event.files, 'file')}, ${bytes(event.bytes)}, in ${duration(event.ms)}`;
    case 'state':
      return `${colors.bold(event.state)}${event.detail === undefined ? '' : `  ${displayPath(event.detail)}`}`;
    case 'transfer':
      return renderTransfer(event.transfer, colors);
    case 'batch':
      return `${colors.cyan(arrow(event.to))} ${count(event.files, 'change')}, ${bytes(event.bytes)}, ${duration(event.ms)}`;
    case 'conflict':
      return renderConflict(event.conflict, colors);
    case 'resolved':
      return `${colors.green('resolved')}  ${displayPath(event.conflict.path)}: ${resolvedHow(event.how)}`;
    case 'restored':
      return `${colors.yellow('restored')}  ${event.paths.map(displayPath).join(', ')}: removed ${event.side === 'local' ? 'locally' : 'in the container'}, but changed on the other side`;
    case 'problem':
      return renderProblem(event.problem, colors);
    case 'solved':
      return `${colors.green('solved')}  ${event.problem.path === undefined ? '' : `${displayPath(event.problem.path)}  `}${displayPath(event.problem.message)}`;
    case 'hold':
      return renderHold(event.hold, colors);
    case 'released':
      return `${colors.green('released')}  ${event.how}: ${displayPath(event.hold.message)}`;
    case 'notice':
      return `${colors.dim('notice')}  ${displayPath(event.message)}`;
    case 'version':
    case 'progress':
      return undefined;
  }
}
