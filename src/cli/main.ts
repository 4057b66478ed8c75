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
  if (argv.length === 0) return program.outputHelp();
  // With `help` or --help commander shows the page of all commands instead of saying that there is no such one.
  const unknown = chosen !== undefined && /^\w/.test(chosen) && !isCommand(chosen);
  await program.parseAsync(unknown ? [chosen] : argv, { from: 'user' });
}

function isCommand(word: string): boolean {
  return word === 'help' || commands.some(({ name }) => name === word);
}

async function fail(thrown: unknown, argv: readonly string[]): Promise<void> {
  if (thrown instanceof CommanderError && thrown.exitCode === 0) return;
  const { reportError } = await import('./report-error.ts');
  const usage =
    thrown instanceof CommanderError ? { message: thrown.message, command: argv[0] } : undefined;
  process.exitCode = reportError(thrown, { json: argv.includes('--json'), usage });
}

/** Does not go back to what the command does: it would write on. */
async function failToWrite(cause: Error): Promise<never> {
  const { CaiError, toCaiError } = await import('../errors.ts');
  const next = 'See where it goes: a full disk, or a file that has reached its limit.';
  const { code } = toCaiError(cause);
  await fail(new CaiError(code, 'The output cannot be written.', { cause, next }), []);
  return process.exit();
}

// A reader that has gone (`cai history | head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(process.exitCode ?? 0);
  void failToWrite(error);
});
// What cannot be told is lost; the command goes on.
process.stderr.on('error', () => {});

const argv = process.argv.slice(2);
main(argv).catch((thrown: unknown) => fail(thrown, argv));
