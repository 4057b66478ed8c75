/**
 * A mark of all that decides what a session's process does besides its record: this program, and the
 * environment that docker, ssh and kubectl read. A process takes in only sessions of its own mark.
 */
import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { stateDirectory } from './state-dir.ts';

const names =
  /^(PATH|HOME|USER|LOGNAME|LANG|TZ|KUBECONFIG|BASE_IMAGE|SSH_AUTH_SOCK|XDG_(RUNTIME_DIR|CONFIG_HOME)|(DOCKER|CONTAINER|CONTAINERS|PODMAN|CAI|NODE|AWS|GOOGLE|CLOUDSDK|AZURE)_\w+|\w+_PROXY)$/i;

/** As it is now; a process that goes on with an older program keeps the mark that it had at its start. */
export function surroundingsMark(env: NodeJS.ProcessEnv = process.env): string {
  const relevant = Object.entries(env)
    .filter(([name]) => names.test(name) && name !== 'CAI_STATE_DIR')
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const program = [process.execPath, process.version, process.argv[1] ?? '', programTime()];
  return createHash('sha256')
    .update(JSON.stringify([stateDirectory(env), program, relevant]))
    .digest('hex');
}

function programTime(): number {
  try {
    return statSync(process.argv[1] ?? '').mtimeMs;
  } catch {
    return 0;
  }
}
