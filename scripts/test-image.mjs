/**
 * Makes the docker images that the container tests use: cai-test-plain:1 (Debian with git and rsync,
 * without node) and cai-test-node:1 (the same with this machine's own node). They come from
 * debootstrap alone, no image registry is asked. Images of the present recipe are kept.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, openSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { answers, images } from './probe.mjs';

const mirror = process.env.CAI_TEST_MIRROR ?? 'http://deb.debian.org/debian';
const label = 'cai-test-recipe';
// A shell as first process ends at once when asked to, and reaps what its children leave behind.
const idle = ['/bin/sh', '-c', 'trap "exit 0" TERM; while :; do sleep 100000 & wait; done'];

/** Makes what is missing or of another recipe. Fails with a message that says what to install. */
export function makeTestImages({ say = (line) => process.stderr.write(`${line}\n`) } = {}) {
  const recipe = digest(readFileSync(fileURLToPath(import.meta.url)));
  const node = realpathSync(process.execPath);
  const nodeRecipe = digest(`${recipe} ${node} ${process.version}`);
  if (recipeOf(images.plain) !== recipe) {
    if (!answers('debootstrap', ['--version'])) {
      throw new Error('debootstrap is missing: sudo apt-get install debootstrap');
    }
    if (process.getuid?.() !== 0) {
      throw new Error('debootstrap works for root only: sudo node scripts/test-image.mjs');
    }
    say(`making ${images.plain} with debootstrap (a minute or two)`);
    makePlain(recipe);
  }
  if (recipeOf(images.node) !== nodeRecipe) {
    say(`making ${images.node} with node ${process.version}`);
    makeNode(node, nodeRecipe);
  }
}

function makePlain(recipe) {
  const work = mkdtempSync(join(tmpdir(), 'cai-image-'));
  const root = join(work, 'root');
  // What Dockerfile.workspace would install otherwise, so that its build needs no network.
  const include = '--include=git,rsync,procps,inotify-tools,openssh-client';
  try {
    run('debootstrap', ['--variant=minbase', include, 'bookworm', root, mirror], work);
    run(
      'chroot',
      [root, 'useradd', '--create-home', '--uid', '1000', '--shell', '/bin/bash', 'dev'],
      work,
    );
    rmSync(join(root, 'var/cache/apt'), { recursive: true, force: true });
    rmSync(join(root, 'var/lib/apt/lists'), { recursive: true, force: true });
    const archive = join(work, 'root.tar');
    run('tar', ['-C', root, '-cf', archive, '.'], work);
    run('docker', ['import', ...changes(recipe), archive, images.plain], work);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** The node binary and those of its libraries that Debian's base has not, on top of the plain image. */
function makeNode(node, recipe) {
  const work = mkdtempSync(join(tmpdir(), 'cai-image-'));
  const id = run('docker', ['create', images.plain], work).trim();
  try {
    run('docker', ['cp', node, `${id}:/usr/local/bin/node`], work);
    for (const library of missingLibraries(node)) {
      run('docker', ['cp', '-L', library, `${id}:/usr/local/lib/${basename(library)}`], work);
    }
    run('docker', ['commit', ...changes(recipe), id, images.node], work);
    run('docker', ['run', '--rm', '--network', 'none', images.node, 'node', '--version'], work);
  } finally {
    run('docker', ['rm', '-f', id], work);
    rmSync(work, { recursive: true, force: true });
  }
}

function missingLibraries(node) {
  const { stdout } = spawnSync('ldd', [node], { encoding: 'utf8' });
  const paths = [...(stdout ?? '').matchAll(/=> (\/\S+)/g)].map((match) => match[1]);
  const inBase = /^(lib(c|m|dl|pthread|rt|stdc\+\+|gcc_s)\.so\.\d+|ld-.*)$/;
  return paths.filter((path) => existsSync(path) && !inBase.test(basename(path)));
}

function changes(recipe) {
  const lines = [
    `LABEL ${label}=${recipe}`,
    `CMD ${JSON.stringify(idle)}`,
    'ENV LD_LIBRARY_PATH=/usr/local/lib',
  ];
  return lines.flatMap((line) => ['--change', line]);
}

function recipeOf(tag) {
  const format = `{{index .Config.Labels "${label}"}}`;
  const { stdout } = spawnSync('docker', ['image', 'inspect', '--format', format, tag], {
    encoding: 'utf8',
  });
  return (stdout ?? '').trim();
}

/** Runs a command quietly; fails with the end of what it said. */
function run(command, args, work) {
  const log = join(work, 'log');
  const { status, stdout, error } = spawnSync(command, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', openSync(log, 'w')],
    maxBuffer: 64 * 1024 * 1024,
    timeout: 15 * 60_000,
  });
  if (status === 0) return stdout;
  const said = `${stdout ?? ''}${readFileSync(log, 'utf8')}`
    .trim()
    .split('\n')
    .slice(-8)
    .join('\n');
  throw new Error(`${command} ${args.slice(0, 2).join(' ')} failed: ${error?.message ?? said}`);
}

function digest(content) {
  return createHash('sha256').update(content).digest('hex').slice(0, 16);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    makeTestImages();
  } catch (error) {
    process.stderr.write(`test-image: ${error.message}\n`);
    process.exitCode = 1;
  }
}
