import { expect, test } from 'vitest';
import { isDotGit, isProtected } from './protected.ts';

test.each([
  '.git',
  'sub/.git',
  '.git/config',
  '.git/config.worktree',
  '.git/hooks',
  '.git/hooks/pre-commit',
  '.git/hooks/deep/file',
  '.git/info/attributes',
  '.git/info',
  '.git/commondir',
  '.git/gitdir',
  '.git/rebase-merge/git-rebase-todo',
  'a/b/.git/hooks/x',
  '.git/modules/lib/config',
  '.git/modules/vendor/deep/lib/hooks/post-checkout',
  '.git/modules/lib/modules/inner/info/attributes',
  '.git/modules/lib/worktrees/w/gitdir',
  '.git/worktrees/w/config.worktree',
  '.git/worktrees/w/commondir',
  '.git/worktrees/w/gitdir',
  // Spellings that some file system takes for the same.
  '.GIT/Hooks/x',
  '.Git/CONFIG',
  'git~1/config',
  'GIT~1/hooks/x',
  '.git/CONFIG~1.WOR',
  '.git./config',
  '.git /hooks/x',
  '.git::$INDEX_ALLOCATION/config',
  '.g\u200cit/config',
  '.git/con\ufb01g',
  '.git/hoo\u212as/x',
  'a\\.git\\hooks\\x',
  'containai.toml',
  'sub/Containai.TOML',
  'containai.toml::$DATA',
  'CONTAI~1.TOM',
  '\uff43ontainai.toml',
])('%j is protected', (path) => expect(isProtected(path)).toBe(true));

test.each([
  'a',
  'git/config',
  '.github/hooks/x',
  '.gitignore',
  '.gitattributes',
  '.gitmodules',
  'x.git/config',
  '.git/HEAD',
  '.git/index',
  '.git/objects/ab/cdef',
  // Branches may be called anything.
  '.git/refs/heads/config',
  '.git/refs/heads/hooks/x',
  '.git/logs/refs/heads/config',
  '.git/info/exclude',
  '.git/modules/lib/HEAD',
  '.git/worktrees/w/HEAD',
  'hooks/pre-commit',
  'config',
  'containai',
  'containai.toml.md',
  'my-containai.toml',
])('%j is not', (path) => expect(isProtected(path)).toBe(false));

test('no link may be put into a .git: it could bring in hooks from elsewhere', () => {
  expect(isProtected('.git/modules/lib', 'link')).toBe(true);
  expect(isProtected('.git/objects', 'link')).toBe(true);
  expect(isProtected('.git/modules/lib', 'directory')).toBe(false);
  expect(isProtected('src/link', 'link')).toBe(false);
});

test('names that are .git to nobody', () => {
  const names = ['.gitx', 'git', '.gi', '..git', 'git~', 'git~x', 'gıt~1', '.git\udcff', ''];
  expect(names.filter(isDotGit)).toEqual([]);
});
