/** Brings a file to a new content: looked at, checked, staged, announced, placed and awaited. */
import { CaiError } from '../errors.ts';
import type { Path } from '../tree/path.ts';
import { displayPath } from '../tree/path.ts';
import type { SyncOutcome } from './change.ts';
import { carry, unchanged } from './change.ts';
import type { Spot } from './disk/descend.ts';
import { withSpot } from './disk/descend.ts';
import type { WholeFile } from './disk/read.ts';
import { digestOf, readWhole, wrongKind } from './disk/read.ts';
import { writeFile } from './disk/write.ts';
import { announceParents } from './parents.ts';
import { isWellFormed } from './text.ts';
import type { ToolCall } from './tool.ts';

export interface PutFile {
  /** As the client wrote it. */
  readonly file: string;
  readonly expectedDigest?: string | undefined;
  /** Only says what would be. */
  readonly dryRun?: boolean | undefined;
  /** The new content; what is there now is read first where `needsOld`, or where a digest is expected. */
  readonly content: (old: WholeFile | undefined, path: Path) => Buffer;
  readonly needsOld: boolean;
}

export interface Put {
  readonly path: Path;
  readonly result: 'created' | 'replaced' | 'unchanged';
  readonly old: WholeFile | undefined;
  readonly bytes: Buffer;
  readonly digest: string;
  readonly sync: SyncOutcome;
}

/** Throws REFUSED, STALE, NO_MATCH and the like; then nothing has changed. */
export async function putFile(call: ToolCall, input: PutFile): Promise<Put> {
  const { workspace } = call;
  const asked = workspace.path(input.file);
  workspace.access.check(asked, 'write');
  const isDry = input.dryRun === true;
  const make = !isDry && !input.needsOld;
  if (make) await announceParents(call, asked);
  return withSpot({ root: workspace.root, path: asked, make }, async (spot) => {
    workspace.access.check(spot.path, 'write');
    const old = await readOld(call, spot, input);
    checkExpected(spot.path, old, input.expectedDigest);
    const bytes = input.content(old, spot.path);
    const digest = digestOf(bytes);
    const common = { path: spot.path, old, bytes, digest };
    if (old?.digest === digest) return { ...common, result: 'unchanged', sync: unchanged(call) };
    const result = spot.stat === undefined ? 'created' : 'replaced';
    if (isDry) return { ...common, result, sync: unchanged(call) };
    const expects = input.needsOld || input.expectedDigest !== undefined;
    const change = { path: spot.path, claims: [{ path: spot.path, digest }] };
    const isNew = expects && old === undefined;
    const expected = expects ? old?.stat : undefined;
    const { made, sync } = await carry(call, change, () =>
      writeFile({ drafts: workspace.drafts, spot, bytes, expected, isNew }),
    );
    return { ...common, result: made, sync };
  });
}

async function readOld(
  { workspace }: ToolCall,
  spot: Spot,
  { needsOld, expectedDigest }: PutFile,
): Promise<WholeFile | undefined> {
  if (spot.stat === undefined) return undefined;
  if (!spot.stat.isFile()) throw wrongKind(spot.path, spot.stat);
  try {
    return await readWhole(spot, workspace.root);
  } catch (error) {
    // Whoever replaces all of it need not have seen it.
    if (needsOld || expectedDigest !== undefined) throw error;
    return undefined;
  }
}

function checkExpected(path: Path, old: WholeFile | undefined, expected: string | undefined): void {
  if (expected === undefined || (old?.digest ?? 'none') === expected) return;
  const now = old === undefined ? 'there is nothing now' : `its digest is ${old.digest} now`;
  throw new CaiError('STALE', `${displayPath(path)} is not what was expected: ${now}.`, {
    path,
    next: 'Nothing was written. Read it again, then decide.',
  });
}

/** The bytes of a text; throws NAME for what has none. */
export function bytesOfText(text: string, path: string): Buffer {
  if (isWellFormed(text)) return Buffer.from(text, 'utf8');
  throw new CaiError('NAME', 'The content holds half of a surrogate pair, which has no UTF-8.', {
    path,
    next: 'Nothing was written. Send whole characters, or bytes with encoding "base64".',
  });
}
