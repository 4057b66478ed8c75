/**
 * What this machine can do for the tests: each need with whether it is met and the command that would
 * meet it. The one list of needs; test/support/needs.ts and scripts/test.mjs read it.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

export const images = { node: 'cai-test-node:1', plain: 'cai-test-plain:1' };

/** Probes everything: [{ need, met, enable }]. Takes well under a second. */
export function probe() {
  const docker = answers('docker', ['info', '--format', '{{.ServerVersion}}']);
  const image =
    docker && Object.values(images).every((tag) => answers('docker', ['image', 'inspect', tag]));
  return [
    {
      need: 'docker',
      met: image,
      enable: docker
        ? 'sudo apt-get install debootstrap && sudo node scripts/test-image.mjs'
        : 'sudo apt-get install docker.io && sudo dockerd &',
    },
    {
      need: 'docker-compose',
      met: answers('docker-compose', ['version']),
      enable: 'sudo apt-get install docker-compose',
    },
    { need: 'rsync', met: answers('rsync', ['--version']), enable: 'sudo apt-get install rsync' },
    {
      need: 'sshd',
      met: existsSync('/usr/sbin/sshd') && answers('ssh', ['-V']),
      enable: 'sudo apt-get install openssh-server openssh-client',
    },
    { need: 'git', met: answers('git', ['--version']), enable: 'sudo apt-get install git' },
    { need: 'root', met: process.getuid?.() === 0, enable: 'sudo npm test' },
    {
      need: 'mount',
      // In a namespace of its own, which takes the mount along when it ends.
      met: answers('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']),
      enable: 'sudo npm test, where root may mount',
    },
    { need: 'linux', met: process.platform === 'linux', enable: 'run the tests on Linux' },
  ];
}

/** True when the command is there, runs and ends with 0 in time. */
export function answers(command, args) {
  return spawnSync(command, args, { stdio: 'ignore', timeout: 10_000 }).status === 0;
}
