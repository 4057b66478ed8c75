/** Where configuration files stand: containai.toml upwards from a directory, then the user's own. */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join, resolve } from 'node:path';

export const configName = 'containai.toml';

/** The nearest containai.toml from a directory upwards. */
export function findConfig(cwd: string): string | undefined {
  for (let directory = resolve(cwd); ; directory = dirname(directory)) {
    const path = join(directory, configName);
    if (existsSync(path)) return path;
    if (dirname(directory) === directory) return undefined;
  }
}

/** $XDG_CONFIG_HOME/containai, else ~/.config/containai. */
export function userConfigDirectory(env: NodeJS.ProcessEnv = process.env): string {
  const xdg = env.XDG_CONFIG_HOME;
  // The XDG specification says that a relative value is to be ignored.
  const base = xdg && isAbsolute(xdg) ? xdg : join(env.HOME || homedir(), '.config');
  return join(base, 'containai');
}

/** The user's configuration, whether or not it exists. */
export function userConfigFile(env: NodeJS.ProcessEnv = process.env): string {
  return join(userConfigDirectory(env), 'config.toml');
}
