/** The demonstration's other side: a container where docker can start one, else a second local directory. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { firstLine, runCommand } from './demo-command.ts';
import { startDemoContainer } from './demo-container.ts';
import { type ImageOptions, images } from './demo-image.ts';
import type { Puppet } from './demo-puppet.ts';
import { localPuppet } from './demo-puppet.ts';
import { remotePuppet } from './demo-puppet-remote.ts';

export interface FarSide {
  readonly form: 'container' | 'directory';
  /** As a session takes it. */
  readonly address: string;
  /** Where its files are, or why it is no container; for people. */
  readonly remark: string;
  readonly puppet: Puppet;
  readonly hasGit: boolean;
  close(options: { readonly keep: boolean }): Promise<void>;
}

export interface FarOptions extends ImageOptions {
  /** A temporary directory to make things in. */
  readonly top: string;
  readonly keep: boolean;
  /** Further arguments of `docker run`. */
  readonly args?: readonly string[];
  /** Do without docker. */
  readonly withoutContainer?: boolean;
}

const root = '/workspace';

/** Opens the best other side that this machine can offer. */
export async function openFarSide(options: FarOptions): Promise<FarSide> {
  if (options.withoutContainer === true)
    return directory(options.top, 'no container was asked for');
  const fault = await dockerFault(options.signal);
  options.signal.throwIfAborted();
  if (fault !== undefined) return directory(options.top, fault);
  let why = '';
  for await (const image of images(options)) {
    options.signal.throwIfAborted();
    try {
      if (image instanceof Error) throw image;
      return await container(image.name, image.origin, options);
    } catch (error) {
      why = (error as Error).message;
    }
  }
  options.signal.throwIfAborted();
  return directory(options.top, why);
}

async function dockerFault(signal: AbortSignal): Promise<string | undefined> {
  const args = ['version', '--format', '{{.Server.Os}}'];
  const answer = await runCommand('docker', args, { signal, timeoutMs: 10_000 });
  if (!answer.ok) return `no Docker daemon answers: ${answer.stderr.split('\n')[0]}`;
  const system = firstLine(answer);
  return system === 'linux' ? undefined : `Docker runs ${system} containers here`;
}

async function container(image: string, origin: string, options: FarOptions): Promise<FarSide> {
  const started = await startDemoContainer({ ...options, image });
  const puppet = remotePuppet(['docker', 'exec', '-i', started.name], root);
  try {
    // Answers once it runs; it makes the directory first.
    await puppet.act([]);
    const git = await runCommand('docker', ['exec', started.name, 'git', '--version']);
    return {
      form: 'container',
      address: `${started.name}:${root}`,
      remark: `image ${image}, ${origin}`,
      puppet,
      hasGit: git.ok,
      close: async ({ keep }) => {
        await puppet.close();
        if (!keep) await started.remove();
      },
    };
  } catch (error) {
    await puppet.close();
    await started.remove();
    throw error;
  }
}

function directory(top: string, why: string): FarSide {
  const path = join(top, 'container');
  mkdirSync(path);
  return {
    form: 'directory',
    address: path,
    remark: `a second local directory: ${why}`,
    puppet: localPuppet(path),
    hasGit: true,
    close: async () => {},
  };
}
