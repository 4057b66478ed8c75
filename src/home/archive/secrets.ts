/** Which files of a volume are secrets: what --no-secrets leaves out of an archive, or in it. */
import { homedir } from 'node:os';
import { secretReason } from '../import/select.ts';
import { loadManifests } from '../manifest-files.ts';

/** By the manifests, the user's own included, and by the names that secrets usually have. */
export function secretQuestion(
  home = process.env.HOME || homedir(),
): (path: string, isDirectory: boolean) => boolean {
  const secrets = loadManifests(home)
    .entries.filter(({ flags }) => flags.has('secret'))
    // In the volume they lie under their target's name.
    .map((entry) => ({ ...entry, source: entry.target }));
  return (path, isDirectory) => !isDirectory && secretReason(path, { secrets }) !== undefined;
}
