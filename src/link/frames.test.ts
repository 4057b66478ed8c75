import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  createFrameDecoder,
  encodeFrame,
  maxFrameBytes,
  maxJsonBytes,
  numberFrame,
} from './frames.ts';

function cut(bytes: Uint8Array, at: readonly number[]): Uint8Array[] {
  const ends = [...new Set(at.map((n) => n % (bytes.length + 1)))].sort((a, b) => a - b);
  return [...ends, bytes.length].map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end));
}

function numbered(json: unknown, bytes: Uint8Array | undefined, number: number): Buffer {
  const pieces = encodeFrame(json, bytes);
  numberFrame(pieces, number);
  return Buffer.concat(pieces);
}

describe('frames', () => {
  it('come out as they went in, wherever the stream is cut', () => {
    const message = fc.tuple(fc.jsonValue(), fc.uint8Array({ maxLength: 300 }));
    fc.assert(
      fc.property(fc.array(message), fc.array(fc.nat()), (messages, cuts) => {
        const wire = Buffer.concat(messages.map(([json, bytes], n) => numbered(json, bytes, n)));
        const decoder = createFrameDecoder();
        const frames = cut(wire, cuts).flatMap((part) => decoder.push(part));
        expect(frames.map((f) => [JSON.stringify(f.json), [...f.bytes]])).toEqual(
          messages.map(([json, bytes]) => [JSON.stringify(json), [...bytes]]),
        );
        expect(decoder.pending).toBe(0);
      }),
    );
  });

  it('carry names that are not UTF-8', () => {
    const json = { path: 'a\udcff/\udc80b' };
    const [frame] = createFrameDecoder().push(Buffer.concat(encodeFrame(json)));
    expect(frame?.json).toEqual(json);
  });

  it.each([
    ['too long a frame', [maxFrameBytes + 1, 10]],
    ['too long a message', [maxFrameBytes, maxJsonBytes + 1]],
    ['a message longer than its frame', [14, 7]],
    ['no room for the header', [3, 0]],
  ])('refuse %s by its header alone', (_name, [total, json]) => {
    const head = Buffer.alloc(12);
    head.writeUInt32BE(total as number, 0);
    head.writeUInt32BE(json as number, 4);
    expect(() => createFrameDecoder().push(head)).toThrow(
      expect.objectContaining({ code: 'PROTOCOL' }),
    );
  });

  it.each([
    ['missing', [0, 2]],
    ['repeated', [0, 0]],
    ['out of order', [1, 0]],
  ])('are refused when one is %s', (_name, numbers) => {
    const wire = Buffer.concat(numbers.map((number) => numbered('x', undefined, number)));
    expect(() => createFrameDecoder().push(wire)).toThrow(
      expect.objectContaining({ code: 'PROTOCOL' }),
    );
  });

  it('never throw anything but PROTOCOL on noise, and hold no more than a frame', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 64 })), (parts) => {
        const decoder = createFrameDecoder();
        try {
          for (const part of parts) decoder.push(part);
        } catch (error) {
          expect(error).toMatchObject({ code: 'PROTOCOL' });
        }
        expect(decoder.pending).toBeLessThanOrEqual(maxFrameBytes + 4);
      }),
    );
  });

  it('are not sent over the limits', () => {
    expect(() => encodeFrame('', new Uint8Array(maxFrameBytes))).toThrow('too large');
  });
});
