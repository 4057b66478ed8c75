/** Says what a failure to connect means, and what to do about it. Pure. */
import { CaiError, toCaiError } from '../errors.ts';
import type { TransportEnd } from './transport.ts';

export interface Target {
  readonly command: readonly string[];
  readonly container: string;
  /** Root in the container. */
  readonly path: string;
}

/** Exit codes of `exec` for a program that cannot be run, or is not there. */
const cannotRun: ReadonlySet<number | null> = new Set([126, 127]);
const noProgram = /executable file not found|OCI runtime exec failed|no such file or directory/i;
const notRunning = /is not running|no such container|is paused|container state improper/i;

export function explainFailure(thrown: unknown, target: Target): CaiError {
  const error = toCaiError(thrown);
  const { container, path, command } = target;
  const engine = command.join(' ');
  switch (error.code) {
    case 'LINK':
      return explainEnd(error, target);
    case 'ROOT':
      return new CaiError('ROOT', `In container ${container}: ${error.message}`, {
        path,
        next: `Run "${engine} exec ${container} mkdir -p ${path}", or name another directory.`,
        cause: error,
      });
    case 'PERMISSION':
      return new CaiError('PERMISSION', `In container ${container}: ${error.message}`, {
        path,
        next: `Give the container's user access, for example with "${engine} exec -u 0 ${container} chown -R USER ${path}".`,
        cause: error,
      });
    case 'TIMEOUT':
      return new CaiError('TIMEOUT', `Container ${container}: ${error.message}`, {
        next: `Look whether "${engine} exec ${container} node --version" answers.`,
        cause: error,
      });
    default:
      return error;
  }
}

/** The far side says that there is no such program, or that it cannot be run. */
export function cannotRunProgram(message: string, exitCode: number | null): boolean {
  return cannotRun.has(exitCode) || noProgram.test(message);
}

function explainEnd(error: CaiError, { command, container }: Target): CaiError {
  const end = error.cause as Partial<TransportEnd> | undefined;
  const engine = command.join(' ');
  if (notRunning.test(error.message)) {
    return new CaiError('NO_CONTAINER', `Container ${container} does not run.`, {
      next: `Run "${engine} start ${container}".`,
      cause: error,
    });
  }
  if (cannotRunProgram(error.message, end?.exitCode ?? null)) {
    return new CaiError('NO_NODE', `Container ${container} has no usable node: ${error.message}`, {
      next: 'Use an image with Node.js 18 or newer, or install it (for example "apt-get install nodejs").',
      cause: error,
    });
  }
  return error;
}
