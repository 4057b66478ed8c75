/** The protocol's frames once more, written from its description, so that no mistake of the program's own code is shared. */

const greeting = Buffer.from('\n\0cai-link\0\x1b\n', 'latin1');
const headBytes = 12;

/** Cuts a stream into frames: `push` answers with those that are complete. */
export function createSplitter() {
  let held = Buffer.alloc(0);
  return {
    push(bytes) {
      held = Buffer.concat([held, bytes]);
      const frames = [];
      while (held.length >= 4 && held.length >= 4 + held.readUInt32BE(0)) {
        const end = 4 + held.readUInt32BE(0);
        frames.push(held.subarray(0, end));
        held = held.subarray(end);
      }
      return frames;
    },
  };
}

/** Splits off what comes before the frames: the greeting to the host, the agent's text to the agent. */
export function createPreface(side) {
  let held = Buffer.alloc(0);
  const endOf = () => {
    if (side === 'agent') return held.length < 4 ? -1 : 4 + held.readUInt32BE(0);
    const at = held.indexOf(greeting);
    return at < 0 ? -1 : at + greeting.length;
  };
  return (bytes) => {
    held = Buffer.concat([held, bytes]);
    const end = endOf();
    if (end < 0 || held.length < end) return undefined;
    return { preface: held.subarray(0, end), rest: held.subarray(end) };
  };
}

export function decode(frame) {
  const end = headBytes + frame.readUInt32BE(4);
  return { json: JSON.parse(frame.toString('utf8', headBytes, end)), bytes: frame.subarray(end) };
}

export function encode({ json, bytes = Buffer.alloc(0) }, number) {
  return encodeText(JSON.stringify(json), bytes, number);
}

export function encodeText(json, bytes, number) {
  const text = Buffer.from(json);
  const head = Buffer.alloc(headBytes);
  head.writeUInt32BE(headBytes - 4 + text.length + bytes.length, 0);
  head.writeUInt32BE(text.length, 4);
  head.writeUInt32BE(number >>> 0, 8);
  return Buffer.concat([head, text, bytes]);
}
