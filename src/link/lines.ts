/** One JSON document a line: cuts a stream of bytes into lines, and never holds more than a limit. */
import { CaiError } from '../errors.ts';

const newline = 0x0a;

export interface LineDecoder {
  /** Calls back for every complete line; throws PROTOCOL when a line is longer than the limit. */
  push(chunk: Uint8Array): void;
}

export function createLineDecoder(limit: number, onLine: (line: string) => void): LineDecoder {
  let parts: Uint8Array[] = [];
  let held = 0;

  function keep(part: Uint8Array): void {
    held += part.length;
    if (held > limit) throw new CaiError('PROTOCOL', `A message is longer than ${limit} bytes.`);
    parts.push(part);
  }

  return {
    push(chunk) {
      let start = 0;
      for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
        keep(chunk.subarray(start, end));
        const line = Buffer.concat(parts).toString('utf8');
        parts = [];
        held = 0;
        start = end + 1;
        if (line.trim() !== '') onLine(line);
      }
      if (start < chunk.length) keep(chunk.subarray(start));
    },
  };
}
