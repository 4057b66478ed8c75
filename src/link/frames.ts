/**
 * Frames: how messages stand in a stream of bytes. Pure. A frame is
 * u32 length of the rest · u32 length of the JSON · u32 number · JSON · binary part (big-endian).
 * Memory is bounded by the limits whatever arrives: a frame over them is refused by its header. Frames
 * are numbered from 0 on, so that one that is missing, repeated or out of order is noticed.
 */
import { CaiError } from '../errors.ts';
import { violation } from '../replica/violation.ts';

export const maxFrameBytes = 8 * 1024 * 1024;
/** A little more than is ever sent at once: as objects it takes a hundred times the memory. */
export const maxJsonBytes = 1.25 * 1024 * 1024;

export interface Frame {
  /** Parsed, not validated. */
  readonly json: unknown;
  readonly bytes: Uint8Array;
  /** Bytes of the whole frame. */
  readonly size: number;
}

const none = new Uint8Array(0);
const headBytes = 12;
const numberAt = 8;

/** The pieces of a frame, to be numbered and written one after the other; the binary part is not copied. */
export function encodeFrame(json: unknown, bytes: Uint8Array = none): readonly Uint8Array[] {
  const text = JSON.stringify(json);
  const length = Buffer.byteLength(text);
  const total = headBytes - 4 + length + bytes.length;
  if (length > maxJsonBytes || total > maxFrameBytes) {
    throw new CaiError('INTERNAL', `A message is too large to send (${total} bytes).`);
  }
  const head = Buffer.allocUnsafe(headBytes + length);
  head.writeUInt32BE(total, 0);
  head.writeUInt32BE(length, 4);
  head.writeUInt32BE(0, numberAt);
  head.write(text, headBytes, 'utf8');
  return bytes.length === 0 ? [head] : [head, bytes];
}

/** Gives a frame its number, right before it is written: until then others may go first. */
export function numberFrame(pieces: readonly Uint8Array[], number: number): void {
  const [head] = pieces as readonly [Uint8Array];
  new DataView(head.buffer, head.byteOffset).setUint32(numberAt, number);
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
  let expected = 0;

  function read(frame: Buffer): Frame {
    const number = frame.readUInt32BE(numberAt);
    if (number !== expected) throw violation(`frame ${number} in place of ${expected}`);
    expected = (expected + 1) >>> 0;
    return readFrame(frame);
  }

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
          frames.push(read(held));
          filled = 0;
        }
      }
      while (data.length > 0) {
        const wanted = wantedFor(data);
        if (wanted > data.length) {
          hold(data, wanted);
          break;
        }
        frames.push(read(data.subarray(0, wanted)));
        data = data.subarray(wanted);
      }
      return frames;
    },
  };
}

/** Bytes that are needed to go on: a header, or the frame that it announces. */
function wantedFor(data: Buffer): number {
  if (data.length < headBytes) return headBytes;
  const total = data.readUInt32BE(0);
  const json = data.readUInt32BE(4);
  if (total > maxFrameBytes) throw violation(`a frame of ${total} bytes`);
  if (json > maxJsonBytes) throw violation(`a message of ${json} bytes`);
  if (json + headBytes - 4 > total) throw violation('a message that is longer than its frame');
  return 4 + total;
}

function readFrame(frame: Buffer): Frame {
  const end = headBytes + frame.readUInt32BE(4);
  const part = frame.subarray(end);
  // A view keeps its whole frame alive: few bytes beside much JSON are copied out.
  const bytes = part.length * 2 < frame.length ? Uint8Array.from(part) : part;
  try {
    return { json: JSON.parse(frame.toString('utf8', headBytes, end)), bytes, size: frame.length };
  } catch {
    throw violation('a message that is not JSON');
  }
}
