/** The built program, for tests that run it as a person does. */
import { join } from 'node:path';
import { inject } from 'vitest';
import { dist } from '../../scripts/fresh.mjs';

/** dist/cai.js, built from the present sources; fails with the build's own error. */
export function builtCli(): string {
  return builtFile('cai.js');
}

/** dist/agent.cjs, likewise. */
export function builtAgent(): string {
  return builtFile('agent.cjs');
}

function builtFile(name: string): string {
  const fault = inject('buildError');
  if (fault !== '') throw new Error(`dist/${name} could not be built: ${fault}`);
  return join(dist, name);
}
