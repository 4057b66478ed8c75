import fc from 'fast-check';
import { expect, it } from 'vitest';
import { checkContainerName, checkVolumeName, labels, workspaceNames } from './names.ts';

it('are readable, and the same for the same workspace only', () => {
  const names = workspaceNames('/home/me/My App');
  expect(names.container).toMatch(/^cai-my-app-[0-9a-f]{10}$/);
  expect(names.volume).toBe(`${names.container}-data`);
  expect(workspaceNames('/home/me/My App')).toEqual(names);
  expect(workspaceNames('/home/you/My App')).not.toEqual(names);
});

it('are valid whatever the workspace is called', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (path) => {
      const { container, volume } = workspaceNames(`/${path}`);
      checkContainerName(container);
      checkVolumeName(volume);
      expect(volume.length).toBeLessThan(64);
    }),
  );
});

it.each(['', '-x', '/etc', 'a/b', 'a:b', 'a b', '.', 'x'.repeat(256)])('%j is refused', (name) => {
  expect(() => checkVolumeName(name)).toThrow(expect.objectContaining({ code: 'USAGE' }));
});

it('labels are what documentation and scripts filter by', () => {
  expect(labels).toEqual({
    managed: 'containai.managed',
    workspace: 'containai.workspace',
    volume: 'containai.data-volume',
  });
});
