/** One line on a terminal's stderr that is written over as something goes on; nothing anywhere else. */
export interface ProgressLine {
  show(text: string): void;
  /** Before anything else is printed. */
  clear(): void;
}

const everyMs = 80;

export function progressLine(stream: NodeJS.WriteStream = process.stderr): ProgressLine {
  let last = 0;
  let shown = false;
  return {
    show(text) {
      const now = Date.now();
      if (!stream.isTTY || now - last < everyMs) return;
      last = now;
      shown = true;
      stream.write(`\r${text.slice(0, (stream.columns ?? 80) - 1)}\x1b[K`);
    },
    clear() {
      if (shown) stream.write('\r\x1b[K');
      shown = false;
    },
  };
}
