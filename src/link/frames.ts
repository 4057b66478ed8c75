/**
 * Frames: how messages stand in a stream of bytes. Pure. A frame is
 * u32 length of the rest · u32 length of the JSON · JSON · binary part (big-endian).
 * Memory is bounded by the limits whatever arrives: a frame over them is refused by its header.
 */
import { CaiError } from '../errors.ts';
import { violation } from '../replica/violation.ts';

export const maxFrameBytes = 8 * 1024 * 1024;
export const maxJsonBytes = 4 * 1024 * 1024;

export interface Frame {
  /** Parsed, not validated. */
  readonly json: unknown;
  readonly bytes: Uint8Array;
  /** Bytes of the whole frame. */
  readonly size: number;
}

const none = new Uint8Array(0);

/** The pieces of a frame, to be written one after the other; the binary part is not copied. */
export function encodeFrame(json: unknown, bytes: Uint8Array = none): readonly Uint8Array[] {
  const text = JSON.stringify(json);
  const length = Buffer.byteLength(text);
  const total = 4 + length + bytes.length;
  if (length > maxJsonBytes || total > maxFrameBytes) {
    throw new CaiError('INTERNAL', `A message is too large to send (${total} bytes).`);
  }
  const head = Buffer.allocUnsafe(8 + length);
  head.writeUInt32BE(total, 0);
  head.writeUInt32BE(length, 4);
  head.write(text, 8, 'utf8');
  return bytes.length === 0 ? [head] : [head, bytes];
}

export interface FrameDecoder {
  /** Takes the next bytes, cut anywhere; returns the frames that are complete. Throws PROTOCOL. */
  push(bytes: Uint8Array): readonly Frame[];
  /** Bytes that wait for the rest of their frame. */
  readonly pending: number;
}

export function createFrameDecoder(): FrameDecoder {
  // An incomplete frame is gathered in a buffer of its final size, so that a far side that sends
  // single bytes costs no more memory than one that sends whole frames.
  let held = Buffer.alloc(0);
  let filled = 0;

  /** Moves what the held frame still needs out of `data`; returns the rest. */
  function gather(data: Buffer): Buffer {
    const part = data.subarray(0, held.length - filled);
    part.copy(held, filled);
    filled += part.length;
    return data.subarray(part.length);
  }

  function hold(data: Buffer, wanted: number): void {
    held = Buffer.allocUnsafe(wanted);
    filled = data.copy(held);
  }

  return {
    get pending() {
      return filled;
    },
    push(bytes) {
      const frames: Frame[] = [];
      let data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
      while (filled > 0 && data.length > 0) {
        data = gather(data);
        if (filled < held.length) return frames;
        const wanted = wantedFor(held);
        if (wanted > filled) hold(held, wanted);
        else {
          frames.push(readFrame(held));
          filled = 0;
        }
      }
      while (data.length > 0) {
        const wanted = wantedFor(data);
        if (wanted > data.length) {
          hold(data, wanted);
          break;
        }
        frames.push(readFrame(data.subarray(0, wanted)));
        data = data.subarray(wanted);
      }
      return frames;
    },
  };
}

/** Bytes that are needed to go on: a header, or the frame that it announces. */
function wantedFor(data: Buffer): number {
  if (data.length < 8) return 8;
  const total = data.readUInt32BE(0);
  const json = data.readUInt32BE(4);
  if (total > maxFrameBytes) throw violation(`a frame of ${total} bytes`);
  if (json > maxJsonBytes) throw violation(`a message of ${json} bytes`);
  if (json + 4 > total) throw violation('a message that is longer than its frame');
  return 4 + total;
}

function readFrame(frame: Buffer): Frame {
  const end = 8 + frame.readUInt32BE(4);
  const part = frame.subarray(end);
  // A view keeps its whole frame alive: few bytes beside much JSON are copied out.
  const bytes = part.length * 2 < frame.length ? Uint8Array.from(part) : part;
  try {
    return { json: JSON.parse(frame.toString('utf8', 8, end)), bytes, size: frame.length };
  } catch {
    throw violation('a message that is not JSON');
  }
}
