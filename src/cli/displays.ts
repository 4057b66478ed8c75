/** The three ways in which `cai watch` shows a session: live on a terminal, as lines, as JSON lines. */
import type { SessionEvent, SessionStatus } from '../control/api.ts';
import type { Feed } from './feed.ts';
import { colors, note, plainColors, print, printJsonLine } from './output.ts';
import { renderEvent } from './render-event.ts';
import { createScreen } from './screen.ts';
import { renderView } from './view.ts';

/** Shows a session; returns the way to end that. */
export type Display = (feed: Feed) => () => void;

const redrawMs = 100;

/** The display that fits where the output goes. */
export function chooseDisplay(json: boolean): Display {
  if (json) return showJson;
  return process.stdout.isTTY ? showLive : showLines;
}

/** Lines of the view, redrawn in place at most ten times a second. */
export function showLive(feed: Feed): () => void {
  const screen = createScreen(process.stdout);
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  async function redraw(): Promise<void> {
    // Before it asks: what happens while the answer comes need not be in it.
    timer = undefined;
    const status = await feed.status().catch(() => undefined);
    if (status !== undefined && !closed) {
      screen.draw(renderView(status, { colors, rows: process.stdout.rows ?? 24, hint: feed.hint }));
    }
  }
  const soon = (): void => {
    timer ??= setTimeout(() => void redraw(), redrawMs);
  };
  feed.onEvent(soon);
  process.stdout.on('resize', soon);
  void redraw();
  return () => {
    closed = true;
    clearTimeout(timer);
    process.stdout.off('resize', soon);
    screen.close();
  };
}

/** One line an event. The first line on stdout is `ready`; what comes before it goes to stderr. */
function showLines(feed: Feed): () => void {
  let ready = false;
  follow(feed, (event) => {
    const line = renderEvent(event, plainColors);
    ready ||= event.type === 'ready';
    if (line !== undefined) (ready ? print : note)(line);
  });
  return () => {};
}

function showJson(feed: Feed): () => void {
  follow(feed, printJsonLine);
  return () => {};
}

/** Every event from now on; a session that is ready already says so first. */
function follow(feed: Feed, tell: (event: SessionEvent) => void): void {
  let told = false;
  feed.onEvent((event) => {
    if (event.type === 'ready' && told) return;
    told ||= event.type === 'ready';
    tell(event);
  });
  const tellReady = (status: SessionStatus): void => {
    if (!status.ready || told) return;
    told = true;
    tell({ time: Date.now(), type: 'ready', files: status.files, bytes: status.bytes, ms: 0 });
  };
  feed.status().then(tellReady, () => {});
}
