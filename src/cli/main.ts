/** The command line's entry: finds the command, loads only that, and turns its end into an exit code. */
import { Command, CommanderError } from 'commander';
import { commands } from './commands.ts';

declare const __CAI_VERSION__: string;

const outro = `
Start here:
  $ cai watch . my-container:/workspace    keep both sides the same
  $ cai status                             what is going on
  $ cai history                            what was replaced or removed, for undo
`;

async function main(argv: readonly string[]): Promise<void> {
  const program = new Command('cai')
    .description(
      'Live two-way sync between a local directory and a container, with history and undo.',
    )
    .version(__CAI_VERSION__)
    .configureOutput({ outputError: () => {} })
    .exitOverride()
    .addHelpText('after', outro);
  const chosen = argv[0] === 'help' ? argv[1] : argv[0];
  for (const { name, summary, hidden = false, load } of commands) {
    const command = program.command(name, { hidden }).description(summary);
    if (name === chosen) (await load()).define(command);
  }
  if (argv.length === 0) program.outputHelp();
  else await program.parseAsync(argv, { from: 'user' });
}

async function fail(thrown: unknown, argv: readonly string[]): Promise<void> {
  if (thrown instanceof CommanderError && thrown.exitCode === 0) return;
  const { reportError } = await import('./report-error.ts');
  const usage =
    thrown instanceof CommanderError ? { message: thrown.message, command: argv[0] } : undefined;
  process.exitCode = reportError(thrown, { json: argv.includes('--json'), usage });
}

// A reader that has gone (`cai history | head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(process.exitCode ?? 0);
  throw error;
});

const argv = process.argv.slice(2);
main(argv).catch((thrown: unknown) => fail(thrown, argv));
