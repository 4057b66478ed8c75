/** `cai reject`: brings back what vanished, from the side that still has it. */
import type { Command } from 'commander';
import { defineSteer } from './steer.ts';

const examples = `
Examples:
  $ cai status       shows what is held, and why
  $ cai reject
`;

export function define(command: Command): void {
  defineSteer(command, 'reject', examples);
}
