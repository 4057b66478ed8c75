/**
 * `npm run rsync:local -- --path DIR`: sets up what is missing, then is `cai workspace`. The directory is
 * $LOCAL_SYNC_PATH, else the one from which the person called it.
 */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { dist } from './fresh.mjs';
import { setup } from './setup.mjs';

setup();
const program = join(dist, 'cai.js');
process.argv = [process.execPath, program, 'workspace', ...process.argv.slice(2)];
// npm changes to the package's directory; paths are meant from where the person stands.
const { INIT_CWD: from } = process.env;
if (from !== undefined) process.chdir(from);
await import(pathToFileURL(program).href);
