/** The rules, one a line: what base and sides hold, what is done on which side. */
import { describe, expect, test } from 'vitest';
import { settleConflict, settleMerged } from './conflict.ts';
import { isProtected } from './protected.ts';
import type { Plan, PlannedAction, ReconcileInput } from './reconcile.ts';
import { reconcile } from './reconcile.ts';
import {
  blocked,
  changesOf,
  digestOf,
  directory,
  file,
  link,
  picture,
  type Sketch,
  treeOf,
} from './testing.ts';

const F1 = file('F1', { mtime: 1000.5 });
const F2 = file('F2', { mtime: 2000.5 });
const F3 = file('F3', { mtime: 3000.5 });
const L = link('t');

type Part = Sketch[string];

function planFor(
  base: Sketch,
  local: Sketch,
  container: Sketch,
  more: Partial<ReconcileInput> = {},
): Plan {
  const tree = treeOf(picture(base));
  const modes = more.modes ?? 'portable';
  return reconcile({
    base: tree,
    changes: {
      local: changesOf(tree, picture(local), modes),
      container: changesOf(tree, picture(container), modes),
    },
    mode: 'two-way',
    modes,
    policy: () => 'newest',
    hostLeads: false,
    clockSkew: 0,
    isProtected: () => false,
    ...more,
  });
}

const symbols = { write: '+', link: '+', mkdir: '+', remove: '-', attributes: '%' } as const;

function brief(action: PlannedAction): string {
  const entry = action.type === 'remove' ? undefined : action.entry;
  const what =
    entry?.kind === 'file'
      ? [F1, F2, F3].findIndex((one) => one.digest === entry.digest) + 1
      : undefined;
  return `${symbols[action.type]}${action.path}${entry?.kind === 'directory' ? '/' : ''}${what === undefined ? '' : `=F${what}`}`;
}

/** E.g. 'local: +p=F2 | container: -q | conflict p local'. */
function summary(plan: Plan): string {
  const parts = [
    ...(['local', 'container'] as const).map((side) =>
      plan.actions[side].length === 0 ? '' : `${side}: ${plan.actions[side].map(brief).join(' ')}`,
    ),
    plan.agreed.length === 0
      ? ''
      : `agreed: ${plan.agreed.map(([path, entry]) => (entry === null ? '-' : '+') + path).join(' ')}`,
    ...plan.conflicts.map((one) => `conflict ${one.path} ${one.kind} ${one.winner}`),
    ...(['diverged', 'refused', 'restored'] as const).map((name) =>
      plan[name].length === 0 ? '' : `${name}: ${plan[name].join(' ')}`,
    ),
  ].filter((part) => part !== '');
  return parts.join(' | ');
}

const D = (inside: Sketch): Part => inside;

