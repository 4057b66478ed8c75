/** `cai pause`: nothing is carried over until `cai resume`; changes are not lost meanwhile. */
import type { Command } from 'commander';
import { defineSteer } from './steer.ts';

const examples = `
Examples:
  $ cai pause && git rebase main; cai resume
  $ cai pause web
`;

export function define(command: Command): void {
  defineSteer(command, 'pause', examples);
}
