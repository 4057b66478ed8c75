/** Writes a tar archive (ustar) of files and directories as a stream, in constant memory. */
import { createReadStream, statSync } from 'node:fs';

export type TarMember =
  /** A file's content; links are followed. Stands at `path` in the archive, without a leading slash. */
  | { readonly path: string; readonly file: string; readonly mode: number }
  | { readonly path: string; readonly directory: true; readonly mode: number };

const block = 512;

/** The archive's bytes. */
export async function* tar(members: readonly TarMember[]): AsyncGenerator<Uint8Array> {
  for (const member of members) {
    if ('directory' in member) {
      yield header({ path: `${member.path}/`, mode: member.mode, size: 0, type: '5' });
      continue;
    }
    const { size } = statSync(member.file);
    yield header({ path: member.path, mode: member.mode, size, type: '0' });
    if (size > 0) yield* createReadStream(member.file, { end: size - 1 });
    yield Buffer.alloc((block - (size % block)) % block);
  }
  yield Buffer.alloc(2 * block);
}

interface Header {
  readonly path: string;
  readonly mode: number;
  readonly size: number;
  readonly type: '0' | '5';
}

function header({ path, mode, size, type }: Header): Buffer {
  const [prefix, name] = split(path);
  const bytes = Buffer.alloc(block);
  bytes.write(name, 0);
  octal(bytes, mode, 100, 8);
  octal(bytes, 0, 108, 8);
  octal(bytes, 0, 116, 8);
  octal(bytes, size, 124, 12);
  octal(bytes, 0, 136, 12);
  // The checksum counts its own field as spaces.
  bytes.write(' '.repeat(8), 148);
  bytes.write(type, 156);
  bytes.write('ustar\u000000', 257);
  bytes.write(prefix, 345);
  const sum = bytes.reduce((total, byte) => total + byte, 0);
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return bytes;
}

function octal(bytes: Buffer, value: number, at: number, width: number): void {
  bytes.write(`${value.toString(8).padStart(width - 1, '0')}\0`, at);
}

/** Names over 100 bytes are cut at a slash into a prefix of at most 155 bytes and the rest. */
function split(path: string): [prefix: string, name: string] {
  if (Buffer.byteLength(path) <= 100) return ['', path];
  for (let cut = path.indexOf('/'); cut > 0; cut = path.indexOf('/', cut + 1)) {
    const [prefix, name] = [path.slice(0, cut), path.slice(cut + 1)];
    if (Buffer.byteLength(prefix) <= 155 && Buffer.byteLength(name) <= 100 && name !== '')
      return [prefix, name];
  }
  throw new Error(`The name is too long for a tar archive: ${path}`);
}
