/** `cai approve`: lets held deletions go ahead; what they remove goes into the history. */
import type { Command } from 'commander';
import { defineSteer } from './steer.ts';

const examples = `
Examples:
  $ cai status       shows what is held, and why
  $ cai approve
`;

export function define(command: Command): void {
  defineSteer(command, 'approve', examples);
}