describe('two-way, by newest', () => {
  const rows: readonly (readonly [Part, Part, Part, string])[] = [
    // Files.
    [null, F1, null, 'container: +p=F1'],
    [null, null, F1, 'local: +p=F1'],
    [null, F1, F1, 'agreed: +p'],
    [null, F1, F2, 'local: +p=F2 | conflict p create-create container'],
    [F1, F1, F1, ''],
    [F1, F2, F1, 'container: +p=F2'],
    [F1, F1, F2, 'local: +p=F2'],
    [F1, F2, F2, 'agreed: +p'],
    [F1, F2, F3, 'local: +p=F3 | conflict p edit-edit container'],
    [F1, F3, F2, 'container: +p=F3 | conflict p edit-edit local'],
    [F1, null, F1, 'container: -p'],
    [F1, F1, null, 'local: -p'],
    [F1, null, null, 'agreed: -p'],
    [F1, null, F2, 'local: +p=F2 | restored: p'],
    [F1, F2, null, 'container: +p=F2 | restored: p'],
    // Permissions and times.
    [F1, { ...F1, executable: true }, F1, 'container: %p=F1'],
    [F1, F1, { ...F1, mtime: 5000.5 }, 'local: %p=F1'],
    [F1, { ...F1, executable: true }, { ...F1, mtime: 5000.5 }, 'local: %p=F1 | container: %p=F1'],
    [F1, { ...F1, executable: true }, null, 'local: -p'],
    [F1, { ...F1, executable: true }, F2, 'local: +p=F2 | container: %p=F2'],
    // Links.
    [null, L, null, 'container: +p'],
    [F1, L, F1, 'container: +p'],
    [L, L, F1, 'local: +p=F1'],
    [F1, L, F2, 'local: +p=F2 | conflict p edit-edit container'],
    [null, link('t'), link('u'), 'container: +p | conflict p create-create local'],
    // Directories, child by child.
    [null, D({ x: F1 }), null, 'container: +p/ +p/x=F1'],
    [null, D({ x: F1 }), D({ x: F1, y: F2 }), 'local: +p/y=F2 | agreed: +p +p/x'],
    [D({ x: F1 }), null, D({ x: F1 }), 'container: -p/x -p'],
    [D({ x: F1 }), D({ x: F1 }), null, 'local: -p/x -p'],
    [D({ x: F1 }), null, null, 'agreed: -p -p/x'],
    [D({ x: F1 }), null, D({}), 'container: -p | agreed: -p/x'],
    [D({ x: F1 }), null, D({ x: F2 }), 'local: +p/ +p/x=F2 | restored: p p/x'],
    [
      D({ x: F1, z: F1 }),
      null,
      D({ x: F1, y: F2, z: F1 }),
      'local: +p/ +p/y=F2 | container: -p/z -p/x | restored: p',
    ],
    [D({ x: F1 }), null, D({ x: F1, u: blocked() }), 'container: -p/x'],
    // Types.
    [F1, D({ x: F1 }), F1, 'container: -p +p/ +p/x=F1'],
    [D({ x: F1, y: D({}) }), D({ x: F1, y: D({}) }), F2, 'local: -p/y -p/x -p +p=F2'],
    [D({ x: F1, y: F1 }), D({ x: F1 }), F2, 'local: -p/x -p +p=F2 | agreed: -p/y'],
    [D({ x: F1 }), D({ x: F3 }), F2, 'container: -p +p/ +p/x=F3 | conflict p type local'],
    [D({ x: F1 }), D({ x: F2 }), F3, 'local: -p/x -p +p=F3 | conflict p type container'],
    [F1, D({ x: F1 }), F2, 'local: -p/x -p +p=F2 | conflict p type container'],
    [D({ x: F1 }), null, F2, 'local: +p=F2 | agreed: -p/x | restored: p'],
    [F1, D({ x: F1 }), null, 'container: +p/ +p/x=F1 | restored: p'],
    // Blocked.
    [F1, blocked(), F1, ''],
    [F1, blocked(), F2, ''],
    [F1, F2, blocked(), ''],
    [F1, blocked(), null, ''],
    [D({ x: F1 }), blocked(), null, ''],
    [D({ x: F1 }), D({ x: F1, u: blocked() }), F2, ''],
    [
      D({ u: D({ x: F1 }) }),
      D({ u: blocked(), y: F3 }),
      F2,
      'container: -p +p/ +p/y=F3 | conflict p type local',
    ],
  ];
  test.each(rows)('%#: %o, %o, %o', (base, local, container, expected) => {
    expect(summary(planFor({ p: base }, { p: local }, { p: container }))).toBe(expected);
  });
});

describe('one way', () => {
  const rows: readonly (readonly [Part, Part, Part, string])[] = [
    [null, F1, null, 'container: +p=F1'],
    [null, null, F1, 'diverged: p'],
    [null, F1, F2, 'container: +p=F1 | conflict p create-create local'],
    [F1, F1, F2, 'diverged: p'],
    [F1, F2, F2, 'agreed: +p'],
    [F1, F2, F3, 'container: +p=F2 | conflict p edit-edit local'],
    [F1, null, F1, 'container: -p'],
    [F1, F1, null, 'diverged: p'],
    [F1, null, F2, 'diverged: p'],
    [F1, F2, null, 'container: +p=F2 | restored: p'],
    [F1, F1, { ...F1, executable: true }, 'diverged: p'],
    [null, null, D({ x: F1 }), 'diverged: p p/x'],
    [D({ x: F1 }), null, D({ x: F1, y: F2 }), 'container: -p/x | diverged: p/y'],
    [
      D({ x: F1, y: F1 }),
      D({ x: F2, y: F1 }),
      null,
      'container: +p/ +p/x=F2 | diverged: p/y | restored: p p/x',
    ],
    [F1, F1, D({ x: F1 }), 'diverged: p p/x'],
    [F1, F2, D({ x: F1 }), 'container: -p/x -p +p=F2 | conflict p type local'],
  ];
  const turned = (text: string) =>
    text.replace(/local|container/g, (side) => (side === 'local' ? 'container' : 'local'));
  test.each(rows)('%#: %o, %o, %o', (base, source, receiver, expected) => {
    const there = planFor({ p: base }, { p: source }, { p: receiver }, { mode: 'to-container' });
    expect(summary(there)).toBe(expected);
    const back = planFor({ p: base }, { p: receiver }, { p: source }, { mode: 'to-local' });
    expect(summary(back)).toBe(turned(expected));
  });
});

