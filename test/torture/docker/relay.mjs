/** Carries the bytes of a link between a session and its agent, and does a deed to them on the way. */
import { spawn } from 'node:child_process';
import { frameDeed } from './frame-deeds.mjs';

export function relay([program, ...args], deed) {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const end = (code) => {
    child.kill('SIGKILL');
    process.exit(code);
  };
  const make = deeds[deed.kind] ?? frameDeed;
  const { toHost, toAgent } = make(deed, end);
  for (const stream of [child.stdin, child.stdout, process.stdin, process.stdout])
    stream.on('error', () => end(1));
  carry(process.stdin, child.stdin, toAgent);
  carry(child.stdout, process.stdout, toHost);
  child.on('close', (code) => process.stdout.write('', () => process.exit(code ?? 1)));
  process.on('SIGTERM', () => end(143));
}

/** One piece after the other; the sender waits for the receiver. */
function carry(from, to, change) {
  let last = Promise.resolve();
  from.on('data', (bytes) => {
    from.pause();
    last = last.then(async () => {
      for await (const piece of change(bytes)) {
        if (piece.length > 0 && !to.write(piece))
          await new Promise((resolve) => to.once('drain', resolve));
      }
      from.resume();
    });
  });
  from.on('end', () => {
    last = last.then(() => to.end());
  });
}

const pass = (bytes) => [bytes];

/** Deeds that know nothing of what they carry. */
const deeds = {
  honest: () => ({ toHost: pass, toAgent: pass }),
  /** The link breaks after so many bytes, anywhere in a frame. */
  cut({ bytes: limit }, end) {
    let seen = 0;
    const counted = async function* (bytes) {
      const room = limit - seen;
      seen += bytes.length;
      if (room >= bytes.length) return yield bytes;
      yield bytes.subarray(0, Math.max(0, room));
      setImmediate(() => end(1));
    };
    return { toHost: counted, toAgent: counted };
  },
  /** From some byte on nothing comes any more, and nobody says so. */
  stall({ bytes: limit }) {
    let seen = 0;
    const toHost = (bytes) => {
      const room = Math.max(0, limit - seen);
      seen += bytes.length;
      return [bytes.subarray(0, room)];
    };
    return { toHost, toAgent: pass };
  },
  /** Every piece comes late, both ways. */
  delay({ ms }) {
    const late = async function* (bytes) {
      await new Promise((resolve) => setTimeout(resolve, ms));
      yield bytes;
    };
    return { toHost: late, toAgent: late };
  },
};
