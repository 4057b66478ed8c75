/** Writes a version to a place outside of the session, where no history catches what is overwritten. */
import { randomBytes } from 'node:crypto';
import { link, mkdir, open, rename, rm, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CaiError, toCaiError } from '../errors.ts';
import type { Store } from '../store/store.ts';
import type { RestoreResult } from './api.ts';
import { needVersion, versionContent } from './version-content.ts';

export interface OutsideInput {
  readonly store: Pick<Store, 'version' | 'contents'>;
  readonly version: string;
  /** Absolute. */
  readonly to: string;
  /** Overwrite a file. */
  readonly force: boolean;
}

/** Throws IO when something stands there already and `force` is not set. */
export async function restoreOutside({
  store,
  version: id,
  to,
  force,
}: OutsideInput): Promise<RestoreResult> {
  const version = needVersion(store, id);
  const { entry } = version;
  const done: RestoreResult = { id: version.id, path: to, kind: entry.kind };
  const draft = join(dirname(to), `.cai-restore-${randomBytes(6).toString('hex')}`);
  try {
    await mkdir(entry.kind === 'directory' ? to : dirname(to), { recursive: true });
    if (entry.kind === 'directory') return done;
    if (entry.kind === 'link') await symlink(entry.target, draft);
    else {
      const file = await open(draft, 'wx', entry.mode & 0o777);
      try {
        for await (const chunk of versionContent(store, version)) await file.writeFile(chunk);
      } finally {
        await file.close();
      }
    }
    await (force ? rename(draft, to) : link(draft, to));
    return done;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') {
      throw new CaiError('IO', `${to} is there already.`, {
        path: to,
        next: 'Overwrite it with --force, or choose another --to.',
      });
    }
    throw toCaiError(error, to);
  } finally {
    await rm(draft, { force: true });
  }
}
