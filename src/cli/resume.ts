/** `cai resume`: goes on after `cai pause`, with everything that changed meanwhile. */
import type { Command } from 'commander';
import { defineSteer } from './steer.ts';

const examples = `
Examples:
  $ cai resume
  $ cai resume web --json
`;

export function define(command: Command): void {
  defineSteer(command, 'resume', examples);
}
