/**
 * Bundles the command line (dist/cai.js and its lazily loaded chunks) and the programs
 * for containers (dist/agent.cjs and others).
 * The same sources give the same bytes. A file appears under its name only when it is complete, and
 * old chunks stay for a while: a session that runs in the background may still load one of them.
 */
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { rolldown } from 'rolldown';
import { dist, home, isBuilt, sourceDigest, stamp } from './fresh.mjs';

const keepOldChunksMs = 7 * 24 * 3600 * 1000;

/** Brings dist/ up to date; false when it was already. */
export async function build({ force = false } = {}) {
  if (!force && isBuilt()) return false;
  const digest = sourceDigest();
  mkdirSync(dist, { recursive: true });
  await bundleGuests();
  put(
    join(dist, 'sync-manifest.toml'),
    readFileSync(join(home, 'src', 'home', 'sync-manifest.toml')),
  );
  await bundleCli({ input: join(home, 'src', 'cli', 'main.ts'), out: dist });
  put(stamp, digest);
  return true;
}

/** Bundles a command line's entry file to OUT/cai.js with its chunks beside it. */
export async function bundleCli({ input, out }) {
  const { version } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'));
  const bundle = await rolldown({
    input: { cai: input },
    // Names in the output are relative to this, so that it does not depend on where it was run.
    cwd: home,
    platform: 'node',
    external: [/^node:/, '@photostructure/sqlite'],
    tsconfig: false,
    transform: { target: 'node20.19', define: { __CAI_VERSION__: JSON.stringify(version) } },
    onLog(level, log, next) {
      if (level === 'warn' && log.code === 'UNRESOLVED_IMPORT') throw new Error(log.message);
      next(level, log);
    },
  });
  try {
    const { output } = await bundle.generate({
      format: 'esm',
      entryFileNames: '[name].js',
      chunkFileNames: 'chunk-[name]-[hash].js',
      banner: (chunk) => (chunk.isEntry ? '#!/usr/bin/env node' : ''),
    });
    mkdirSync(out, { recursive: true });
    // The entry comes last: until then the old one and its chunks are complete.
    for (const file of output.filter((file) => !file.isEntry))
      put(join(out, file.fileName), file.code ?? file.source);
    for (const file of output.filter((file) => file.isEntry))
      put(join(out, file.fileName), file.code, 0o755);
    dropOldChunks(out, new Set(output.map((file) => file.fileName)));
  } finally {
    await bundle.close();
  }
}

async function bundleGuests() {
  const { buildGuest, guests } = await import('./build-agent.mjs');
  for (const [name, entry] of Object.entries(guests)) {
    const draft = join(dist, `.${process.pid}-${name}`);
    await buildGuest(entry, draft);
    renameSync(draft, join(dist, name));
  }
}

function put(path, content, mode = 0o644) {
  const draft = `${path}.${process.pid}.tmp`;
  writeFileSync(draft, content);
  chmodSync(draft, mode);
  renameSync(draft, path);
}

function dropOldChunks(out, current) {
  for (const name of readdirSync(out)) {
    if (!name.startsWith('chunk-') || current.has(name)) continue;
    const path = join(out, name);
    if (Date.now() - statSync(path).mtimeMs > keepOldChunksMs) rmSync(path, { force: true });
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const start = performance.now();
  const done = await build({ force: process.argv.includes('--force') });
  const what = done
    ? `built dist/ in ${Math.round(performance.now() - start)} ms`
    : 'dist/ is up to date';
  process.stderr.write(`${what}\n`);
}