describe('without a base', () => {
  const none = { hostLeads: true } as const;

  test('the host leads, and only what both have is decided for it', () => {
    const plan = planFor({}, { a: F1, b: F1, c: F1 }, { a: F2, b: F1, d: F2 }, none);
    expect(summary(plan)).toBe(
      'local: +d=F2 | container: +a=F1 +c=F1 | agreed: +b | conflict a create-create local',
    );
  });

  test('unless the policy names the container, or a person', () => {
    const byPolicy = (policy: 'container' | 'manual' | 'merge') =>
      summary(planFor({}, { a: F1 }, { a: F2 }, { ...none, policy: () => policy }));
    expect(byPolicy('container')).toBe('local: +a=F2 | conflict a create-create container');
    expect(byPolicy('manual')).toBe('conflict a create-create open');
    expect(byPolicy('merge')).toBe('container: +a=F1 | conflict a create-create local');
  });
});

describe('protected paths', () => {
  const isProtected = (path: string) => path === 'g/hooks' || path.startsWith('g/hooks/');
  const plan = (base: Part, local: Part, container: Part) =>
    summary(planFor({ g: base }, { g: local }, { g: container }, { isProtected }));
  const hooks = (x: Part) => D({ hooks: D({ x }), o: F1 });

  test('the container neither makes, changes nor removes them', () => {
    expect(plan(D({}), D({}), hooks(F1))).toBe('local: +g/o=F1 | refused: g/hooks g/hooks/x');
    expect(plan(hooks(F1), hooks(F1), hooks(F2))).toBe('refused: g/hooks/x');
    expect(plan(hooks(F1), hooks(F1), hooks({ ...F1, executable: true }))).toBe(
      'refused: g/hooks/x',
    );
    expect(plan(hooks(F1), hooks(F1), null)).toBe('local: -g/o | refused: g/hooks g/hooks/x');
    expect(plan(hooks(F1), hooks(F1), F2)).toBe('refused: g');
  });

  test('what local does goes over, and wins', () => {
    expect(plan(hooks(F1), hooks(F2), hooks(F1))).toBe('container: +g/hooks/x=F2');
    expect(plan(hooks(F1), hooks(F2), hooks(F3))).toBe(
      'container: +g/hooks/x=F2 | conflict g/hooks/x edit-edit local',
    );
    expect(plan(hooks(F1), hooks(null), hooks(F2))).toBe(
      'container: -g/hooks/x | conflict g/hooks/x edit-remove local',
    );
    expect(plan(hooks(F1), hooks(F2), F3)).toBe(
      'container: -g +g/ +g/hooks/ +g/hooks/x=F2 +g/o=F1 | conflict g type local',
    );
  });
});

describe('links in .git', () => {
  const planGit = (base: Part, local: Part, container: Part) =>
    summary(planFor({ '.git': base }, { '.git': local }, { '.git': container }, { isProtected }));
  const objects = D({ objects: D({ o: F1 }) });

  test('do not come from the container, neither new nor in the place of something', () => {
    expect(planGit(D({}), D({}), D({ l: L }))).toBe('refused: .git/l');
    expect(planGit(objects, objects, D({ objects: L }))).toBe('refused: .git/objects');
    expect(planGit(D({ x: F1 }), D({ x: F1 }), D({ x: L }))).toBe('refused: .git/x');
  });

  test('go to the container, and the container may remove them', () => {
    expect(planGit(D({}), D({ l: L }), D({}))).toBe('container: +.git/l');
    expect(planGit(D({ l: L }), D({ l: L }), D({}))).toBe('local: -.git/l');
  });
});

