/** Draws lines in place on a terminal; close() leaves the cursor below them, and visible. */
export interface Screen {
  draw(lines: readonly string[]): void;
  close(): void;
}

type Terminal = Pick<NodeJS.WriteStream, 'write'>;

const hideCursor = '\x1b[?25l';
const showCursor = '\x1b[?25h';
// Without wrapping a long line takes one row, which the way back up depends on.
const wrapOff = '\x1b[?7l';
const wrapOn = '\x1b[?7h';
const clearLine = '\x1b[K';
const clearBelow = '\x1b[J';

export function createScreen(terminal: Terminal): Screen {
  let drawn = 0;
  // However the process ends, the terminal is left as it was.
  const restore = (): void => {
    terminal.write(wrapOn + showCursor);
  };
  process.once('exit', restore);
  return {
    draw(lines) {
      const up = drawn > 0 ? `\x1b[${drawn}A\r` : '';
      const text = lines.map((line) => `${line}${clearLine}\n`).join('');
      terminal.write(hideCursor + wrapOff + up + text + clearBelow + wrapOn);
      drawn = lines.length;
    },
    close() {
      process.off('exit', restore);
      restore();
    },
  };
}
