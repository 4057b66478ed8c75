/**
 * Whether rsync may be used between the two sides as they are now, and why not; what status shows. An
 * rsync that fails again and again is left alone for a while: the plain way does the same job.
 */
import type { TransferEngine } from '../control/api.ts';
import type { Replica } from '../replica/replica.ts';
import { rsyncFault } from '../rsync/version.ts';
import type { Core } from './core.ts';
import { type Report, tell } from './report.ts';

const failuresBorne = 3;
const pauseMs = 10 * 60_000;

type Found =
  | { readonly engine: 'rsync'; readonly local: string; readonly container: string }
  | { readonly engine: 'plain'; readonly why: string };

export interface RsyncUse {
  /** Looks at both sides, once for each that is opened. */
  usable(): Promise<boolean>;
  /** Undefined before the first look. */
  status(): TransferEngine | undefined;
  /** Since the start. */
  readonly carried: { files: number; bytes: number; linkBytes: number };
  worked(): void;
  failed(message: string): void;
}

export function createRsyncUse(core: Core, report: Report): RsyncUse {
  let looked: { readonly replica: Replica; readonly found: Promise<Found> } | undefined;
  let known: Found | undefined;
  const carried = { files: 0, bytes: 0, linkBytes: 0 };
  let failures = 0;
  let paused: { readonly until: number; readonly why: string } | undefined;
  const status = (): TransferEngine | undefined => {
    if (known === undefined || paused === undefined || Date.now() > paused.until)
      return known === undefined ? undefined : { ...known, carried: { ...carried } };
    return { engine: 'plain', why: paused.why, carried: { ...carried } };
  };
  return {
    carried,
    status,
    async usable() {
      const { replica } = core.sides.container;
      if (replica === undefined) return false;
      if (looked?.replica !== replica) looked = { replica, found: look(core, replica) };
      const found = await looked.found.catch(
        (): Found => ({
          engine: 'plain',
          why: 'the container did not say whether it has rsync',
        }),
      );
      if (looked?.replica === replica) known = found;
      return status()?.engine === 'rsync';
    },
    worked() {
      failures = 0;
    },
    failed(message) {
      failures += 1;
      tell(report, {
        type: 'notice',
        message: `${message}; what it did not bring goes the plain way.`,
      });
      if (failures < failuresBorne) return;
      failures = 0;
      paused = { until: Date.now() + pauseMs, why: message };
    },
  };
}

async function look({ options, sides }: Core, far: Replica): Promise<Found> {
  if (options.rsync === 'off') return { engine: 'plain', why: 'switched off' };
  const { replica: near } = sides.local;
  if (near === undefined) throw new Error('no local side');
  const [local, container] = await Promise.all([near.rsync(), far.rsync()]);
  const fault = rsyncFault(local, container);
  if (fault !== undefined || !local.ok || !container.ok)
    return { engine: 'plain', why: fault ?? 'there is no rsync' };
  return { engine: 'rsync', local: local.version, container: container.version };
}
