/**
 * Which paths are synchronised (DESIGN 8), one answer for both sides (invariant 6). In this order:
 * cai's own files, `.git`, secrets: nothing brings these back but the options for it. Then every
 * `.gitignore` from the root downwards, every `.caiignore` likewise, the configuration: there the last
 * matching line decides. `.git/info/exclude` and the user's global excludes are not read: they belong
 * to one machine, and both sides must come to the same verdict. Pure.
 */
import { compileIgnore, type IgnoreList, judge, type Subject } from './gitignore.ts';
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

type ExcludedBy = 'own' | 'git' | 'secret' | 'gitignore' | 'caiignore' | 'config';

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
  /** The directory's own full verdict, once it is known. */
  verdict?: Verdict;
}

/** Directories whose surroundings are remembered; a scan and bursts of events come back to them. */
const maxRemembered = 4096;

const secretDirectories = compileIgnore(secretPatterns.join('\n'));
const secretFiles = compileIgnore([...secretPatterns, ...secretFilePatterns].join('\n'));

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
  readonly #remembered = new Map<Path, Surroundings>();
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
    this.#remembered.clear();
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
    const binary = toBinary(path);
    const subject = { path: binary, name: binary === path ? name : baseName(binary), isDirectory };
    // git does not look into its own directory for what to ignore: a branch may be called `build`.
    if (inGit) return lastWord([this.#configForGit], subject);
    if (!isSecret(subject)) return lastWord(around.layers, subject);
    if (!this.#isAllowed(subject)) return excludedBy.secret;
    // Nearly every .gitignore names `.env`: allowing it would mean nothing if that still counted.
    return lastWord(
      around.layers.filter((layer) => layer.by !== 'gitignore'),
      subject,
    );
  }

  /** The verdict for any path: an excluded parent excludes it. */
  fullVerdict(path: Path, isDirectory: boolean): Verdict {
    if (path === '') return included;
    const directory = parentPath(path);
    const around = this.#surroundings(directory);
    around.verdict ??= this.fullVerdict(directory, true);
    return around.verdict.excluded ? around.verdict : this.verdict(path, isDirectory);
  }

  /** True when the pattern that speaks of the path, or else of the nearest parent, allows it. */
  #isAllowed({ path, isDirectory }: Subject): boolean {
    if (this.#allow.lines.length === 0) return false;
    for (let at = path; at !== ''; at = parentPath(at)) {
      const subject = { path: at, name: baseName(at), isDirectory: isDirectory || at !== path };
      const judgement = judge(this.#allow, subject);
      if (judgement !== undefined) return judgement === 'exclude';
    }
    return false;
  }

  #surroundings(directory: Path): Surroundings {
    // A scan asks for all names of a directory in a row: then not even a hash is needed.
    if (this.#last?.directory === directory) return this.#last;
    const around = this.#remembered.get(directory) ?? this.#look(directory);
    this.#last = around;
    return around;
  }

  #look(directory: Path): Surroundings {
    const layers = [
      this.#config,
      ...layersAbove('caiignore', this.#files.caiignore, directory),
      ...layersAbove('gitignore', this.#files.gitignore, directory),
    ];
    const inGit = this.#options.git && directory.split('/').some(isDotGit);
    const around: Surroundings = { directory, layers, inGit };
    if (this.#remembered.size >= maxRemembered) this.#remembered.clear();
    this.#remembered.set(directory, around);
    return around;
  }
}

/** What the last matching line says: the first layer that has one decides. */
function lastWord(layers: readonly Layer[], subject: Subject): Verdict {
  for (const { by, list, skip } of layers) {
    const seen = skip === 0 ? subject : { ...subject, path: subject.path.slice(skip) };
    const judgement = judge(list, seen);
    if (judgement !== undefined) return judgement === 'exclude' ? excludedBy[by] : included;
  }
  return included;
}

/** The ignore files of a directory and of those above it, the deepest first. */
function layersAbove(
  by: 'gitignore' | 'caiignore',
  files: ReadonlyMap<Path, IgnoreList>,
  directory: Path,
): Layer[] {
  const layers: Layer[] = [];
  if (files.size === 0) return layers;
  for (let at = directory; ; at = parentPath(at)) {
    const list = files.get(at);
    if (list !== undefined)
      layers.push({ by, list, skip: at === '' ? 0 : toBinary(at).length + 1 });
    if (at === '') return layers;
  }
}

function isSecret(subject: Subject): boolean {
  const list = subject.isDirectory ? secretDirectories : secretFiles;
  // What this makes of bytes beyond ASCII does not matter: no pattern has any.
  const path = subject.path.toLowerCase();
  const lower = path === subject.path ? subject : { ...subject, path, name: baseName(path) };
  return judge(list, lower) === 'exclude';
}

/** True for the files whose text belongs into setRuleFile. */
export function isRuleFile(path: Path): boolean {
  return /(^|\/)\.(git|cai)ignore$/.test(path);
}
