/**
 * Which paths are synchronised (DESIGN 8), one answer for both sides (invariant 6). In this order:
 * cai's own files, `.git`, secrets: nothing brings these back but the options for it. Then every
 * `.gitignore` from the root downwards, every `.caiignore` likewise, the configuration: there the last
 * matching line decides. `.git/info/exclude` and the user's global excludes are not read: they belong
 * to one machine, and both sides must come to the same verdict. Pure.
 */
import { compileIgnore, type IgnoreList, judge } from './gitignore.ts';
import { baseName, ownPrefix, type Path, parentPath, toBinary } from './path.ts';
import { isDotGit } from './protected.ts';
import { secretFilePatterns, secretPatterns } from './secrets.ts';

export { isProtected } from './protected.ts';

/** What decides which paths are synchronised, apart from the ignore files in the tree itself. */
export interface RuleOptions {
  /** Patterns in .gitignore syntax from the configuration and the command line, read last. */
  readonly ignore: readonly string[];
  /** Patterns of secrets that are synchronised all the same, also when a .gitignore names them. */
  readonly allow: readonly string[];
  /** Read .gitignore files. */
  readonly gitignore: boolean;
  /** Synchronise .git directories (their code-running parts stay protected from the container). */
  readonly git: boolean;
}

export type ExcludedBy = 'own' | 'git' | 'secret' | 'gitignore' | 'caiignore' | 'config';

export type Verdict =
  | { readonly excluded: false }
  | { readonly excluded: true; readonly by: ExcludedBy };

const included: Verdict = { excluded: false };
const excludedBy = {
  own: { excluded: true, by: 'own' },
  git: { excluded: true, by: 'git' },
  secret: { excluded: true, by: 'secret' },
  gitignore: { excluded: true, by: 'gitignore' },
  caiignore: { excluded: true, by: 'caiignore' },
  config: { excluded: true, by: 'config' },
} as const satisfies Record<ExcludedBy, Verdict>;

/** One ignore file as it bears on the paths of a directory. */
interface Layer {
  readonly by: 'gitignore' | 'caiignore' | 'config';
  readonly list: IgnoreList;
  /** How many bytes of a path lie before what the file's patterns see. */
  readonly skip: number;
}

/** What is the same for all paths of a directory. */
interface Surroundings {
  readonly directory: Path;
  /** The layer that is asked first comes first. */
  readonly layers: readonly Layer[];
  readonly inGit: boolean;
}

const secretLists = {
  any: compileIgnore(secretPatterns.join('\n')),
  files: compileIgnore(secretFilePatterns.join('\n')),
};

