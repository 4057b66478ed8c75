import { expect, test } from 'vitest';
import { type Identity, identityChange, type Place } from './identity.ts';

const root = (inode: number, born = 5) => ({ device: 1, inode, born });
const identity = (change: Partial<Identity> = {}): Identity => ({
  local: root(1),
  container: root(2),
  place: { kind: 'container', id: 'a', created: 't' },
  ...change,
});
const at = (place: Place) => identity({ place });
const volume = (created: string): Place => ({ kind: 'volume', name: 'v', created });

test.each<[string, unknown, Identity, string | undefined]>([
  ['the same', identity(), identity(), undefined],
  ['another device number', identity(), identity({ local: { ...root(1), device: 9 } }), undefined],
  ['a kept volume', at(volume('t')), at(volume('t')), undefined],
  ['a new volume', at(volume('t')), at(volume('u')), 'the volume v is another'],
  [
    'a new root in the same volume',
    at(volume('t')),
    { ...at(volume('t')), container: root(3) },
    'in the container is another',
  ],
  [
    'a recreated container',
    identity(),
    at({ kind: 'container', id: 'b', created: 'u' }),
    'the container was recreated',
  ],
  ['from the container to a volume', identity(), at(volume('t')), 'stored elsewhere'],
  ['another local root', identity(), identity({ local: root(7) }), 'the local directory'],
  ['a root born later', identity(), identity({ local: root(1, 6) }), 'the local directory'],
  ['nothing known', undefined, identity(), 'does not say'],
  ['an older record', { local: root(1), container: root(2) }, identity(), 'does not say'],
])('%s', (_, known, now, why) => {
  const change = identityChange(known, now);
  if (why === undefined) expect(change).toBeUndefined();
  else expect(change).toContain(why);
});
