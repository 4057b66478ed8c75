/**
 * A stand-in for kubectl that knows what one JSON file says and runs commands on this machine:
 * `node kubectl.mjs STATE [--context C] --namespace N get pod P --output json`, `… exec --stdin P
 * --container C -- COMMAND…`. The file: { contexts, pods: { "NAMESPACE/NAME": POD } }; with `down` it
 * cannot reach its cluster, with `forbidden` it may not.
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

const [statePath, ...args] = process.argv.slice(2);
const state = JSON.parse(readFileSync(statePath, 'utf8'));
const context = option('--context');
const namespace = option('--namespace');
const [verb] = args;

if (state.down)
  fail(
    'The connection to the server 127.0.0.1:6443 was refused - did you specify the right host or port?',
  );
if (context !== undefined && !state.contexts.includes(context))
  fail(`error: context "${context}" does not exist`);
if (state.forbidden)
  fail(`Error from server (Forbidden): pods is forbidden: User "x" cannot ${verb} resource "pods"`);
if (verb === 'get') get(args[2]);
else exec(args[2]);

function get(name) {
  process.stdout.write(JSON.stringify(podOf(name)));
}

function exec(name) {
  const container = args[args.indexOf('--container') + 1];
  const found = podOf(name).spec.containers.find((each) => each.name === container);
  if (found === undefined)
    fail(`Error from server (BadRequest): container ${container} is not valid for pod ${name}`);
  const [program, ...rest] = args.slice(args.indexOf('--') + 1);
  const child = spawn(program, rest, { stdio: 'inherit' });
  child.once('error', () =>
    fail(
      `error: Internal error occurred: error executing command in container: exec: "${program}": executable file not found in $PATH`,
    ),
  );
  child.once('exit', (code) => {
    if (code !== 0) process.stderr.write(`command terminated with exit code ${code}\n`);
    process.exitCode = code ?? 1;
  });
}

function podOf(name) {
  return (
    state.pods[`${namespace}/${name}`] ??
    fail(`Error from server (NotFound): pods "${name}" not found`)
  );
}

function option(name) {
  if (args[0] !== name) return undefined;
  return args.splice(0, 2)[1];
}

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}
