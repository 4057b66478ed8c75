/** Where configuration files stand: containai.toml upwards from a directory. */
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

export const configName = 'containai.toml';

/** The nearest containai.toml from a directory upwards. */
export function findConfig(cwd: string): string | undefined {
  for (let directory = resolve(cwd); ; directory = dirname(directory)) {
    const path = join(directory, configName);
    if (existsSync(path)) return path;
    if (dirname(directory) === directory) return undefined;
  }
}
