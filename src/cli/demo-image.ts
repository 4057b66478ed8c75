/**
 * Images that the demonstration's container can be made from, best first. On Linux one is made of
 * this machine's own node, so that no registry is needed.
 */
import { realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { runCommand } from './demo-command.ts';
import type { TarMember } from './demo-tar.ts';
import { tar } from './demo-tar.ts';

export interface DemoImage {
  readonly name: string;
  /** Where it comes from, for people. */
  readonly origin: string;
}

export interface ImageOptions {
  readonly signal: AbortSignal;
  /** Says what takes long before it does. */
  readonly say: (line: string) => void;
}

const pullMs = 3 * 60_000;

/** What could be used, each made or fetched only when it is asked for; an error says why one cannot. */
export async function* images(options: ImageOptions): AsyncGenerator<DemoImage | Error> {
  const wanted = process.env.BASE_IMAGE;
  if (wanted) yield await fetched(wanted, '$BASE_IMAGE', options);
  const present = await localNodeImage(options.signal);
  if (present !== undefined) yield { name: present, origin: 'found on this machine' };
  if (process.platform === 'linux') yield await ownImage(options);
  yield await fetched('node:lts-alpine', 'from the registry', options);
}

async function fetched(
  name: string,
  origin: string,
  { signal, say }: ImageOptions,
): Promise<DemoImage | Error> {
  if (await isPresent(name, signal)) return { name, origin };
  say(`fetching ${name} …`);
  const pulled = await runCommand('docker', ['pull', '-q', name], { signal, timeoutMs: pullMs });
  return pulled.ok ? { name, origin } : new Error(`${name} cannot be fetched: ${pulled.stderr}`);
}

async function localNodeImage(signal: AbortSignal): Promise<string | undefined> {
  const format = '{{.Repository}}:{{.Tag}}';
  const { stdout } = await runCommand('docker', ['image', 'ls', '--format', format, 'node'], {
    signal,
  });
  // Docker lists the newest first.
  return stdout
    .toString()
    .split('\n')
    .find((line) => line.startsWith('node:') && !line.endsWith('<none>'));
}

async function ownImage({ signal, say }: ImageOptions): Promise<DemoImage | Error> {
  const image = {
    name: `cai-demo-node:${process.version}`,
    origin: "made from this machine's own node",
  };
  if (await isPresent(image.name, signal)) return image;
  const node = realpathSync(process.execPath);
  const libraries = await librariesOf(node, signal);
  say(`making the image ${image.name} from this machine's own node …`);
  const members: TarMember[] = [
    { path: 'tmp', directory: true, mode: 0o1777 },
    { path: 'usr/local/bin/node', file: node, mode: 0o755 },
    ...libraries.map((file) => ({ path: file.slice(1), file, mode: 0o755 })),
  ];
  const changes = [
    'ENV PATH=/usr/local/bin:/usr/bin:/bin',
    `ENV LD_LIBRARY_PATH=${[...new Set(libraries.map((file) => dirname(file)))].join(':')}`,
    'CMD ["node"]',
  ];
  const args = ['import', ...changes.flatMap((line) => ['--change', line]), '-', image.name];
  const made = await runCommand('docker', args, { signal, input: tar(members) });
  return made.ok ? image : new Error(`An image cannot be made: ${made.stderr}`);
}

/** The shared libraries and the loader of a program, by the names under which they are looked for. */
async function librariesOf(program: string, signal: AbortSignal): Promise<string[]> {
  const { stdout } = await runCommand('ldd', [program], { signal });
  return parseLdd(stdout.toString());
}

/** The absolute paths in the output of ldd. */
export function parseLdd(text: string): string[] {
  const paths = text.matchAll(/^\s*(?:\S+ => )?(\/\S+)/gm);
  return [...new Set([...paths].map((match) => match[1] as string))];
}

async function isPresent(image: string, signal: AbortSignal): Promise<boolean> {
  const args = ['image', 'inspect', '--format', '{{.Id}}', image];
  return (await runCommand('docker', args, { signal })).ok;
}
