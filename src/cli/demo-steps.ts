/** What the demonstration does, as data: on which side, what somebody does there, what the other side then shows. */
import type { Side } from '../tree/path.ts';
import type { Branch } from './demo-project.ts';
import { feature, git, gitDeed, main, switchDeeds, switchSights } from './demo-project.ts';
import type { Deed, Sight } from './demo-puppet.ts';

export interface Step {
  /** Where it is done; it is to arrive on the other side. */
  readonly on: Side;
  readonly title: string;
  readonly deeds: readonly Deed[];
  readonly sights: readonly Sight[];
}

/** Edits, new files, moves, deletions and modes, each in both directions. */
export const steps: readonly Step[] = [
  edit('local', 'src/server.ts', 'export const started = true;\n'),
  edit('container', 'src/routes.ts', "export const routes = ['/orders'];\n"),
  create('local', 'src/search/index/words.ts', 'export const words = new Map();\n'),
  create('container', 'test/search/words/words.test.ts', "import '../../src/search';\n"),
  move('local', 'tools/lint.js', 'tools/check/lint.js', textOf('tools/lint.js')),
  move('container', 'tools/format.js', 'scripts/format.js', textOf('tools/format.js')),
  moveDirectory('local', 'docs/guides', 'docs/handbook'),
  moveDirectory('container', 'public/styles', 'src/styles'),
  remove('local', 'legacy/import.js'),
  remove('container', 'legacy/export.js'),
  remove('local', 'test/users', 'directory'),
  remove('container', 'legacy', 'directory'),
  chmod('local', 'scripts/seed.sh', 0o755),
  chmod('container', 'scripts/release.sh', 0o644),
];

/** Leaves one branch for the other: by git where `withGit`, else by what a checkout does to the files. */
export function switchStep(on: Side, withGit: boolean): Step {
  const [from, to, name] =
    on === 'local' ? [main, feature, git.feature] : [feature, main, git.main];
  const sights = switchSights(from, to);
  return {
    on,
    title: `${withGit ? 'git checkout' : 'switch to branch'} ${name} (${sights.length} files)`,
    deeds: withGit ? [gitDeed('checkout', '-q', name)] : switchDeeds(from, to),
    sights,
  };
}

/**
 * A repository of the container's own, at the branch whose files stand there: `.git` is not
 * synchronised, so that neither side can lead the other's git astray.
 */
export function repositoryDeeds(bundle: Buffer): Deed[] {
  return [
    gitDeed('init', '-q', '--template='),
    { do: 'bytes', path: '.git/bundle', base64: bundle.toString('base64') },
    gitDeed('fetch', '-q', '.git/bundle', 'refs/heads/*:refs/heads/*'),
    gitDeed('symbolic-ref', 'HEAD', `refs/heads/${git.feature}`),
    gitDeed('reset', '-q'),
  ];
}

function edit(on: Side, path: string, added: string): Step {
  const text = textOf(path) + added;
  const sights: Sight[] = [{ path, is: 'file', text }];
  return { on, title: `edit ${path}`, deeds: [{ do: 'write', path, text }], sights };
}

function create(on: Side, path: string, text: string): Step {
  const sights: Sight[] = [{ path, is: 'file', text }];
  return { on, title: `new ${path}`, deeds: [{ do: 'write', path, text }], sights };
}

function move(on: Side, path: string, to: string, text: string): Step {
  const sights: Sight[] = [
    { path: to, is: 'file', text },
    { path, is: 'absent' },
  ];
  return { on, title: `move ${path} to ${to}`, deeds: [{ do: 'move', path, to }], sights };
}

function moveDirectory(on: Side, path: string, to: string): Step {
  const below = Object.keys(main).filter((file) => file.startsWith(`${path}/`));
  const sights: Sight[] = [
    ...below.map((file) => ({
      path: to + file.slice(path.length),
      is: 'file' as const,
      text: textOf(file),
    })),
    { path, is: 'absent' },
  ];
  return { on, title: `move ${path}/ to ${to}/`, deeds: [{ do: 'move', path, to }], sights };
}

function remove(on: Side, path: string, kind: 'file' | 'directory' = 'file'): Step {
  const title = `delete ${path}${kind === 'directory' ? '/' : ''}`;
  return { on, title, deeds: [{ do: 'remove', path }], sights: [{ path, is: 'absent' }] };
}

function chmod(on: Side, path: string, mode: number): Step {
  const executable = (mode & 0o100) !== 0;
  return {
    on,
    title: `chmod ${executable ? '+x' : '-x'} ${path}`,
    deeds: [{ do: 'chmod', path, mode }],
    sights: [{ path, is: 'file', executable }],
  };
}

function textOf(path: string, branch: Branch = main): string {
  const node = branch[path];
  if (node === undefined || !('text' in node)) throw new Error(`no such file: ${path}`);
  return node.text;
}
