/**
 * Room for the contents of small files, cut from large pieces of memory. A hundred thousand buffers of
 * their own would leave the process's heap in shreds that never go back to the system; a large piece
 * goes back as a whole, once none of its contents is needed any more.
 */

const slabBytes = 1024 * 1024;

let slab: Buffer | undefined;
let used = 0;

/** A copy of the bytes that lives as long as somebody holds it. */
export function copyToSlab(bytes: Uint8Array): Uint8Array {
  if (bytes.length > slabBytes / 4) return new Uint8Array(bytes);
  if (slab === undefined || used + bytes.length > slabBytes) {
    slab = Buffer.allocUnsafeSlow(slabBytes);
    used = 0;
  }
  slab.set(bytes, used);
  used += bytes.length;
  return slab.subarray(used - bytes.length, used);
}
