/** The workspace as a person starts it: `docker-compose -f docker-compose.workspace.yml`, under names of its own. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { afterAll } from 'vitest';
import { home } from '../../scripts/fresh.mjs';
import { docker, images, type Output } from './container.ts';
import { freePort } from './rsync.ts';

export interface Workspace {
  readonly container: string;
  readonly rsyncPort: number;
  readonly mcpPort: number;
  compose(...args: string[]): Promise<Output>;
  /** `docker exec CONTAINER ARGS`, whatever the exit code. */
  exec(...args: string[]): Promise<Output>;
}

/** What is made under these names is removed when the test file ends. */
export async function newWorkspace(): Promise<Workspace> {
  const name = `cai-test-${randomBytes(5).toString('hex')}`;
  const [rsyncPort, mcpPort] = [await freePort(), await freePort()];
  const env = {
    ...process.env,
    BASE_IMAGE: images.node,
    COMPOSE_PROJECT_NAME: name,
    WORKSPACE_CONTAINER: name,
    WORKSPACE_VOLUME: name,
    WORKSPACE_IMAGE: name,
    WORKSPACE_RSYNC_PORT: String(rsyncPort),
    WORKSPACE_MCP_PORT: String(mcpPort),
  };
  const compose = (...args: string[]) =>
    run(['docker-compose', '-f', 'docker-compose.workspace.yml', ...args], env);
  afterAll(async () => {
    await compose('down', '--volumes', '--rmi', 'all', '--timeout', '1');
  });
  return {
    container: name,
    rsyncPort,
    mcpPort,
    compose,
    exec: (...args) => docker(['exec', name, ...args], { anyCode: true }),
  };
}

function run(command: readonly string[], env: NodeJS.ProcessEnv): Promise<Output> {
  const [program, ...args] = command as readonly [string, ...string[]];
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: home, env, stdio: ['ignore', 'pipe', 'pipe'] });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    child.once('error', reject);
    child.once('close', (code) => {
      const stdout = Buffer.concat(out).toString();
      const stderr = Buffer.concat(err).toString();
      if (code === 0) resolve({ code, stdout, stderr });
      else reject(new Error(`${command.join(' ')} ended with ${code}: ${stdout}${stderr}`));
    });
  });
}