describe('conflicts', () => {
  test('clocks are compared by the host’s time', () => {
    const later = { ...F3, mtime: F2.mtime + 60_000 };
    const skewed = planFor({ p: F1 }, { p: F2 }, { p: later }, { clockSkew: 60_001 });
    expect(skewed.conflicts[0]?.winner).toBe('local');
  });

  test('a merge waits, with what to do when it is not clean', () => {
    const changed = { ...F3, executable: true };
    const plan = planFor({ p: F1 }, { p: F2 }, { p: changed }, { policy: () => 'merge' });
    const [conflict] = plan.conflicts;
    expect(summary(plan)).toBe('conflict p edit-edit merge');
    expect(conflict?.fallback).toBe('container');
    const settled = settleConflict(conflict!, 'container');
    expect(settled.local).toEqual([{ type: 'write', path: 'p', expect: F2, entry: changed }]);
    expect(settled.container).toEqual([]);
    const kept = settleConflict(conflict!, 'local');
    const entry = { ...F2, executable: true, mode: changed.mode };
    expect(kept.container).toEqual([{ type: 'write', path: 'p', expect: changed, entry }]);
    expect(kept.local).toEqual([{ type: 'attributes', path: 'p', expect: F2, entry }]);
  });

  test('merged content goes to both sides, with the bits that one of them changed', () => {
    const changed = { ...F2, executable: true };
    const plan = planFor({ p: F1 }, { p: changed }, { p: F3 }, { policy: () => 'merge' });
    const content = { digest: digestOf('merged'), size: 6, mtime: 9000.5 };
    const settled = settleMerged(plan.conflicts[0]!, content);
    const entry = { ...changed, ...content };
    expect(settled.local).toEqual([{ type: 'write', path: 'p', expect: changed, entry }]);
    expect(settled.container).toEqual([{ type: 'write', path: 'p', expect: F3, entry }]);
    const same = settleMerged(plan.conflicts[0]!, { ...content, digest: F3.digest });
    expect(same.container[0]?.type).toBe('attributes');
  });

  test('a clash of types left open can be settled either way', () => {
    const plan = planFor({ p: F1 }, { p: { x: F1 } }, { p: F2 }, { policy: () => 'manual' });
    const [conflict] = plan.conflicts;
    expect(summary(plan)).toBe('conflict p type open');
    expect(settleConflict(conflict!, 'local').container.map(brief)).toEqual([
      '-p',
      '+p/',
      '+p/x=F1',
    ]);
    expect(settleConflict(conflict!, 'container').local.map(brief)).toEqual([
      '-p/x',
      '-p',
      '+p=F2',
    ]);
  });
});

describe('the plan', () => {
  test('removes children first, creates parents first, names in order', () => {
    const base = { old: { b: F1, a: { c: F1 } } };
    const plan = planFor(base, { new: { b: { d: F1 }, a: F1 } }, base);
    expect(plan.actions.container.map(brief)).toEqual([
      '-old/b',
      '-old/a/c',
      '-old/a',
      '-old',
      '+new/',
      '+new/a=F1',
      '+new/b/',
      '+new/b/d=F1',
    ]);
  });

  test('sets the modes of directories last, when nothing is written into them any more', () => {
    const open = new Map([...picture({ d: directory(0o755) })]);
    const base = treeOf(open);
    const closed = new Map([...picture({ d: directory(0o555) }), ['d/x', F1] as const]);
    const plan = reconcile({
      base,
      changes: { local: changesOf(base, closed, 'full'), container: new Map() },
      mode: 'two-way',
      modes: 'full',
      policy: () => 'newest',
      hostLeads: false,
      clockSkew: 0,
      isProtected: () => false,
    });
    expect(plan.actions.container.map(brief)).toEqual(['+d/x=F1', '%d/']);
  });

  test('decides only the paths that are asked for, and what hangs on them', () => {
    const local = { a: F1, d: { x: F1, y: F1 }, e: { z: F1 } };
    expect(summary(planFor({}, local, {}, { paths: ['a'] }))).toBe('container: +a=F1');
    expect(summary(planFor({}, local, {}, { paths: ['d/x'] }))).toBe(
      'container: +d/ +d/x=F1 +d/y=F1',
    );
    const base = { d: { x: F1, y: F1 } };
    expect(summary(planFor(base, { d: { x: F2, y: F2 } }, base, { paths: ['d/x'] }))).toBe(
      'container: +d/x=F2',
    );
  });

  test('looks at the changed paths, not at the tree', () => {
    const base = treeOf(
      picture({ d: Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`f${i}`, F1])) }),
    );
    let gets = 0;
    const counted = new Proxy(base, {
      get(target, name) {
        if (name === 'get' || name === 'names' || name === 'entries') gets += 1;
        const value = Reflect.get(target, name, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    reconcile({
      base: counted,
      changes: { local: new Map([['d/f7', F2]]), container: new Map() },
      mode: 'two-way',
      modes: 'portable',
      policy: () => 'newest',
      hostLeads: false,
      clockSkew: 0,
      isProtected: () => false,
    });
    expect(gets).toBeLessThan(10);
  });
});
