/** `cai __workspace serve|health`: what the workspace container runs (Dockerfile.workspace). */
import type { Command } from 'commander';
import { guestPlaces, mcpService, runGuest } from '../workspace/guest.ts';
import { healthFaults } from '../workspace/health.ts';
import { print } from './output.ts';

export function define(command: Command): void {
  command.command('serve').action(serve);
  command.command('health').action(health);
}

async function serve(): Promise<void> {
  const program = [process.execPath, process.argv[1] as string];
  await runGuest(guestPlaces, [mcpService(program, guestPlaces)], print);
  process.exit(0);
}

async function health(): Promise<void> {
  const faults = await healthFaults(guestPlaces);
  for (const fault of faults) print(fault);
  process.exit(faults.length > 0 ? 1 : 0);
}
