/** A step that arrives although nothing was synchronised would show nothing. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../../test/support/tree.ts';
import { makeProject } from './demo-project.ts';
import { localPuppet } from './demo-puppet.ts';
import type { Step } from './demo-steps.ts';
import { steps, switchStep } from './demo-steps.ts';

const isThere = async (root: string, { sights }: Step) =>
  (await localPuppet(root).watchFor(sights, 0)).missing === undefined;

test.each([true, false])(
  'every step is seen after it was done, never before (git: %s)',
  async (withGit) => {
    const root = join(temporaryDirectory(), 'project');
    await makeProject(root, withGit);
    const back = { ...switchStep('container', withGit), title: 'back' };
    for (const step of [...steps, switchStep('local', withGit), back]) {
      expect(await isThere(root, step), `before: ${step.title}`).toBe(false);
      await localPuppet(root).act(step.deeds);
      expect(await isThere(root, step), `after: ${step.title}`).toBe(true);
    }
  },
);
