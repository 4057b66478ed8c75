/** The machine that the figures are from. */
import { cpus, loadavg, release, totalmem } from 'node:os';
import { versionOf } from './processes.ts';

/** One line a fact. */
export async function machine(): Promise<Readonly<Record<string, string>>> {
  const docker = await versionOf('docker', ['version', '--format', '{{.Server.Version}}']);
  return {
    cpu: `${cpus()[0]?.model.trim() ?? 'unknown'}, ${cpus().length} cores`,
    memory: `${(totalmem() / 1024 ** 3).toFixed(0)} GiB`,
    kernel: `${process.platform} ${release()}`,
    node: process.version,
    docker: docker ?? 'none',
    image: process.env.BASE_IMAGE ?? 'as for the demonstration',
    'load before the run': loadavg()[0]?.toFixed(1) ?? 'unknown',
    date: new Date().toISOString().slice(0, 10),
  };
}
