/** Deeds to whole frames on their way from the agent to the host: repeated, lost, exchanged, replaced by lies. */
import { createPreface, createSplitter, decode, encode } from './frames.mjs';
import { lies } from './lies.mjs';

export function frameDeed(deed) {
  const calls = new Map();
  const toAgent = inFrames('agent', (frame) => {
    const { json } = decode(frame);
    if (json.t === 'call') calls.set(json.id, json.method);
    return [frame];
  });
  const change = deed.kind === 'lie' ? lying(deed, calls) : numbered(deed);
  if (deed.name === 'noise') return { toHost: endlessNoise, toAgent };
  return { toHost: inFrames('host', change), toAgent };
}

/** What to do with each frame, once those before it are through. */
function inFrames(side, change) {
  const preface = createPreface(side);
  const splitter = createSplitter();
  let begun = false;
  return async function* (bytes) {
    let rest = bytes;
    if (!begun) {
      const found = preface(bytes);
      if (found === undefined) return;
      begun = true;
      yield found.preface;
      rest = found.rest;
    }
    for (const frame of splitter.push(rest)) yield* change(frame);
  };
}

/** The frame of that number is sent twice, left out, or changes places with the next one. */
function numbered({ kind, frame: chosen }) {
  let number = -1;
  let held;
  return function* (frame) {
    number += 1;
    if (number === chosen && kind === 'swap') held = frame;
    else if (number !== chosen || kind !== 'drop') yield frame;
    if (number === chosen && kind === 'repeat') yield frame;
    if (number === chosen + 1 && held !== undefined) yield held;
  };
}

/** Frames get new numbers, so that a lie is not seen by its number. */
function lying({ name, ...deed }, calls) {
  let number = 0;
  const lie = lies[name](deed);
  return async function* (frame) {
    const message = decode(frame);
    const method = message.json.id === undefined ? undefined : calls.get(message.json.id);
    for await (const told of lie(message, method)) {
      yield Buffer.isBuffer(told) ? told : encode(told, number);
      number += 1;
    }
  };
}

async function* endlessNoise() {
  for (;;) {
    yield Buffer.alloc(65_536, 'noise\n');
    await new Promise((resolve) => setImmediate(resolve));
  }
}
