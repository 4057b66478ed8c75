/**
 * `npm start -- ARGUMENTS`: sets up what is missing, then is `cai ARGUMENTS` (`cai demo` without any).
 * The program runs in this very process, so that terminal, signals and exit code are its own.
 */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { dist } from './fresh.mjs';
import { setup } from './setup.mjs';

setup();
const given = process.argv.slice(2);
const program = join(dist, 'cai.js');
process.argv = [process.execPath, program, ...(given.length === 0 ? ['demo'] : given)];
// npm changes to the package's directory; paths are meant from where the person stands.
const { npm_lifecycle_event: script, INIT_CWD: from } = process.env;
if (script === 'start' && from !== undefined) process.chdir(from);
await import(pathToFileURL(program).href);
