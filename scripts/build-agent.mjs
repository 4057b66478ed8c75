/**
 * Bundles the agent (src/link/agent.ts) into one CommonJS file without imports but Node's own, as it is
 * sent into a container and evaluated there.
 */
import { isBuiltin } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const entry = join(dirname(fileURLToPath(import.meta.url)), '../src/link/agent.ts');

/** Writes the agent to `outFile`; fails when it would need anything that a container may not have. */
export async function buildAgent(outFile) {
  const bundle = await rolldown({
    input: entry,
    platform: 'node',
    external: (id) => isBuiltin(id),
    transform: { target: 'node18' },
    logLevel: 'silent',
  });
  try {
    const { output } = await bundle.write({
      dir: dirname(outFile),
      entryFileNames: basename(outFile),
      format: 'cjs',
      minify: true,
      codeSplitting: false,
    });
    const foreign = output[0].imports.filter((id) => !id.startsWith('node:'));
    if (output.length !== 1) throw new Error('The agent is more than one file.');
    if (foreign.length > 0) throw new Error(`The agent imports ${foreign.join(', ')}.`);
  } finally {
    await bundle.close();
  }
}
