/**
 * How the agent gets to run where nothing may be written: `node -e bootScript` reads the agent's text
 * off its standard input and evaluates it. Noise before the agent's greeting is skipped.
 */
import { CaiError } from '../errors.ts';

/** What the agent writes before its first frame; everything before it is noise. */
export const greeting = Buffer.from('\n\0cai-link\0\x1b\n', 'latin1');

const tooOld = 'cai-node-too-old';
const oldestNode = 18;

/** Evaluated by whatever `node` there is, so in the oldest JavaScript. */
export const bootScript = `(function(){
var v=process.versions.node,i=process.stdin,b=Buffer.alloc(0);
if(parseInt(v,10)<${oldestNode}){process.stdout.write("\\n${tooOld} "+v+"\\n");process.exitCode=1;return}
function d(c){b=Buffer.concat([b,c]);if(b.length<4||b.length<4+b.readUInt32BE(0))return;
var e=4+b.readUInt32BE(0);i.removeListener("data",d);i.removeListener("end",x);i.pause();
new Function("require","leftover",b.toString("utf8",4,e))(require,b.slice(e))}
function x(){process.exit(0)}
i.on("data",d);i.on("end",x)})()`.replaceAll('\n', '');

/** What the boot script wants to read first. */
export function bootMessage(agentSource: string): Buffer {
  const source = Buffer.from(agentSource, 'utf8');
  const head = Buffer.alloc(4);
  head.writeUInt32BE(source.length, 0);
  return Buffer.concat([head, source]);
}

/**
 * Arguments for node that keep the agent small: about 110 instead of 150 MB for 100,000 files, at no
 * measurable cost (`--optimize-for-size` takes twice the time). Node 18 to 26 know them all; an unknown
 * one would end node.
 */
export const nodeFlags: readonly string[] = [
  '--heap-growing-percent=40',
  '--max-semi-space-size=8',
  '--no-warnings',
];

/**
 * Environment to the same end: glibc keeps a memory arena a thread, which the agent has no use for, and
 * does not give back large buffers once it has learnt that they come and go.
 */
export const nodeEnvironment: readonly string[] = [
  'MALLOC_ARENA_MAX=1',
  'MALLOC_MMAP_THRESHOLD_=131072',
  'MALLOC_TRIM_THRESHOLD_=131072',
  'NODE_OPTIONS=',
];

export type GreetingSearch =
  | { readonly found: false }
  /** `rest`: what came after it. */
  | { readonly found: true; readonly rest: Buffer };

/** More noise than this is no noise. */
const maxNoise = 1024 * 1024;

/** Looks for the greeting in a stream that is cut anywhere. Throws NO_NODE, or PROTOCOL on endless noise. */
export function createGreetingSearch(): (bytes: Uint8Array) => GreetingSearch {
  let seen = Buffer.alloc(0);
  let total = 0;
  return (bytes) => {
    seen = Buffer.concat([seen, bytes]);
    total += bytes.length;
    const at = seen.indexOf(greeting);
    if (at >= 0) return { found: true, rest: seen.subarray(at + greeting.length) };
    const old = new RegExp(`\\n${tooOld} ([0-9.]{1,20})\\n`).exec(seen.toString('latin1'));
    if (old !== null) throw nodeTooOld(old[1] as string);
    if (total > maxNoise) {
      throw new CaiError('PROTOCOL', 'The container answered with something else than the agent.', {
        next: 'Look whether its node, or an entry point, prints without end.',
      });
    }
    seen = seen.subarray(-Math.max(greeting.length, tooOld.length + 30));
    return { found: false };
  };
}

function nodeTooOld(version: string): CaiError {
  return new CaiError('NO_NODE', `The container's node is too old: ${version}.`, {
    next: `Use an image with Node.js ${oldestNode} or newer.`,
  });
}
