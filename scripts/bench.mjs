/** `npm run bench -- ARGUMENTS`: sets up and builds what is missing, bundles bench/main.ts and runs it. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { dist, home } from './fresh.mjs';
import { setup } from './setup.mjs';

setup();
const { rolldown } = await import('rolldown');
const out = join(dist, 'bench');
const bundle = await rolldown({
  input: { main: join(home, 'bench', 'main.ts') },
  cwd: home,
  platform: 'node',
  external: [/^node:/],
  tsconfig: false,
  transform: { target: 'node20.19' },
});
await bundle.write({ dir: out, format: 'esm', entryFileNames: '[name].js' });
await bundle.close();
await import(pathToFileURL(join(out, 'main.js')).href);
