/** Syncthing: two instances on this machine, without discovery and relays, with its shortest watch delay. */
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Pair } from '../pair.ts';
import type { Peer, Running } from '../peer.ts';
import { background, run, versionOf } from '../processes.ts';

export const syncthing: Peer = {
  name: 'syncthing',
  // Through a container it would have to be in the image.
  forms: ['directories'],
  twoWay: true,
  version: async () =>
    (await versionOf('syncthing', ['--version']))?.split(' ').slice(0, 2).join(' '),
  start,
};

interface Instance {
  readonly id: string;
  readonly directory: string;
  readonly port: number;
  readonly call: (path: string, body?: unknown) => Promise<Record<string, unknown>>;
  readonly end: () => Promise<void>;
}

const key = 'bench';
const deadlineMs = 5 * 60_000;

async function start({ local, remote, top }: Pair): Promise<Running> {
  const near = await launch(join(top, 'syncthing-local'), local);
  const far = await launch(join(top, 'syncthing-container'), remote);
  const stop = async () => {
    await Promise.all([near.end(), far.end()]);
  };
  try {
    await configure(near, far);
    await configure(far, near);
    await until(async () => {
      const [here, there] = await Promise.all([near, far].map((each) => folderStatus(each)));
      const isDone =
        here?.state === 'idle' && there?.state === 'idle' && Number(here.localFiles) > 0;
      return isDone && here.localFiles === there.localFiles && there.needFiles === 0;
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return { stop };
}

async function launch(home: string, directory: string): Promise<Instance> {
  await run('syncthing', ['generate', `--home=${home}`, '--no-default-folder']);
  const id = (await run('syncthing', ['serve', `--home=${home}`, '--device-id'])).trim();
  const [api, port] = [await freePort(), await freePort()];
  const { end } = background('syncthing', [
    'serve',
    `--home=${home}`,
    '--no-browser',
    '--no-restart',
    `--gui-address=http://127.0.0.1:${api}`,
    `--gui-apikey=${key}`,
  ]);
  const call: Instance['call'] = async (path, body) => {
    const answer = await fetch(`http://127.0.0.1:${api}/rest/${path}`, {
      method: body === undefined ? 'GET' : 'PUT',
      headers: { 'X-API-Key': key },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`syncthing answers ${answer.status} to ${path}`);
    const text = await answer.text();
    return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
  };
  await until(() => call('system/ping').then(() => true));
  return { id, directory, port, call, end };
}

async function configure(self: Instance, other: Instance): Promise<void> {
  const config = await self.call('config');
  await self.call('config', {
    ...config,
    options: {
      ...(config.options as object),
      listenAddresses: [`tcp://127.0.0.1:${self.port}`],
      globalAnnounceEnabled: false,
      localAnnounceEnabled: false,
      relaysEnabled: false,
      natEnabled: false,
      urAccepted: -1,
      crashReportingEnabled: false,
      autoUpgradeIntervalH: 0,
    },
    devices: [
      { deviceID: self.id },
      { deviceID: other.id, addresses: [`tcp://127.0.0.1:${other.port}`] },
    ],
    folders: [
      {
        id: 'bench',
        path: self.directory,
        type: 'sendreceive',
        rescanIntervalS: 3600,
        devices: [{ deviceID: self.id }, { deviceID: other.id }],
        fsWatcherEnabled: true,
        fsWatcherDelayS: 1,
      },
    ],
  });
}

const folderStatus = (instance: Instance) => instance.call('db/status?folder=bench');

/** Asks again until the answer is true; failing counts as not yet. */
async function until(condition: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + deadlineMs;
  while (!(await condition().catch(() => false))) {
    if (Date.now() > end) throw new Error('syncthing did not become ready in time');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { readonly port: number };
      server.close(() => resolve(port));
    });
  });
}
