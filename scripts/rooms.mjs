/**
 * Checks that imports between the folders of src/ point down only, and that `tree` does no I/O. The
 * table is the map of the program: what stands in it is what a room may know of.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { home } from './fresh.mjs';

/** The rooms a room may import from; every room may import itself and errors.ts. */
const below = {
  tree: [],
  config: [],
  rsync: [],
  docker: [],
  store: ['tree'],
  replica: ['tree'],
  link: ['replica', 'tree', 'docker', 'rsync'],
  session: ['store', 'link', 'replica', 'tree', 'docker', 'rsync'],
  control: ['session', 'store', 'link', 'replica', 'tree', 'docker', 'config'],
  home: ['docker', 'tree', 'config'],
  mcp: ['control', 'store', 'replica', 'tree', 'home', 'config'],
  workspace: ['mcp', 'control', 'config', 'docker', 'rsync', 'tree'],
  telegram: ['mcp', 'control', 'tree'],
  cli: [
    'workspace',
    'telegram',
    'mcp',
    'control',
    'home',
    'session',
    'store',
    'link',
    'replica',
    'tree',
    'docker',
    'rsync',
    'config',
  ],
};

/** The ways up that there are, each with its reason. */
const exceptions = [
  // The session's API is plain data: what a session reports is shaped by those who read it.
  { from: /^session\//, to: /^control\/api\.ts$/, typesOnly: true },
];

/** Node's modules that touch nothing outside the process. */
const pureModules = new Set(['node:buffer', 'node:crypto', 'node:util']);

/** What is wrong with one file's imports; `path` is below src/. */
export function roomFaults(path, text) {
  const room = path.includes('/') ? path.split('/')[0] : undefined;
  return importsOf(text).flatMap(({ target, typesOnly }) => {
    if (room === 'tree' && target.startsWith('node:') && !pureModules.has(target)) {
      return [`${path}: tree does no I/O, but imports ${target}`];
    }
    if (!target.startsWith('.')) return [];
    const to = join(dirname(path), target).split(sep).join('/');
    return allowed(room, path, to, typesOnly)
      ? []
      : [`${path}: ${room ?? 'src'} must not import ${to}`];
  });
}

function allowed(room, from, to, typesOnly) {
  if (to.startsWith('../')) return to === '../package.json';
  if (!to.includes('/')) return true;
  const target = to.split('/')[0];
  if (target === room || below[room]?.includes(target)) return true;
  return exceptions.some(
    (way) => way.from.test(from) && way.to.test(to) && (typesOnly || way.typesOnly !== true),
  );
}

/** The imports and re-exports in a formatted module. */
function importsOf(text) {
  const found = [];
  for (const match of text.matchAll(
    /^(?:import|export)\s+(type\s)?(?:[^;'"]*?\sfrom\s+)?'([^']+)'/gm,
  )) {
    found.push({ target: match[2], typesOnly: match[1] !== undefined });
  }
  for (const match of text.matchAll(/\bimport\(\s*'([^']+)'\s*\)/g)) {
    found.push({ target: match[1], typesOnly: false });
  }
  return found;
}

/** Tests and what only they use. */
const forTests = /(\.(test|fixture)|^testing)\.ts$/;

/** All faults of src/. Tests may reach for any room that they need. */
export function checkRooms(src = join(home, 'src')) {
  const files = readdirSync(src, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !forTests.test(entry.name))
    .map((entry) => relative(src, join(entry.parentPath, entry.name)).split(sep).join('/'));
  const strangers = files
    .map((path) => path.split('/'))
    .filter(([room, ...rest]) => rest.length > 0 && below[room] === undefined)
    .map((parts) => `${parts.join('/')}: no such room`);
  return [
    ...strangers,
    ...files.flatMap((path) => roomFaults(path, readFileSync(join(src, path), 'utf8'))),
  ];
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const faults = checkRooms();
  for (const fault of faults) process.stdout.write(`${fault}\n`);
  process.exitCode = faults.length > 0 ? 1 : 0;
}
