/**
 * The project's own image, built on first use: some base with Node, this program, and the user `agent`.
 * Nothing is fetched but the base, and that only when it is not here; BASE_IMAGE names another one.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { CaiError } from '../errors.ts';
import { agentContext, type ContextFile, contextDigest } from './agent-context.ts';
import { daemonFault, type EngineCommand, firstLine, runEngine } from './engine.ts';

export interface AgentImageOptions {
  readonly command: EngineCommand;
  readonly signal?: AbortSignal | undefined;
  /** Told a line for people when something takes long. */
  readonly onProgress?: ((line: string) => void) | undefined;
  /** Default $BASE_IMAGE, else the newest LTS of Node. */
  readonly base?: string | undefined;
}

/** Images of this label are ours; its value is the digest of what they hold. */
export const agentImageLabel = 'containai.agent-image';
export const defaultBaseImage = 'node:24-alpine';

const buildMs = 15 * 60_000;
const keepUnused = '168h';

/** The agent image's name; builds it when the engine does not have it. Throws IMAGE, NO_ENGINE, TIMEOUT, CANCELLED. */
export async function ensureAgentImage(options: AgentImageOptions): Promise<string> {
  const base = options.base ?? (process.env.BASE_IMAGE || defaultBaseImage);
  const files = agentContext();
  const digest = createHash('sha256')
    .update(`${base}\0${contextDigest(files)}`)
    .digest('hex');
  const image = `cai-agent:${digest.slice(0, 16)}`;
  const { code, stderr } = await runEngine(options.command, ['image', 'inspect', image], options);
  if (code === 0) return image;
  const fault = daemonFault(options.command, stderr);
  if (fault !== undefined) throw fault;
  options.onProgress?.(`building the agent image from ${base} …`);
  await build({ ...options, base, image, digest, files });
  await dropUnused(options);
  return image;
}

interface Build extends AgentImageOptions {
  readonly base: string;
  readonly image: string;
  readonly digest: string;
  readonly files: readonly ContextFile[];
}

async function build({ command, base, image, digest, files, ...options }: Build): Promise<void> {
  const [program, ...own] = command as readonly [string, ...string[]];
  const labels = ['--label', `${agentImageLabel}=${digest}`];
  const args = [
    'build',
    '--force-rm',
    '--build-arg',
    `BASE_IMAGE=${base}`,
    ...labels,
    '-t',
    image,
    '-',
  ];
  const deadline = AbortSignal.timeout(buildMs);
  const { signal } = options;
  // Before there is a child whose failure nobody would hear of meanwhile.
  const context = await contextStream(files);
  const child = spawn(program, [...own, ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    windowsHide: true,
    signal: signal === undefined ? deadline : AbortSignal.any([signal, deadline]),
  });
  let said = '';
  const hear = (text: string): void => {
    said = (said + text).slice(-20_000);
  };
  child.stdout.setEncoding('utf8').on('data', hear);
  child.stderr.setEncoding('utf8').on('data', hear);
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? -1));
  });
  // An engine that ends without reading all is judged by its exit code.
  pipeline(context, child.stdin).catch(() => {});
  const code = await ended.catch((error: Error) => {
    if (signal?.aborted) throw new CaiError('CANCELLED', 'Building the agent image was cancelled.');
    if (deadline.aborted) throw late(base);
    throw new CaiError('NO_ENGINE', `${program} cannot be run: ${error.message}`, { cause: error });
  });
  if (code !== 0) throw buildFault(base, said);
}

/** Without times, so that the engine's own cache knows the files again. */
async function contextStream(files: readonly ContextFile[]): Promise<Readable> {
  const { pack } = await import('tar-stream');
  const archive = pack();
  for (const { name, content, mode } of files)
    archive.entry({ name, mode, mtime: new Date(0) }, content);
  archive.finalize();
  return Readable.from(archive);
}

function late(base: string): CaiError {
  return new CaiError('TIMEOUT', `Building the agent image from ${base} took over 15 minutes.`, {
    next: 'Try again; what was fetched so far is kept.',
  });
}

const noNode = /exec: "node"|node: not found|"node": executable file not found|no such file.*node/i;

function buildFault(base: string, said: string): CaiError {
  if (noNode.test(said)) {
    return new CaiError('IMAGE', `The image ${base} has no node.`, {
      next: 'Set BASE_IMAGE to an image with Node.js 20.19 or newer.',
    });
  }
  const lines = said.trim().split('\n').filter(Boolean);
  const why = lines.findLast((line) => /error|denied|failed|cannot|no such/i.test(line));
  return new CaiError(
    'IMAGE',
    `The agent image cannot be built from ${base}: ${firstLine(why ?? lines.at(-1) ?? 'no reason given')}`,
    {
      next: `Look whether "docker pull ${base}" works, or set BASE_IMAGE to an image that is here.`,
    },
  );
}

/** Images of earlier versions that nobody has used for a week; not worth an error. */
async function dropUnused({ command, signal }: AgentImageOptions): Promise<void> {
  const filters = ['--filter', `label=${agentImageLabel}`, '--filter', `until=${keepUnused}`];
  await runEngine(command, ['image', 'prune', '-a', '-f', ...filters], { signal }).catch(() => {});
}
