/**
 * Runs as root while the agent image is built: makes the user and its directories, and sees to the few
 * tools that work in a container needs. Uses Node alone, since a base image may have no shell.
 */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { agentData, agentHome, agentPrograms, agentUser, agentWorkspace } from '../agent-places.ts';

const { name, uid, gid } = agentUser;

makeUser();
for (const path of [agentHome, dirname(agentData), agentData, agentWorkspace]) {
  mkdirSync(path, { recursive: true });
  chownSync(path, uid, gid);
  chmodSync(path, 0o755);
}
makeCommand();
makeShellFiles();
trustWorkspace();
addTools();

/** Whoever has the id in the base image (`node`, `dev` …) becomes our user. */
function makeUser(): void {
  const shell = ['/bin/bash', '/usr/bin/bash', '/bin/sh'].find(existsSync) ?? '/sbin/nologin';
  const former = replaceLine('/etc/passwd', uid, `${name}:x:${uid}:${gid}::${agentHome}:${shell}`);
  replaceLine('/etc/group', gid, `${name}:x:${gid}:`);
  if (!existsSync('/etc/shadow')) return;
  const kept = lines('/etc/shadow').filter((line) => ![name, former].includes(line.split(':')[0]));
  writeFileSync('/etc/shadow', `${[...kept, `${name}:*:19000:0:99999:7:::`].join('\n')}\n`);
}

/** Puts a line in place of those with the same name or id; answers with the name that had the id. */
function replaceLine(path: string, id: number, line: string): string | undefined {
  const all = existsSync(path) ? lines(path) : [];
  const holds = (each: string) => each.split(':')[2] === String(id);
  const kept = all.filter((each) => !holds(each) && each.split(':')[0] !== name);
  writeFileSync(path, `${[...kept, line].join('\n')}\n`);
  return all.find(holds)?.split(':')[0];
}

function lines(path: string): string[] {
  return readFileSync(path, 'utf8').split('\n').filter(Boolean);
}

function makeCommand(): void {
  mkdirSync('/usr/local/bin', { recursive: true });
  rmSync('/usr/local/bin/cai', { force: true });
  symlinkSync(`${agentPrograms}/cai.js`, '/usr/local/bin/cai');
}

/** Interactive shells read what was synchronised; a base image that has files of its own keeps them. */
function makeShellFiles(): void {
  const login = 'case $- in *i*) [ -n "$BASH_VERSION" ] && . ~/.bashrc ;; esac\n';
  const interactive = `for file in ~/.bash_aliases ~/.bashrc.d/*.sh; do
  [ -r "$file" ] && . "$file"
done
unset file
`;
  for (const [file, content] of [
    ['.profile', login],
    ['.bashrc', interactive],
  ] as const) {
    const path = `${agentHome}/${file}`;
    if (existsSync(path)) continue;
    writeFileSync(path, content);
    chownSync(path, uid, gid);
  }
}

/** A workspace that is mounted belongs to a user of the host, and git would refuse to look into it. */
function trustWorkspace(): void {
  const path = '/etc/gitconfig';
  const before = existsSync(path) ? readFileSync(path, 'utf8') : '';
  writeFileSync(path, `${before}[safe]\n\tdirectory = ${agentWorkspace}\n`);
}

/** An image without git still serves volumes and sync, so a registry of packages that is out of reach is no failure. */
function addTools(): void {
  if (runs('git', ['--version'])) return;
  const tools = ['git', 'openssh-client', 'bash', 'rsync', 'ca-certificates'];
  const added = runs('apk', ['--version'])
    ? runs('apk', ['add', '--no-cache', ...tools])
    : runs('apt-get', ['update']) &&
      runs('apt-get', ['install', '-y', '--no-install-recommends', ...tools]);
  if (!added) process.stdout.write(`warning: ${tools.join(', ')} could not be installed\n`);
}

function runs(command: string, args: readonly string[]): boolean {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  return spawnSync(command, args, { stdio: 'inherit', env }).status === 0;
}
