/**
 * The numbers and digests of all files in pictures, outside of the JavaScript heap: 66 bytes a file
 * instead of some 250, and nothing for the garbage collector to walk through. Blocks are never moved;
 * the slots of files that went are used again.
 */
import type { Digest } from '../tree/entry.ts';

const blockBits = 12;
const blockSlots = 1 << blockBits;
const numbersEach = 4;
const bytesEach = 34;

interface Block {
  readonly numbers: Float64Array;
  readonly bytes: Buffer;
}

const blocks: Block[] = [];
const free: number[] = [];
let used = 0;

export function takeSlot(): number {
  const slot = free.pop();
  if (slot !== undefined) return slot;
  if (used === blocks.length * blockSlots) {
    const numbers = new Float64Array(blockSlots * numbersEach);
    blocks.push({ numbers, bytes: Buffer.alloc(blockSlots * bytesEach) });
  }
  used += 1;
  return used - 1;
}

export function freeSlot(slot: number): void {
  free.push(slot);
}

/** Which number of a slot. */
export const fact = { ino: 0, ctime: 1, mtime: 2, size: 3 } as const;

export function getNumber(slot: number, which: number): number {
  return blockOf(slot).numbers[(slot & (blockSlots - 1)) * numbersEach + which] as number;
}

export function setNumber(slot: number, which: number, value: number): void {
  blockOf(slot).numbers[(slot & (blockSlots - 1)) * numbersEach + which] = value;
}

export function getDigest(slot: number): Digest {
  const at = (slot & (blockSlots - 1)) * bytesEach;
  return blockOf(slot).bytes.toString('hex', at, at + 32);
}

export function setDigest(slot: number, digest: Digest): void {
  blockOf(slot).bytes.write(digest, (slot & (blockSlots - 1)) * bytesEach, 32, 'hex');
}

/** Sixteen bits for whatever is small. */
export function getBits(slot: number): number {
  return blockOf(slot).bytes.readUInt16LE((slot & (blockSlots - 1)) * bytesEach + 32);
}

export function setBits(slot: number, bits: number): void {
  blockOf(slot).bytes.writeUInt16LE(bits, (slot & (blockSlots - 1)) * bytesEach + 32);
}

function blockOf(slot: number): Block {
  return blocks[slot >> blockBits] as Block;
}
