/** Tells when a container starts and ends, through the engine's own events. */
import { spawn } from 'node:child_process';
import type { EngineCommand } from './engine.ts';

export interface ContainerEvent {
  readonly type: 'start' | 'die';
  /** Id of the container; another one than before means that it was recreated. */
  readonly id: string;
}

export interface ContainerWatch {
  stop(): void;
  /** Settles when no more events come: it was stopped, or the daemon went away. Never rejects. */
  readonly ended: Promise<void>;
}

export interface WatchContainerOptions {
  readonly command: EngineCommand;
  readonly container: string;
  readonly onEvent: (event: ContainerEvent) => void;
}

const maxLine = 1024 * 1024;

/** Events of the container of that name, also when it is recreated. */
export function watchContainer(options: WatchContainerOptions): ContainerWatch {
  const { command, container, onEvent } = options;
  const [program, ...own] = command as readonly [string, ...string[]];
  const filters = ['--filter', `container=${container}`, '--filter', 'type=container'];
  const child = spawn(program, [...own, 'events', ...filters, '--format', '{{json .}}'], {
    stdio: ['ignore', 'pipe', 'ignore'],
    windowsHide: true,
  });
  let rest = '';
  child.stdout.setEncoding('utf8');
  child.stdout.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = (lines.pop() ?? '').slice(-maxLine);
    for (const line of lines) {
      const event = readEvent(line);
      if (event !== undefined) onEvent(event);
    }
  });
  const ended = new Promise<void>((resolve) => {
    child.once('error', () => resolve());
    child.once('close', () => resolve());
  });
  return { stop: () => void child.kill(), ended };
}

/** A line of docker's (`id`, `status`) or podman's (`ID`, `Status`) events; undefined when it is another. */
export function readEvent(line: string): ContainerEvent | undefined {
  try {
    const raw = JSON.parse(line) as Readonly<Record<string, unknown>>;
    const status = raw.status ?? raw.Status ?? raw.Action;
    const actor = (raw.Actor ?? {}) as { ID?: unknown };
    const id = raw.id ?? raw.ID ?? actor.ID;
    if (typeof id !== 'string') return undefined;
    if (status === 'start') return { type: 'start', id };
    if (status === 'die' || status === 'died') return { type: 'die', id };
  } catch {
    // Warnings of the command stand between the events.
  }
  return undefined;
}