export class Rules {
  readonly #options: RuleOptions;
  readonly #config: Layer;
  /** The patterns of the configuration that speak of `.git`: only these reach into it. */
  readonly #configForGit: Layer;
  readonly #allow: IgnoreList;
  readonly #files = {
    gitignore: new Map<Path, IgnoreList>(),
    caiignore: new Map<Path, IgnoreList>(),
  };
  /** A scan asks for all names of a directory in a row. */
  #last: Surroundings | undefined;

  constructor(options: RuleOptions) {
    this.#options = options;
    const forGit = options.ignore.filter((pattern) => pattern.includes('.git'));
    this.#config = { by: 'config', list: compileIgnore(options.ignore.join('\n')), skip: 0 };
    this.#configForGit = { by: 'config', list: compileIgnore(forGit.join('\n')), skip: 0 };
    this.#allow = compileIgnore(options.allow.join('\n'));
  }

  /**
   * Text of a `.gitignore` or `.caiignore` (null: it is gone; also right for one that is no regular
   * file, which git does not read). True when the rules are others than before.
   */
  setRuleFile(path: Path, text: string | null): boolean {
    if (!isRuleFile(path)) return false;
    const by = baseName(path) === '.caiignore' ? 'caiignore' : 'gitignore';
    if (by === 'gitignore' && !this.#options.gitignore) return false;
    const files = this.#files[by];
    const directory = parentPath(path);
    const before = files.get(directory)?.lines ?? [];
    const list = compileIgnore(text ?? '');
    if (list.lines.join('\n') === before.join('\n')) return false;
    if (list.lines.length === 0) files.delete(directory);
    else files.set(directory, list);
    this.#last = undefined;
    return true;
  }

  /** The verdict for a path whose parent directories are all included. */
  verdict(path: Path, isDirectory: boolean): Verdict {
    if (path === '') return included;
    const name = baseName(path);
    if (name.startsWith(ownPrefix)) return excludedBy.own;
    const around = this.#surroundings(parentPath(path));
    const inGit = around.inGit || isDotGit(name);
    if (inGit && !this.#options.git) return excludedBy.git;
    // A lock in the copy would stop git there, and nobody would ever take it away.
    if (around.inGit && name.endsWith('.lock')) return excludedBy.git;
    // git does not look into its own directory for what to ignore: a branch may be called `build`.
    if (inGit) return this.#ask([this.#configForGit], path, isDirectory, false);
    const secret = isSecret(path, isDirectory);
    if (secret && !this.#isAllowed(path, isDirectory)) return excludedBy.secret;
    return this.#ask(around.layers, path, isDirectory, secret);
  }

  /** The verdict for any path: an excluded parent excludes it. */
  fullVerdict(path: Path, isDirectory: boolean): Verdict {
    for (let slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) {
      const verdict = this.verdict(path.slice(0, slash), true);
      if (verdict.excluded) return verdict;
    }
    return this.verdict(path, isDirectory);
  }

  #ask(
    layers: readonly Layer[],
    path: Path,
    isDirectory: boolean,
    allowedSecret: boolean,
  ): Verdict {
    const binary = toBinary(path);
    const name = baseName(binary);
    for (const { by, list, skip } of layers) {
      const judgement = judge(list, {
        path: skip === 0 ? binary : binary.slice(skip),
        name,
        isDirectory,
      });
      // Nearly every .gitignore names `.env`: allowing it would mean nothing if that still counted.
      if (judgement === undefined || (allowedSecret && by === 'gitignore')) continue;
      return judgement === 'exclude' ? excludedBy[by] : included;
    }
    return included;
  }

  /** True when the pattern that speaks of the path, or else of the nearest parent, allows it. */
  #isAllowed(path: Path, isDirectory: boolean): boolean {
    if (this.#allow.lines.length === 0) return false;
    for (
      let at = toBinary(path), directory = isDirectory;
      at !== '';
      at = parentPath(at), directory = true
    ) {
      const judgement = judge(this.#allow, {
        path: at,
        name: baseName(at),
        isDirectory: directory,
      });
      if (judgement !== undefined) return judgement === 'exclude';
    }
    return false;
  }

  #surroundings(directory: Path): Surroundings {
    if (this.#last?.directory === directory) return this.#last;
    const { gitignore, caiignore } = this.#files;
    const layers = [this.#config];
    if (caiignore.size > 0) layers.push(...layersAbove('caiignore', caiignore, directory));
    if (gitignore.size > 0) layers.push(...layersAbove('gitignore', gitignore, directory));
    this.#last = {
      directory,
      layers: layers.filter((layer) => layer.list.lines.length > 0),
      inGit: this.#options.git && directory.split('/').some(isDotGit),
    };
    return this.#last;
  }
}

/** The ignore files of a directory and of those above it, the deepest first. */
function layersAbove(
  by: 'gitignore' | 'caiignore',
  files: ReadonlyMap<Path, IgnoreList>,
  directory: Path,
): Layer[] {
  const layers: Layer[] = [];
  for (let at = directory; ; at = parentPath(at)) {
    const list = files.get(at);
    if (list !== undefined)
      layers.push({ by, list, skip: at === '' ? 0 : toBinary(at).length + 1 });
    if (at === '') return layers;
  }
}

function isSecret(path: Path, isDirectory: boolean): boolean {
  // The patterns are ASCII; what becomes of other bytes here does not matter.
  const lower = toBinary(path).toLowerCase();
  const subject = { path: lower, name: baseName(lower), isDirectory };
  if (judge(secretLists.any, subject) === 'exclude') return true;
  return !isDirectory && judge(secretLists.files, subject) === 'exclude';
}

/** True for the files whose text belongs into setRuleFile. */
export function isRuleFile(path: Path): boolean {
  return /(^|\/)\.(git|cai)ignore$/.test(path);
}
