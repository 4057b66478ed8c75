/** `cai import --watch`: one import, then another whenever the source has changed, until it is cancelled. */
import { exitCodes, toCaiError } from '../errors.ts';
import { collectSource, type SourceOptions } from '../home/import/directory.ts';
import { fingerprint, type SourceWatch, watchSource } from '../home/import/watch-source.ts';
import { errorColors, note } from './output.ts';
import { renderError } from './report-error.ts';

export interface ImportWatch {
  readonly source: SourceOptions;
  readonly signal: AbortSignal;
  /** Imports; the first time everything, later only what changed here. */
  readonly bring: (how: { readonly onlyChanged: boolean }) => Promise<void>;
}

/** Fails only when the first import does; later failures are told, and the next change is another try. */
export async function watchImport({ source, signal, bring }: ImportWatch): Promise<void> {
  let done = await look(source);
  await bring({ onlyChanged: false });
  while (!signal.aborted) {
    const { collected } = await collectSource(source);
    const now = fingerprint(collected);
    if (now !== done) {
      await bring({ onlyChanged: true }).catch(tell);
      done = now;
      // What changed while that was under way is seen by the next look.
      continue;
    }
    await hint(collected, signal);
  }
  process.exitCode = exitCodes.CANCELLED;
}

async function look(source: SourceOptions): Promise<string> {
  return fingerprint((await collectSource(source)).collected);
}

let told = false;

function hint(collected: Parameters<typeof watchSource>[0], signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    let watching: SourceWatch | undefined;
    const end = (): void => {
      watching?.close();
      signal.removeEventListener('abort', end);
      resolve();
    };
    watching = watchSource(collected, end);
    signal.addEventListener('abort', end);
    if (!told) note(`watching ${collected.scan.root}; Ctrl-C ends it`);
    told = true;
    if (signal.aborted) end();
  });
}

function tell(thrown: unknown): void {
  note(renderError(toCaiError(thrown), errorColors));
}
