import * as z from 'zod';
import { tool } from '../tool.ts';
import { sideName } from '../workspace.ts';

const output = z.object({
  workspace: z.string(),
  side: z.enum(['local', 'container']),
  allow_exec: z.boolean(),
  session: z.boolean().describe('a session carries changes at the moment'),
});

export const workspaceInfo = tool({
  name: 'workspace_info',
  title: 'Which directory this is',
  description:
    'Tells in which directory the tools work (nothing outside of it can be reached), on which side it is, and whether run_command is offered.',
  input: z.object({}),
  output,
  effect: 'reads',
  async run(_, { workspace }) {
    const { root, port, allowExec } = workspace;
    await port.ready();
    const data = { workspace: root, side: port.side, allow_exec: allowExec, session: port.isUp() };
    const session = data.session ? 'changes are synchronised' : 'no session runs';
    return { text: `${root} ${sideName(port.side)}; ${session}`, data };
  },
});
