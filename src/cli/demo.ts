/** `cai demo`: shows sync at work with a container of its own. */
import type { Command } from 'commander';
import { CaiError } from '../errors.ts';

export function define(command: Command): void {
  command.action(() => {
    throw new CaiError('INTERNAL', 'The demo is not built yet.');
  });
}
