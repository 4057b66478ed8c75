/**
 * The project that the demonstration works on: about sixty small files on two branches. Pure but for
 * `makeProject`, which writes it with real git where git is installed.
 */
import { mkdirSync } from 'node:fs';
import type { Deed, Sight } from './demo-puppet.ts';
import { localPuppet } from './demo-puppet.ts';

type Node = { readonly text: string; readonly mode?: number } | { readonly target: string };
/** What stands at the paths of a branch. */
export type Branch = Readonly<Record<string, Node>>;

const areas = ['auth', 'billing', 'catalog', 'orders', 'users'];
const guides = ['install', 'first-steps', 'configuration', 'deployment', 'testing', 'upgrading'];

/** The branch that the project starts on. */
export const main: Branch = {
  '.gitignore': { text: 'node_modules/\n*.log\n' },
  'package.json': { text: json({ name: 'shop', version: '1.4.0', type: 'module' }) },
  'README.md': { text: '# Shop\n\nA small shop, to show live sync with.\n' },
  'src/index.ts': {
    text: areas
      .map((area) => `import './${area}/index.ts';`)
      .join('\n')
      .concat('\n'),
  },
  'src/config.ts': { text: 'export const port = 8080;\n' },
  'src/server.ts': { text: source('server') },
  'src/routes.ts': { text: source('routes') },
  ...each(areas, (area) => ({
    [`src/${area}/index.ts`]: {
      text: `export * from './model.ts';\nexport * from './service.ts';\n`,
    },
    [`src/${area}/model.ts`]: {
      text: `export interface ${area}Row {\n  readonly id: string;\n}\n`,
    },
    [`src/${area}/service.ts`]: { text: source(`${area} service`) },
    [`src/${area}/store.ts`]: { text: source(`${area} store`) },
    [`test/${area}/service.test.ts`]: { text: source(`test of the ${area} service`) },
    [`test/${area}/fixtures/rows.json`]: { text: json([{ id: `${area}-1` }, { id: `${area}-2` }]) },
  })),
  ...each(guides, (guide) => ({
    [`docs/guides/${guide}.md`]: { text: `# ${guide}\n\n${'Lorem ipsum. '.repeat(40)}\n` },
  })),
  'docs/README.md': { text: '# Manual\n' },
  'docs/start.md': { target: 'guides/first-steps.md' },
  'public/index.html': { text: '<!doctype html>\n<title>Shop</title>\n' },
  'public/styles/site.css': { text: 'body { margin: 2rem; }\n' },
  'public/styles/print.css': { text: 'nav { display: none; }\n' },
  'public/logo.svg': { text: '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"/>\n' },
  'scripts/release.sh': { text: '#!/bin/sh\nexec npm publish\n', mode: 0o755 },
  'scripts/seed.sh': { text: '#!/bin/sh\necho seeding\n', mode: 0o644 },
  'legacy/import.js': { text: source('import of old data') },
  'legacy/export.js': { text: source('export of old data') },
  'legacy/tables/a.sql': { text: 'select 1;\n' },
  'legacy/tables/b.sql': { text: 'select 2;\n' },
  'tools/lint.js': { text: source('lint') },
  'tools/format.js': { text: source('format') },
};

/** The other branch: some files changed, some new, some gone, one moved. */
export const feature: Branch = {
  ...without(main, [
    'src/catalog/store.ts',
    'src/billing/model.ts',
    'test/billing/service.test.ts',
  ]),
  'src/catalog/storage.ts': main['src/catalog/store.ts'] as Node,
  'src/catalog/service.ts': { text: source('catalog service, searching') },
  'src/billing/index.ts': { text: "export * from './service.ts';\n" },
  'src/billing/service.ts': { text: source('billing service without a model') },
  'src/orders/service.ts': { text: source('orders service, cancelling') },
  'src/orders/cancel/index.ts': { text: "export * from './rules.ts';\n" },
  'src/orders/cancel/rules.ts': { text: source('rules of cancelling') },
  'test/orders/cancel.test.ts': { text: source('test of cancelling') },
};

