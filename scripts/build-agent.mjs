/**
 * Bundles a program that runs in a container into one CommonJS file without imports but Node's own: the
 * agent (src/link/agent.ts), which is sent there and evaluated, and what the agent image holds.
 */
import { isBuiltin } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const sources = join(dirname(fileURLToPath(import.meta.url)), '../src');

/** The programs for containers: name in dist/ and entry file. */
export const guests = {
  'agent.cjs': 'link/agent.ts',
  'volume.cjs': 'home/volume/guest/main.ts',
  'image-setup.cjs': 'docker/image/setup.ts',
  'image-start.cjs': 'docker/image/start.ts',
  'ssh-relay.cjs': 'docker/image/ssh-relay.ts',
};

/** Writes the agent to `outFile`. */
export async function buildAgent(outFile) {
  await buildGuest(guests['agent.cjs'], outFile);
}

/** Bundles one program; fails when it would need anything that a container may not have. */
export async function buildGuest(entry, outFile) {
  const bundle = await rolldown({
    input: join(sources, entry),
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
    if (output.length !== 1) throw new Error(`${entry} is more than one file.`);
    if (foreign.length > 0) throw new Error(`${entry} imports ${foreign.join(', ')}.`);
  } finally {
    await bundle.close();
  }
}
