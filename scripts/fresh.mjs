/**
 * Is what was installed and what was built still up to date? Judged by content, never by time, so
 * that clones, checkouts and copied directories give no false answer. Loads nothing but Node itself.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's top directory. */
export const home = fileURLToPath(new URL('..', import.meta.url));
export const dist = join(home, 'dist');
export const stamp = join(dist, '.stamp');

const nodeFloor = [20, 19];

/** What is wrong with this Node version, or undefined. */
export function nodeFault(version = process.versions.node) {
  const [major, minor] = version.split('.').map(Number);
  if (major > nodeFloor[0] || (major === nodeFloor[0] && minor >= nodeFloor[1])) return undefined;
  return `cai needs Node ${nodeFloor.join('.')} or newer; this is Node ${version}. Install a current LTS: https://nodejs.org/`;
}

/**
 * True when node_modules holds what the lock file asks for. npm writes its own record of an
 * installation last, so an interrupted one does not count.
 */
export function isInstalled() {
  const record = join(home, 'node_modules', '.package-lock.json');
  if (!existsSync(record)) return false;
  const wanted = JSON.parse(readFileSync(join(home, 'package-lock.json'), 'utf8')).packages;
  const present = JSON.parse(readFileSync(record, 'utf8')).packages;
  return Object.entries(wanted).every(
    ([path, entry]) => path === '' || entry.optional || present[path]?.version === entry.version,
  );
}

/** A digest of all that the bundles are made of. */
export function sourceDigest() {
  const hash = createHash('sha256');
  for (const path of sources()) {
    hash
      .update(`${path}\0`)
      .update(readFileSync(join(home, path)))
      .update('\0');
  }
  return hash.digest('hex');
}

/** True when dist/ was built from just these sources. */
export function isBuilt() {
  const guests = ['agent.cjs', 'volume.cjs', 'image-setup.cjs', 'image-start.cjs', 'ssh-relay.cjs'];
  const names = ['cai.js', ...guests, 'sync-manifest.toml'];
  const parts = [stamp, ...names.map((name) => join(dist, name))];
  return parts.every((path) => existsSync(path)) && readFileSync(stamp, 'utf8') === sourceDigest();
}

function sources() {
  const code = readdirSync(join(home, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.test.ts'))
    .map((entry) => join(entry.parentPath, entry.name).slice(home.length));
  const scripts = readdirSync(join(home, 'scripts'))
    .filter((name) => name.startsWith('build'))
    .map((name) => join('scripts', name));
  return [...code, ...scripts, 'package.json', 'package-lock.json', 'tsconfig.json'].sort();
}
