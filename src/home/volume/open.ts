/** Opens a volume; see volume.ts for what it offers. */
import { ensureAgentImage } from '../../docker/agent-image.ts';
import { agentUser } from '../../docker/agent-places.ts';
import { requireVolume } from '../../docker/volume.ts';
import { toCaiError } from '../../errors.ts';
import { checkVolumeName } from '../names.ts';
import { type Conversation, converse } from './client.ts';
import type { NewEntry, VolumeEntry } from './entry.ts';
import { violation } from './frames.ts';
import { type Helper, startHelper } from './helper.ts';
import { batch, type Recovered, type ResultList, type WireEntry } from './protocol.ts';
import type {
  ListOptions,
  OpenVolumeOptions,
  ReadEnd,
  Volume,
  VolumeItem,
  WriteRequest,
  WriteResult,
} from './types.ts';

/** Throws USAGE, NO_VOLUME, BUSY when somebody else has it, and what ensureAgentImage throws. */
export async function openVolume(options: OpenVolumeOptions): Promise<Volume> {
  const { command, name, signal, onProgress, waitMs = 30_000 } = options;
  checkVolumeName(name);
  await requireVolume({ command, volume: name, signal });
  const image = options.image ?? (await ensureAgentImage({ command, signal, onProgress }));
  let recovered: Recovered = 'nothing';
  let talk: Conversation | undefined;
  const helper = await startHelper(
    { command, volume: name, image, waitMs, signal, onProgress },
    async (started: Helper) => {
      talk = converse(started, name, signal);
      try {
        const answer = await talk.next();
        if (Buffer.isBuffer(answer) || !('ready' in answer)) throw violation('no greeting');
        recovered = answer.ready;
        return true;
      } catch (error) {
        if ((error as { code?: string }).code === 'LINK') return false;
        await started.close();
        throw error;
      }
    },
  );
  return client(name, recovered, helper, talk as Conversation);
}

function client(name: string, recovered: Recovered, helper: Helper, talk: Conversation): Volume {
  return {
    name,
    recovered,
    list: (options) => list(talk, options),
    read: (paths) => read(talk, paths),
    write: (request) => write(talk, request),
    close: () => helper.close(),
  };
}

async function list(
  talk: Conversation,
  { digests = false }: ListOptions = {},
): Promise<VolumeEntry[]> {
  await talk.send({ op: 'list', digests });
  const entries: VolumeEntry[] = [];
  for (;;) {
    const answer = await talk.next();
    if (Buffer.isBuffer(answer)) throw violation('content in a list');
    if ('entries' in answer) for (const entry of answer.entries) entries.push(entry);
    else if ('done' in answer) return entries;
  }
}

async function* read(talk: Conversation, paths: Iterable<string>): AsyncGenerator<VolumeItem> {
  for (const some of batches(paths)) {
    await talk.send({ op: 'read', paths: some });
    for (;;) {
      const answer = await talk.next();
      if (Buffer.isBuffer(answer)) throw violation('content without an entry');
      if ('done' in answer) break;
      if ('missing' in answer) yield { found: false, path: answer.missing, why: answer.why };
      if ('entry' in answer) yield* item(talk, answer.entry);
    }
  }
}

async function* item(talk: Conversation, entry: VolumeEntry): AsyncGenerator<VolumeItem> {
  if (entry.kind !== 'file') {
    yield { found: true, entry, content: nothing(), end: () => ({ digest: '', torn: false }) };
    return;
  }
  let ended: ReadEnd | undefined;
  async function* content(): AsyncGenerator<Uint8Array> {
    while (ended === undefined) {
      const answer = await talk.next();
      if (Buffer.isBuffer(answer)) yield answer;
      else if ('end' in answer) ended = answer.end;
      else throw violation('an answer within a content');
    }
  }
  const bytes = content();
  const end = (): ReadEnd => {
    if (ended === undefined) throw new Error('The content was not read to its end.');
    return ended;
  };
  yield { found: true, entry, content: bytes, end };
  // What the caller had no use for is read past.
  while (ended === undefined) await bytes.next();
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

function* batches<T>(items: Iterable<T>): Generator<T[]> {
  let some: T[] = [];
  for (const each of items) {
    some.push(each);
    if (some.length < batch) continue;
    yield some;
    some = [];
  }
  if (some.length > 0) yield some;
}

async function write(talk: Conversation, request: WriteRequest): Promise<WriteResult> {
  const result = readResult(talk);
  // Whatever the helper finds wrong while entries are sent ends the sending.
  result.catch(() => {});
  const failed = result.then(() => {
    throw violation('a result before the end');
  });
  failed.catch(() => {});
  const sent = sendAll(talk, request).catch(async (error: unknown) => {
    // What the helper said before it ended says more than that it ended.
    if (toCaiError(error).code === 'LINK') await failed;
    throw error;
  });
  sent.catch(() => {});
  await Promise.race([sent, failed]);
  return result;
}

async function sendAll(talk: Conversation, request: WriteRequest): Promise<void> {
  const { entries, remove = [], dryRun = false, onProgress } = request;
  const progress = { files: 0, bytes: 0 };
  await talk.send({ op: 'write', dryRun });
  for await (const entry of entries) {
    await talk.send({ entry: wireEntry(entry) }, 'gathered');
    progress.files += 1;
    if (entry.kind === 'file')
      for await (const bytes of entry.content()) {
        await talk.sendData(bytes);
        progress.bytes += bytes.length;
        onProgress?.({ ...progress });
      }
    onProgress?.({ ...progress });
  }
  for (const some of batches(remove)) await talk.send({ remove: some }, 'gathered');
  await talk.send({ commit: true });
}

function wireEntry(entry: NewEntry): WireEntry {
  const { kind, path, uid = agentUser.uid, gid = agentUser.gid, mtime, onlyNew } = entry;
  return {
    kind,
    path,
    uid,
    gid,
    mode: entry.kind === 'link' ? 0o777 : entry.mode,
    ...(mtime === undefined ? {} : { mtime }),
    ...(onlyNew === undefined ? {} : { onlyNew }),
    ...(entry.kind === 'file' ? { size: entry.size } : {}),
    ...(entry.kind === 'link' ? { target: entry.target } : {}),
  };
}

async function readResult(talk: Conversation): Promise<WriteResult> {
  const lists: Record<ResultList, string[]> = {
    created: [],
    updated: [],
    attributes: [],
    removed: [],
    leftDirectories: [],
  };
  for (;;) {
    const answer = await talk.next();
    if (Buffer.isBuffer(answer)) throw violation('content in a result');
    if ('part' in answer) for (const path of answer.paths) lists[answer.part]?.push(path);
    if ('done' in answer) return { ...lists, unchanged: answer.done.unchanged };
  }
}
