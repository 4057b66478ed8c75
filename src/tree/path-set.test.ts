import { expect, test } from 'vitest';
import { random } from '../../test/support/random.ts';
import { isWithin, type Path } from './path.ts';
import { PathSet } from './path-set.ts';

test('agrees with a comparison of all with all', () => {
  const { seed, below } = random();
  const some = (): Path =>
    Array.from({ length: 1 + below(3) }, () => ['a', 'b', 'ab', 'a-b'][below(4)]).join('/');
  const paths = new PathSet();
  const model = new Set<Path>();
  for (let step = 0; step < 3000; step += 1) {
    const path = some();
    if (below(2) === 0) {
      paths.add(path);
      model.add(path);
    } else expect(paths.delete(path), `seed ${seed}`).toBe(model.delete(path));
    const asked = some();
    const all = [...model];
    expect(paths.size, `seed ${seed}`).toBe(model.size);
    expect(paths.has(asked), `seed ${seed}`).toBe(model.has(asked));
    expect(paths.touches(asked), `seed ${seed}, ${asked} in ${all.join()}`).toBe(
      all.some((one) => isWithin(one, asked) || isWithin(asked, one)),
    );
    // Most of the time it holds few.
    if (all.length <= 6) continue;
    for (const one of all) paths.delete(one);
    model.clear();
  }
});
