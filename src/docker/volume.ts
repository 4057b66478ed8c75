/** Named volumes as the engine knows them. */
import { CaiError } from '../errors.ts';
import {
  daemonFault,
  type EngineCommand,
  type EngineOptions,
  firstLine,
  runEngine,
} from './engine.ts';
import { similarNames } from './similar.ts';

export interface VolumeQuery extends EngineOptions {
  readonly command: EngineCommand;
  readonly volume: string;
}

export async function volumeExists({ command, volume, ...options }: VolumeQuery): Promise<boolean> {
  const { code, stderr } = await runEngine(command, ['volume', 'inspect', volume], options);
  if (code === 0) return true;
  const fault = daemonFault(command, stderr);
  if (fault !== undefined) throw fault;
  return false;
}

/** Throws NO_VOLUME, with names that may have been meant. */
export async function requireVolume(query: VolumeQuery): Promise<void> {
  if (await volumeExists(query)) return;
  const { command, volume, ...options } = query;
  const { stdout } = await runEngine(command, ['volume', 'ls', '-q'], options);
  const similar = similarNames(volume, stdout.split('\n').filter(Boolean));
  const list = `"${command.join(' ')} volume ls" lists the volumes there are.`;
  throw new CaiError('NO_VOLUME', `There is no volume ${volume}.`, {
    next: similar.length === 0 ? list : `Did you mean ${similar.join(' or ')}? ${list}`,
  });
}

/** Makes the volume; true when it was not there. A volume that is there keeps its labels. */
export async function ensureVolume(
  query: VolumeQuery & { readonly labels: Readonly<Record<string, string>> },
): Promise<boolean> {
  if (await volumeExists(query)) return false;
  const { command, volume, labels, ...options } = query;
  const flags = Object.entries(labels).flatMap(([name, value]) => ['--label', `${name}=${value}`]);
  const args = ['volume', 'create', ...flags, volume];
  const { code, stderr } = await runEngine(command, args, options);
  if (code === 0) return true;
  throw (
    daemonFault(command, stderr) ??
    new CaiError('NO_VOLUME', `The volume ${volume} cannot be made: ${firstLine(stderr)}`)
  );
}

/** Takes a volume away that was made for something which then failed; one that is in use stays. */
export async function dropVolume({ command, volume }: VolumeQuery): Promise<void> {
  await runEngine(command, ['volume', 'rm', volume]).catch(() => {});
}
