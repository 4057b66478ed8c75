import { expect, test } from 'vitest';
import { builtInExcludes, compileExcludes, excludedBy } from './excludes.ts';

const builtIn = compileExcludes(builtInExcludes);

test.each<[string, boolean, string | undefined]>([
  ['.vim/cache', true, 'cache/'],
  ['.vim/cache/x/y', false, 'cache/'],
  ['.vim/cache', false, undefined],
  ['.claude/plugins/cache/market/plugin/dist/a.js', false, undefined],
  ['.claude/plugins/cache/market/plugin/node_modules/a.js', false, 'node_modules/'],
  ['.vscode-server/extensions/a.b-1/node_modules/x.js', false, undefined],
  ['.claude/projects/p/x.jsonl', false, '.claude/projects/'],
  ['.vimrc~', false, '*~'],
  ['.vimrc', false, undefined],
])('built in: %s', (path, isDirectory, pattern) => {
  expect(excludedBy(builtIn, path, isDirectory)).toBe(pattern);
});

test.each<[readonly string[], string, string | undefined]>([
  [['*.log', '!keep.log'], 'a/keep.log', undefined],
  [['*.log', '!keep.log'], 'a/x.log', '*.log'],
  [['.claude/', '!.claude/a'], '.claude/a', '.claude/'],
  [['/a'], 'b/a', undefined],
  [['~/a/b'], 'a/b/c', '~/a/b'],
  [['~/a/b'], 'x/a/b', undefined],
  [['# no pattern', ''], 'a', undefined],
  [['a/**/z'], 'a/b/c/z', 'a/**/z'],
])('%j and %s', (patterns, path, pattern) => {
  expect(excludedBy(compileExcludes(patterns), path, false)).toBe(pattern);
});
