/**
 * What a script for developers was told. With `--help`, and with what `parse` throws at, the script ends with its usage.
 *
 * @template T
 * @param {string} usage
 * @param {() => T} parse
 * @returns {T}
 */
export function orUsage(usage, parse) {
  if (process.argv.includes('--help')) {
    process.stdout.write(usage);
    process.exit(0);
  }
  try {
    return parse();
  } catch (error) {
    process.stderr.write(`${error.message}\n\n${usage}`);
    process.exit(2);
  }
}

/** @param {string} flag @param {readonly string[]} names @param {readonly string[]} given */
export function oneOf(flag, names, given) {
  const wrong = given.find((name) => !names.includes(name));
  if (wrong !== undefined) {
    throw new Error(`${flag} ${wrong}: there is ${names.join(', ')}`);
  }
}
