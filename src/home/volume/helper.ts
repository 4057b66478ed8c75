/**
 * The helper container of a volume. Its name is the lock: the engine gives a name once, on all hosts that
 * use it, and takes it back when the helper ends, which it does as soon as its standard input closes.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { agentPrograms } from '../../docker/agent-places.ts';
import { daemonFault, type EngineCommand, firstLine, runEngine } from '../../docker/engine.ts';
import { within } from '../../docker/within.ts';
import { CaiError } from '../../errors.ts';
import { mountPoint } from './protocol.ts';

export interface HelperOptions {
  readonly command: EngineCommand;
  readonly volume: string;
  readonly image: string;
  readonly waitMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((line: string) => void) | undefined;
}

export interface Helper {
  readonly name: string;
  readonly input: ChildProcessWithoutNullStreams['stdin'];
  readonly output: ChildProcessWithoutNullStreams['stdout'];
  /** Settles when the engine's client has ended; never rejects. */
  readonly ended: Promise<HelperEnd>;
  close(): Promise<void>;
}

export interface HelperEnd {
  readonly code: number | null;
  readonly said: string;
}

/** The label's value is the volume's name. */
export const helperLabel = 'containai.volume-helper';

const pollMs = 150;
const graceMs = 10_000;
/** Only what reading and writing for other users takes. */
const capabilities = ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID'];

/** Also the name of a container: at most one helper a volume. */
export function helperName(volume: string): string {
  return `cai-volume-${createHash('sha256').update(volume).digest('hex').slice(0, 16)}`;
}

/** Starts it, and waits while somebody else has the volume. `usable` says whether the output began. */
export async function startHelper(
  options: HelperOptions,
  usable: (helper: Helper) => Promise<boolean>,
): Promise<Helper> {
  const deadline = Date.now() + options.waitMs;
  let told = false;
  for (;;) {
    const helper = spawnHelper(options);
    if (await usable(helper)) return helper;
    const { said } = await helper.ended;
    if (options.signal?.aborted)
      throw new CaiError('CANCELLED', 'Opening the volume was cancelled.');
    if (!/already in use|is in use by/i.test(said)) throw startFault(options, said);
    await removeDead(options, helper.name);
    if (Date.now() >= deadline) throw busy(options.volume);
    if (!told) options.onProgress?.(`waiting: another cai has the volume ${options.volume} open …`);
    told = true;
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

function spawnHelper({ command, volume, image }: HelperOptions): Helper {
  const [program, ...own] = command as readonly [string, ...string[]];
  const name = helperName(volume);
  const args = [
    ...['run', '--rm', '-i', '--name', name, '--label', `${helperLabel}=${volume}`],
    ...['--network', 'none', '--read-only', '--security-opt', 'no-new-privileges'],
    ...['--cap-drop', 'ALL', ...capabilities.flatMap((each) => ['--cap-add', each])],
    // The engine must not write down what passes through it.
    ...['--log-driver', 'none', '--user', '0:0', '--workdir', '/'],
    ...['--mount', `type=volume,src=${volume},dst=${mountPoint}`],
    ...['--entrypoint', 'node', image, `${agentPrograms}/volume.cjs`, mountPoint],
  ];
  // Apart from this process's group: Ctrl-C in a terminal is not for the engine's client.
  const child = spawn(program, [...own, ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    windowsHide: true,
    detached: process.platform !== 'win32',
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-4000);
  });
  child.stdin.on('error', () => {});
  const ended = new Promise<HelperEnd>((resolve) => {
    child.once('error', (error) => resolve({ code: null, said: error.message }));
    child.once('close', (code) => resolve({ code, said }));
  });
  return {
    name,
    input: child.stdin,
    output: child.stdout,
    ended,
    async close() {
      child.stdin.end();
      // An answer that nobody reads to its end would keep the helper from hearing of this.
      child.stdout.destroy();
      if (await within(ended, graceMs)) return;
      await runEngine(command, ['rm', '-f', name]).catch(() => {});
      child.kill('SIGKILL');
    },
  };
}

/** A daemon that was killed leaves a container that has ended, and with it the name. */
async function removeDead({ command, signal }: HelperOptions, name: string): Promise<void> {
  const args = ['container', 'inspect', '--format', '{{.State.Status}}', name];
  const { code, stdout } = await runEngine(command, args, { signal });
  if (code === 0 && ['exited', 'dead'].includes(stdout.trim()))
    await runEngine(command, ['rm', name], { signal });
}

function busy(volume: string): CaiError {
  return new CaiError('BUSY', `Another cai has the volume ${volume} open.`, {
    next: 'Wait until it is done, then try again.',
  });
}

function startFault({ command, volume }: HelperOptions, said: string): CaiError {
  const fault = daemonFault(command, said);
  if (fault !== undefined) return fault;
  if (/ENOENT/.test(said))
    return new CaiError('NO_ENGINE', `${command[0]} is not installed.`, {
      next: `Install ${command[0]}, or name another command with --docker.`,
    });
  return new CaiError('NO_VOLUME', `The volume ${volume} cannot be opened: ${firstLine(said)}`, {
    next: `Look whether "${command.join(' ')} volume inspect ${volume}" shows it as it should be.`,
  });
}
