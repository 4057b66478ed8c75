/** Run by a container's node: sends the lines of its argument to a session's socket, prints the answers. */
const { connect } = require('node:net');
const { readdirSync } = require('node:fs');
const [lines, answers] = [JSON.parse(process.argv[1]), Number(process.argv[2])];
const places = ['/run/cai', `/tmp/.cai-${process.getuid()}`, `/dev/shm/.cai-${process.getuid()}`];
const names = places.flatMap((place) => {
  try {
    return readdirSync(place).map((name) => `${place}/${name}`);
  } catch {
    return [];
  }
});
const socket = connect(names[0] ?? '/none');
let text = '';
socket.on('data', (chunk) => {
  text += chunk;
  if (text.split('\n').length > answers) socket.end();
});
socket.on('error', (error) => process.stderr.write(error.message));
socket.on('close', () => process.stdout.write(text));
for (const line of lines) socket.write(`${line}\n`);
