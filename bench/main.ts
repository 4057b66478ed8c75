/**
 * `npm run bench`: cai beside its peers on this machine, in one run, as tables. It measures and judges;
 * it is no test: its exit code is 0 unless cai itself could not be measured.
 */
import { parseArgs } from 'node:util';
import { oneOf, orUsage } from '../scripts/usage.mjs';
import { judge } from './bars.ts';
import { machine } from './machine.ts';
import type { Measure } from './measure.ts';
import type { Form } from './pair.ts';
import { preferImageWithRsync, useMemory } from './pair.ts';
import type { Peer } from './peer.ts';
import { cai } from './peers/cai.ts';
import { lsyncd } from './peers/lsyncd.ts';
import { mutagen } from './peers/mutagen.ts';
import { rsync } from './peers/rsync.ts';
import { syncthing } from './peers/syncthing.ts';
import { unison } from './peers/unison.ts';
import type { Results } from './render.ts';
import { render } from './render.ts';
import { fullScale, quickScale, runScenario, scenarios } from './scenarios.ts';

const usage = `npm run bench -- [--quick] [--memory] [--json] [--only SCENARIO]… [--form FORM] [--peer NAME]…

  --quick           fewer repetitions, and 20,000 files where it would be 100,000
  --json            print every value as JSON
  --memory          all trees in memory (/dev/shm), to leave the disk out of it
  --only SCENARIO   ${scenarios.map(({ name }) => name).join(', ')}
  --form FORM       container, directories
  --peer NAME       cai, rsync -a, unison, syncthing, lsyncd, mutagen
`;

const allPeers: readonly Peer[] = [cai, rsync, mutagen, unison, syncthing, lsyncd];
const allForms: readonly Form[] = ['container', 'directories'];

const scenarioNames = scenarios.map(({ name }) => name);
const peerNames = allPeers.map(({ name }) => name);
const flags = orUsage(usage, parse);

function parse() {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      memory: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true, default: scenarioNames },
      form: { type: 'string', multiple: true, default: [...allForms] },
      peer: { type: 'string', multiple: true, default: peerNames },
    },
  });
  oneOf('--only', scenarioNames, values.only);
  oneOf('--form', allForms, values.form);
  oneOf('--peer', peerNames, values.peer);
  return values;
}

async function bench(): Promise<void> {
  const scale = flags.quick ? quickScale : fullScale;
  const measures: Measure[] = [];
  const failures: string[] = [];
  await preferImageWithRsync();
  if (flags.memory) useMemory();
  const facts = await machine();
  const { peers, missing } = await installed();
  for (const scenario of scenarios.filter(({ name }) => flags.only.includes(name))) {
    for (const form of allForms.filter((each) => flags.form.includes(each))) {
      for (const { peer } of peers.filter((each) => each.peer.forms.includes(form))) {
        if (!scenario.isFor(peer)) continue;
        process.stderr.write(`${scenario.name}, ${form}: ${peer.name}\n`);
        try {
          measures.push(...(await runScenario(scenario, { peer, form, scale })));
        } catch (error) {
          failures.push(`${scenario.name}, ${form}, ${peer.name}: ${(error as Error).message}`);
          if (peer === cai) process.exitCode = 1;
        }
      }
    }
  }
  const results: Results = {
    measures,
    judgements: judge(measures, allForms),
    peers: peers
      .map(({ peer, version }) => ({ name: peer.name, version }))
      .filter(({ name }) => measures.some((each) => each.peer === name)),
    missing,
    failures,
    largeFiles: scale.largeFiles,
    machine: { ...facts, trees: flags.memory ? 'in memory' : 'on disk' },
  };
  if (flags.json) process.stdout.write(`${JSON.stringify(results, undefined, 2)}\n`);
  else process.stdout.write(`${render(results).join('\n')}\n`);
}

async function installed() {
  const chosen = allPeers.filter(({ name }) => flags.peer.includes(name));
  const found = await Promise.all(
    chosen.map(async (peer) => ({ peer, version: await peer.version() })),
  );
  return {
    peers: found.flatMap(({ peer, version }) => (version === undefined ? [] : [{ peer, version }])),
    missing: found.flatMap(({ peer, version }) => (version === undefined ? [peer.name] : [])),
  };
}

await bench();
