/** Reads the lines that `rsync --info=progress2` writes: bytes of all files so far. Pure. */

export interface RsyncProgress {
  readonly bytes: number;
  /** Files that are complete. */
  readonly files?: number;
}

const form = /^\s*([\d,]+)\s+\d{1,3}%\s+\S+\s+[\d:]+(?:\s+\(xfr#(\d+))?/;

/** Takes text as it comes, in pieces of any length, and calls back for each line of progress. */
export function readProgress(
  onProgress: (progress: RsyncProgress) => void,
): (text: string) => void {
  let rest = '';
  return (text) => {
    const lines = (rest + text).split(/[\r\n]/);
    rest = (lines.pop() ?? '').slice(-1000);
    for (const line of lines) {
      const [, bytes, files] = form.exec(line) ?? [];
      if (bytes === undefined) continue;
      onProgress({
        bytes: Number(bytes.replaceAll(',', '')),
        ...(files === undefined ? {} : { files: Number(files) }),
      });
    }
  };
}
