/**
 * Scenario: one local directory and sixteen others, each with a session of its own; one edit, until all
 * have it. Containers have their directories from the host, where this process looks at all of them.
 */
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startDemoContainer } from '../src/cli/demo-container.ts';
import { images } from '../src/cli/demo-image.ts';
import { localPuppet } from '../src/cli/demo-puppet.ts';
import { listFiles, type TreeFile, textOf, writeFiles } from './files.ts';
import { pause, repeat } from './measure.ts';
import type { Form } from './pair.ts';
import { startSeveral } from './peers/cai.ts';

export const fanOutCount = 16;
const deadlineMs = 60_000;

interface Place {
  readonly local: string;
  readonly state: string;
  readonly fars: readonly Far[];
  close(): Promise<void>;
}

interface Far {
  /** Where the host sees its files. */
  readonly directory: string;
  readonly address: string;
}

export interface FanOutResult {
  readonly fromLocal: readonly number[];
  readonly fromContainer: readonly number[];
}

export async function fanOut(form: Form, times: number): Promise<FanOutResult> {
  const place = await openPlace(form);
  try {
    const files = listFiles('src', 2000);
    writeFiles(place.local, files, 'first');
    const running = await startSeveral(place);
    try {
      const all = [place.local, ...place.fars.map(({ directory }) => directory)];
      const edits = (from: number) => editRow(all, from, { files, times });
      return { fromLocal: await edits(0), fromContainer: await edits(1) };
    } finally {
      await running.stop();
    }
  } finally {
    await place.close();
  }
}

/** One directory is edited, until all the others have it. */
function editRow(
  directories: readonly string[],
  from: number,
  { files, times }: { readonly files: readonly TreeFile[]; readonly times: number },
): Promise<number[]> {
  const puppets = directories.map(localPuppet);
  return repeat({ times, maxMs: 60_000, least: 5 }, async (at) => {
    await pause(50 + ((at * 17) % 20));
    const { path, size } = files[(at * 7907) % files.length] as TreeFile;
    const text = textOf(`edit ${at} of ${from} at ${Date.now()}`, size + at);
    const start = performance.now();
    await puppets[from]?.act([{ do: 'write', path, text }]);
    for (const [index, puppet] of puppets.entries()) {
      const { missing } = await puppet.watchFor([{ path, is: 'file', text }], deadlineMs);
      if (missing !== undefined)
        throw new Error(`${missing} did not arrive in ${directories[index]}`);
    }
    return performance.now() - start;
  });
}

async function openPlace(form: Form): Promise<Place> {
  const top = realpathSync(mkdtempSync(join(tmpdir(), 'cai-bench-')));
  const make = (name: string) => {
    mkdirSync(join(top, name));
    return join(top, name);
  };
  const local = make('local');
  const directories = Array.from({ length: fanOutCount }, (_, at) => make(`far-${at}`));
  const containers: { remove(): Promise<void> }[] = [];
  const close = async () => {
    await Promise.all(containers.map((container) => container.remove()));
    rmSync(top, { recursive: true, force: true, maxRetries: 3 });
  };
  try {
    const fars: Far[] = [];
    const image = form === 'container' ? await findImage() : '';
    for (const directory of directories) {
      if (form === 'directories') fars.push({ directory, address: directory });
      else {
        const container = await startDemoContainer({
          image,
          keep: false,
          signal: new AbortController().signal,
          args: ['--volume', `${directory}:/workspace`],
        });
        containers.push(container);
        fars.push({ directory, address: `${container.name}:/workspace` });
      }
    }
    return { local, state: join(top, 'state'), fars, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function findImage(): Promise<string> {
  const say = (line: string) => void process.stderr.write(`${line}\n`);
  for await (const image of images({ signal: new AbortController().signal, say }))
    if (!(image instanceof Error)) return image.name;
  throw new Error('no container can be started');
}
