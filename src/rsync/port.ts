/** rsync at the service of a replica on a disk (`RsyncPort` there), and of a session. */
import { findRsync } from './find.ts';
import { serveRsync } from './server.ts';

export const rsyncPort = { find: findRsync, serve: serveRsync };
