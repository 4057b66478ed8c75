import { expect, test } from 'vitest';
import { roomFaults } from '../scripts/rooms.mjs';

test('imports down the list and inside a room are fine', () => {
  expect(roomFaults('session/engine.ts', "import { Tree } from '../tree/tree.ts';\n")).toEqual([]);
  expect(roomFaults('session/engine.ts', "import { x } from './x.ts';\n")).toEqual([]);
  expect(roomFaults('tree/tree.ts', "import { CaiError } from '../errors.ts';\n")).toEqual([]);
});

test('imports up the list are faults, however they are written', () => {
  for (const text of [
    "import { run } from '../session/engine.ts';\n",
    "import type {\n  A,\n  B,\n} from '../session/engine.ts';\n",
    "export * from '../session/engine.ts';\n",
    "import '../session/engine.ts';\n",
    "const later = await import('../session/engine.ts');\n",
  ]) {
    expect(roomFaults('store/open.ts', text)).toEqual([
      'store/open.ts: store must not import session/engine.ts',
    ]);
  }
});

test('the session may know the types of its API, not its code', () => {
  const from = "{ SessionStatus } from '../control/api.ts';\n";
  expect(roomFaults('session/session.ts', `import type ${from}`)).toEqual([]);
  expect(roomFaults('session/session.ts', `import ${from}`)).toHaveLength(1);
});

test('tree does no I/O', () => {
  expect(roomFaults('tree/tree.ts', "import { readFileSync } from 'node:fs';\n")).toHaveLength(1);
  expect(roomFaults('tree/tree.ts', "import { createHash } from 'node:crypto';\n")).toEqual([]);
});
