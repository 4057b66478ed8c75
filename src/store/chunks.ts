/** A file as a stream of chunks; neither a link nor a pipe is taken for a file. */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { CaiError, toCaiError } from '../errors.ts';

const chunkBytes = 256 * 1024;
// Whoever can write into the directory could put a link there, or a pipe on which open() would wait.
const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

export async function* readChunks(file: string | Buffer): AsyncGenerator<Uint8Array, void> {
  const handle = await open(file, flags).catch((thrown) => {
    throw toCaiError(thrown, String(file));
  });
  try {
    if (!(await handle.stat()).isFile())
      throw new CaiError('IO', 'Not a regular file.', { path: String(file) });
    for (;;) {
      // A new buffer each time: whoever takes the chunk may keep it.
      const { bytesRead, buffer } = await handle.read(
        Buffer.allocUnsafe(chunkBytes),
        0,
        chunkBytes,
      );
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await handle.close();
  }
}
