/**
 * Is package-lock.json complete? A registry that mirrors only some platforms makes npm leave the other
 * platforms' optional packages out, and then `npm ci` fails everywhere. `--fix` adds them: pinned, with
 * the platform that their name tells, without a checksum (which only a full registry could give).
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { home } from './fresh.mjs';

/** The entries that a lock file's `packages` lack, by place. */
export function missingEntries(given) {
  const missing = new Map();
  const packages = { ...given };
  for (const [parent, entry] of Object.entries(given)) {
    for (const [name, range] of Object.entries(entry.optionalDependencies ?? {})) {
      const version = range.replace(/^[~^]/, '');
      if (satisfied(packages, parent, name, version)) continue;
      const place = placeFor(packages, parent, name);
      packages[place] = lockEntry(name, version, entry.dev);
      missing.set(place, packages[place]);
    }
  }
  return missing;
}

/** Its fields in npm's order. */
function lockEntry(name, version, dev) {
  const { os, cpu, libc } = platformOf(name);
  const fields = { version, cpu, dev, libc, optional: true, os };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** As Node resolves: the nearest node_modules above the parent that holds the name. */
function satisfied(packages, parent, name, version) {
  for (const directory of upwards(parent)) {
    const found = packages[`${directory}node_modules/${name}`];
    if (found !== undefined) return sameMinor(found.version, version);
  }
  return false;
}

/** At the top, or below the parent where the top's name is taken by another version. */
function placeFor(packages, parent, name) {
  const top = `node_modules/${name}`;
  return packages[top] === undefined ? top : `${parent}/node_modules/${name}`;
}

function upwards(place) {
  const directories = [];
  for (let at = place; at !== ''; at = at.slice(0, Math.max(0, at.lastIndexOf('/node_modules/')))) {
    directories.push(`${at}/`);
  }
  return [...directories, ''];
}

function sameMinor(a, b) {
  return a.split('.').slice(0, 2).join('.') === b.split('.').slice(0, 2).join('.');
}

/** `cli-linux-x64-musl` -> os linux, cpu x64, libc musl. */
function platformOf(name) {
  if (name === 'fsevents') return { os: ['darwin'] };
  const match =
    /(android|darwin|freebsd|linux|openharmony|win32|aix|sunos|netbsd|openbsd)-([a-z0-9]+)(?:-(\w+))?$/.exec(
      name,
    );
  if (match === null) return { cpu: [/wasm32/.test(name) ? 'wasm32' : 'unknown'] };
  const [, os, cpu, abi = ''] = match;
  const libc =
    os !== 'linux'
      ? undefined
      : abi.startsWith('musl')
        ? ['musl']
        : abi.startsWith('gnu')
          ? ['glibc']
          : undefined;
  return { os: [os], cpu: [cpu], ...(libc === undefined ? {} : { libc }) };
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const path = join(home, 'package-lock.json');
  const lock = JSON.parse(readFileSync(path, 'utf8'));
  const missing = missingEntries(lock.packages);
  if (process.argv.includes('--fix')) {
    const entries = Object.entries({ ...lock.packages, ...Object.fromEntries(missing) });
    lock.packages = Object.fromEntries(entries.sort(([a], [b]) => a.localeCompare(b, 'en')));
    writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
  } else if (missing.size > 0) {
    for (const place of missing.keys()) process.stdout.write(`package-lock.json lacks ${place}\n`);
    process.stdout.write('to add them: node scripts/lock.mjs --fix\n');
    process.exitCode = 1;
  }
}
