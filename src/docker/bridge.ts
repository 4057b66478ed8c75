/** The host's own address on the engine's default bridge: there containers can reach it, and nobody else. */
import { networkInterfaces } from 'node:os';
import { type EngineOptions, runEngine } from './engine.ts';

export interface Bridge {
  readonly address: string;
  /** Of the containers, as ADDRESS/BITS. */
  readonly subnet: string;
}

const format = '{{range .IPAM.Config}}{{.Gateway}} {{.Subnet}}{{"\\n"}}{{end}}';

/** Undefined where the bridge is not on this machine: Docker Desktop, a remote engine, podman. */
export async function findBridge(
  command: readonly string[],
  options: EngineOptions = {},
): Promise<Bridge | undefined> {
  const args = ['network', 'inspect', 'bridge', '--format', format];
  const { code, stdout } = await runEngine(command, args, options);
  if (code !== 0) return undefined;
  const own = new Set(
    Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address)),
  );
  for (const line of stdout.split('\n')) {
    const [address = '', subnet = ''] = line.trim().split(' ');
    if (own.has(address) && subnet !== '') return { address, subnet };
  }
  return undefined;
}