/** Local things that are no part of the project and stay where they are. */
const unshared: Branch = {
  'node_modules/left-pad/index.js': { text: 'module.exports = (text) => text;\n' },
  'node_modules/left-pad/package.json': { text: json({ name: 'left-pad' }) },
  '.env': { text: 'PASSWORD=not-for-containers\n' },
};

/** Names that are on the local side only. */
export const unsharedNames = ['.git', 'node_modules', '.env'];

/** What is to be seen where a branch is checked out. */
export function sightsOf(branch: Branch): Sight[] {
  return Object.entries(branch).map(([path, node]) =>
    'target' in node
      ? { path, is: 'link', target: node.target }
      : { path, is: 'file', text: node.text, executable: ((node.mode ?? 0) & 0o100) !== 0 },
  );
}

/** What changes for the eye when `from` is left for `to`. */
export function switchSights(from: Branch, to: Branch): Sight[] {
  const gone = Object.keys(from).filter((path) => to[path] === undefined);
  return [
    ...sightsOf(Object.fromEntries(changed(from, to))),
    ...gone.map((path) => ({ path, is: 'absent' }) as const),
  ];
}

/** The file operations that a checkout of `to` does where `from` is checked out. */
export function switchDeeds(from: Branch, to: Branch): Deed[] {
  const kept = Object.keys(to);
  const gone = Object.keys(from).filter((path) => to[path] === undefined);
  // Like git, it leaves no empty directory behind.
  const removed = gone.map((path) => {
    const parent = path.slice(0, path.lastIndexOf('/') + 1);
    return kept.some((other) => other.startsWith(parent)) ? path : parent.slice(0, -1);
  });
  return [
    ...[...new Set(removed)].map((path) => ({ do: 'remove', path }) as const),
    ...deedsOf(Object.fromEntries(changed(from, to))),
  ];
}

export const git = {
  main: 'main',
  feature: 'feature/cancel-orders',
  /** Whatever the user configured, signed, templated or hooked must not take part. */
  options: [
    'user.name=Demo',
    'user.email=demo@example.invalid',
    'commit.gpgSign=false',
    'core.hooksPath=/dev/null',
    'core.autocrlf=false',
    'core.fsmonitor=false',
    'gc.auto=0',
    'safe.directory=*',
  ].flatMap((setting) => ['-c', setting]),
};

/** A git command as a deed. */
export function gitDeed(...args: string[]): Deed {
  return { do: 'run', command: 'git', args: [...git.options, ...args] };
}

/** Writes the project into `root`; with `withGit` as a repository with two branches, on `main`. */
export async function makeProject(root: string, withGit: boolean): Promise<void> {
  mkdirSync(root);
  const commit = (message: string) => [
    gitDeed('add', '-A'),
    gitDeed('commit', '-q', '-m', message),
  ];
  const history = [
    gitDeed('init', '-q', '--template='),
    // The name of the first branch is not everywhere an option of init.
    gitDeed('symbolic-ref', 'HEAD', `refs/heads/${git.main}`),
    ...commit('A shop'),
    gitDeed('checkout', '-q', '-b', git.feature),
    ...switchDeeds(main, feature),
    ...commit('Orders can be cancelled'),
    gitDeed('checkout', '-q', git.main),
  ];
  const deeds = [...deedsOf(main), ...(withGit ? history : []), ...deedsOf(unshared)];
  await localPuppet(root).act(deeds);
}

function changed(from: Branch, to: Branch): [string, Node][] {
  return Object.entries(to).filter(
    ([path, node]) => JSON.stringify(node) !== JSON.stringify(from[path]),
  );
}

function deedsOf(branch: Branch): Deed[] {
  return Object.entries(branch).map(([path, node]) =>
    'target' in node
      ? { do: 'link', path, target: node.target }
      : { do: 'write', path, text: node.text, mode: node.mode ?? 0o644 },
  );
}

function each(names: readonly string[], make: (name: string) => Branch): Branch {
  return Object.assign({}, ...names.map(make)) as Branch;
}

function without(branch: Branch, paths: readonly string[]): Branch {
  return Object.fromEntries(Object.entries(branch).filter(([path]) => !paths.includes(path)));
}

function source(what: string): string {
  return `// The ${what}.\nexport function run(input: string): string {\n  return input.trim();\n}\n`;
}

function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
