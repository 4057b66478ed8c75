/** The rsync of this side: over the root, into an intake, or over one file that was put aside. */
import { CaiError } from '../errors.ts';
import type { Area } from './area.ts';
import type { Disk } from './disk-path.ts';
import type { Intakes } from './intake.ts';
import type { KeptFiles } from './kept.ts';
import type { RsyncCall, RsyncFound, RsyncPort } from './replica.ts';

export interface RsyncService {
  /** What there is; looked for once. */
  found(): Promise<RsyncFound>;
  /** The bytes that rsync says to those of its client. Fails (IO) where there is no rsync. */
  serve(
    call: RsyncCall,
    input: AsyncIterable<Uint8Array>,
    signal?: AbortSignal,
  ): AsyncGenerator<Uint8Array, void, undefined>;
}

interface Parts {
  /** Without it there is no rsync here. */
  readonly port: RsyncPort | undefined;
  readonly disk: Disk;
  readonly area: Area;
  readonly kept: KeptFiles;
  readonly intakes: Intakes;
}

const noRsync = { ok: false, why: 'rsync is not used here' } as const;

export function createRsyncService(parts: Parts): RsyncService {
  const { port, disk, intakes } = parts;
  const { root } = disk;
  let looked: Promise<RsyncFound> | undefined;
  return {
    found() {
      looked ??= port?.find() ?? Promise.resolve(noRsync);
      return looked;
    },
    async *serve({ args, intake, kept }, input, signal) {
      if (port === undefined) throw new CaiError('IO', noRsync.why);
      const over = (directory: string, until = signal) =>
        port.serve({ args, directory, root, signal: until }, input);
      if (kept !== undefined) yield* exposed(parts, kept, over);
      else if (intake === undefined) yield* over(root);
      else {
        const use = intakes.use(intake, signal);
        try {
          yield* over(use.root, use.signal);
        } finally {
          use.done();
        }
      }
    },
  };
}

/** A kept file stands in a directory of its own, under its path, while it is sent. */
async function* exposed(
  { area, kept, disk }: Parts,
  id: string,
  send: (directory: string) => AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const directory = `${area.open()}/${area.next('new')}`;
  disk.fs.mkdirSync(directory, { mode: 0o700 });
  try {
    kept.expose(id, directory);
    yield* send(directory);
  } finally {
    disk.fs.rmSync(directory, { recursive: true, force: true });
  }
}
