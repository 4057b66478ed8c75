/** The bundled agent, as text to send down a link. The build puts it beside the program. */
import { readFileSync } from 'node:fs';
import { CaiError } from '../errors.ts';

// From the bundle it lies beside; from the sources (tests) in the build's directory.
const places = [
  new URL('./agent.cjs', import.meta.url),
  new URL('../../dist/agent.cjs', import.meta.url),
];

let loaded: string | undefined;

export function loadAgent(): string {
  for (const place of places) {
    if (loaded !== undefined) break;
    try {
      loaded = readFileSync(place, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  if (loaded !== undefined) return loaded;
  throw new CaiError('INTERNAL', 'The agent is missing from this installation.', {
    next: 'Run `npm run build`.',
  });
}
