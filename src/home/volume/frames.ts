/**
 * The wire between host and helper: frames of a length, a kind and a payload. Messages are JSON, contents
 * are bytes. Neither side is trusted with lengths: a frame over the limit ends the conversation.
 */
import { CaiError } from '../../errors.ts';

export type Frame =
  | { readonly kind: 'message'; readonly value: unknown }
  | { readonly kind: 'data'; readonly bytes: Buffer };

const head = 5;
const kinds = { message: 1, data: 2 } as const;
const maxPayload = 4 * 1024 * 1024;

/** Contents are cut into pieces of this. */
export const maxData = 256 * 1024;

export function messageFrame(value: unknown): Buffer {
  return frame(kinds.message, Buffer.from(JSON.stringify(value)));
}

/** One frame for up to maxData bytes. */
export function dataFrame(bytes: Uint8Array): Buffer {
  return frame(kinds.data, bytes);
}

function frame(kind: number, payload: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(head + payload.length);
  bytes.writeUInt32BE(payload.length, 0);
  bytes[4] = kind;
  bytes.set(payload, head);
  return bytes;
}

/** The frames of a stream that is cut anywhere; what is begun when it ends is dropped. Throws PROTOCOL. */
export async function* readFrames(input: AsyncIterable<Uint8Array>): AsyncGenerator<Frame> {
  let pending: Uint8Array[] = [];
  let length = 0;
  let wanted = head;
  for await (const chunk of input) {
    pending.push(chunk);
    length += chunk.length;
    if (length < wanted) continue;
    const bytes = Buffer.concat(pending);
    let at = 0;
    wanted = head;
    while (bytes.length - at >= head) {
      const size = bytes.readUInt32BE(at);
      if (size > maxPayload) throw violation('a frame is too long');
      if (bytes.length - at < head + size) {
        wanted = head + size;
        break;
      }
      yield readFrame(bytes[at + 4], bytes.subarray(at + head, at + head + size));
      at += head + size;
    }
    pending = at === bytes.length ? [] : [bytes.subarray(at)];
    length = bytes.length - at;
  }
}

function readFrame(kind: number | undefined, payload: Buffer): Frame {
  if (kind === kinds.data) return { kind: 'data', bytes: payload };
  if (kind !== kinds.message) throw violation('a frame of no known kind');
  try {
    return { kind: 'message', value: JSON.parse(payload.toString('utf8')) };
  } catch (error) {
    throw violation('a message that is no JSON', error);
  }
}

export function violation(what: string, cause?: unknown): CaiError {
  return new CaiError('PROTOCOL', `The volume's helper broke the protocol: ${what}.`, { cause });
}
