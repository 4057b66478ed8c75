/** The directory in which this program remembers things on this machine. */
import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';

/** $CAI_STATE_DIR, else $XDG_STATE_HOME/cai, else ~/.local/state/cai; made absolute. */
export function stateDirectory(env: NodeJS.ProcessEnv = process.env): string {
  if (env.CAI_STATE_DIR) return resolve(env.CAI_STATE_DIR);
  // The XDG specification says that a relative value is to be ignored.
  const xdg = env.XDG_STATE_HOME;
  if (xdg && isAbsolute(xdg)) return join(xdg, 'cai');
  return join(homedir(), '.local', 'state', 'cai');
}
