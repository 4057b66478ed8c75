import { describe, expect, test } from 'vitest';
import { isRuleFile, type RuleOptions, Rules } from './rules.ts';

/** Rules with ignore files by path. */
function rulesOf(files: Record<string, string>, options: Partial<RuleOptions> = {}): Rules {
  const rules = new Rules({ ignore: [], allow: [], gitignore: true, git: false, ...options });
  for (const [path, text] of Object.entries(files)) rules.setRuleFile(path, text);
  return rules;
}

/** By whom a path is excluded; a slash at its end makes it a directory. */
function by(rules: Rules, path: string): string | undefined {
  const isDirectory = path.endsWith('/');
  const verdict = rules.fullVerdict(isDirectory ? path.slice(0, -1) : path, isDirectory);
  return verdict.excluded ? verdict.by : undefined;
}

describe('what nothing brings back', () => {
  const all = { ignore: ['!*', '!.cai-*', '!.git', '!.env'], allow: [] };
  const rules = rulesOf({ '.gitignore': '!*\n', '.caiignore': '!*\n' }, all);

  test.each([
    ['.cai-stage/', 'own'],
    ['a/.cai-x', 'own'],
    ['.cai-stage/a/b', 'own'],
    ['.git/', 'git'],
    ['.git', 'git'],
    ['a/.git/config', 'git'],
    ['.GIT/', 'git'],
    ['git~1/', 'git'],
    ['.env', 'secret'],
    ['a/.env.local', 'secret'],
  ])('%s', (path, expected) => expect(by(rules, path)).toBe(expected));

  test.each(['', 'a', '.gitignore', 'a/.caiignore', '.cai', '.github/', 'git'])(
    '%j stays',
    (path) => expect(by(rules, path)).toBeUndefined(),
  );
});

describe('secrets', () => {
  const rules = rulesOf({});

  test.each([
    '.env',
    '.env/',
    '.env.production',
    '.env.example.local',
    '.ENV',
    'keys/id_ed25519',
    'server.PEM',
    'a/b.key',
    '.npmrc',
    'home/.docker/config.json',
    '.aws/credentials',
    '.azure/tokens',
    '.config/gcloud/db',
    '.kube/config',
    '.cargo/credentials.toml',
    'service-account-prod.json',
  ])('%s stays out', (path) => expect(by(rules, path)).toBe('secret'));

  test.each([
    '.env.example',
    '.env.production.sample',
    'a/.env.dist',
    'env',
    'x.env',
    'id_rsa.pub',
    'kubeconfig/main.go',
    'certs.key/readme',
    'docker/config.json',
    'x.docker/config.json',
    '.aws/config',
    'main.tfvars',
    '\udcff.txt',
  ])('%j does not', (path) => expect(by(rules, path)).toBeUndefined());

  test('are allowed by pattern, also where a .gitignore names them, unless the user ignores them', () => {
    const rules = rulesOf(
      { '.gitignore': '.env\n*.pem\nout/\n', '.caiignore': 'not.pem' },
      { allow: ['.env', 'certs/', '!certs/real.key', '*.pem'], ignore: ['never.pem'] },
    );
    const paths = ['.env', 'a/.env', 'certs/a.key', 'certs/x/b.key', 'a.pem'];
    expect(paths.filter((path) => by(rules, path) !== undefined)).toEqual([]);
    expect(by(rules, '.env.local')).toBe('secret');
    expect(by(rules, 'certs/real.key')).toBe('secret');
    expect(by(rules, 'out/.env')).toBe('gitignore');
    expect(by(rules, 'not.pem')).toBe('caiignore');
    expect(by(rules, 'never.pem')).toBe('config');
  });
});

describe('.git, when it is wanted', () => {
  const rules = rulesOf(
    { '.gitignore': '.*\nlogs\n*.key\nbuild\n' },
    { git: true, ignore: ['heads', '.git/lfs/'] },
  );

  test('travels whole, whatever is ignored elsewhere, but without locks', () => {
    const whole = [
      '.git/',
      '.git/logs/HEAD',
      '.git/refs/heads/build',
      '.git/refs/heads/a.key',
      'sub/.git',
    ];
    expect(whole.filter((path) => by(rules, path) !== undefined)).toEqual([]);
    expect(by(rules, '.git/index.lock')).toBe('git');
    expect(by(rules, 'sub/.git/refs/heads/x.lock')).toBe('git');
    expect(by(rules, 'yarn.lock')).toBeUndefined();
    expect(by(rules, 'logs')).toBe('gitignore');
  });

  test('can be left out in part by naming it', () => {
    expect(by(rules, '.git/lfs/x')).toBe('config');
  });
});

describe('the order of ignore files', () => {
  test('.caiignore has the word after every .gitignore, the configuration after both', () => {
    const rules = rulesOf(
      {
        '.gitignore': 'a\nb\nc\n',
        'deep/.gitignore': 'd\n!a',
        '.caiignore': '!b\n!c\nx\ny\n!d',
        'deep/.caiignore': '!x',
      },
      { ignore: ['c', '!y', '/deep/only'] },
    );
    expect(['a', 'b', 'c', 'x', 'y'].map((path) => by(rules, path))).toEqual([
      'gitignore',
      undefined,
      'config',
      'caiignore',
      undefined,
    ]);
    // deep/.gitignore is deeper, but the root's .caiignore is later.
    const deep = ['deep/a', 'deep/d', 'deep/x', 'deep/only', 'only'];
    expect(deep.map((path) => by(rules, path))).toEqual([
      undefined,
      undefined,
      undefined,
      'config',
      undefined,
    ]);
  });

  test('.caiignore brings back a directory that .gitignore excludes, with what is in it', () => {
    const rules = rulesOf({ '.gitignore': 'vendor/', '.caiignore': '!vendor/' });
    expect(by(rules, 'vendor/a/b')).toBeUndefined();
  });

  test('nothing below an excluded directory is brought back', () => {
    const rules = rulesOf({
      '.gitignore': 'out',
      'out/.gitignore': '!*',
      '.caiignore': '!out/keep',
    });
    expect(by(rules, 'out/keep')).toBe('gitignore');
    expect(rules.verdict('out/keep', false)).toEqual({ excluded: false });
  });

  test('.gitignore files do not count when they are switched off', () => {
    const rules = rulesOf({ '.gitignore': 'a', '.caiignore': 'b' }, { gitignore: false });
    expect([by(rules, 'a'), by(rules, 'b')]).toEqual([undefined, 'caiignore']);
    expect(rules.setRuleFile('.gitignore', 'c')).toBe(false);
  });

  test('patterns below a directory with a name that is not ASCII', () => {
    const rules = rulesOf({ 'é/\udcff/.gitignore': '/x\n/sub/?' });
    expect(by(rules, 'é/\udcff/x')).toBe('gitignore');
    expect(by(rules, 'é/\udcff/sub/\udc80')).toBe('gitignore');
    expect(by(rules, 'é/\udcff/sub/é')).toBeUndefined();
  });
});

describe('setRuleFile', () => {
  test('tells whether the rules became others, and they hold from then on', () => {
    const rules = rulesOf({});
    expect(by(rules, 'd/x')).toBeUndefined();
    expect(rules.setRuleFile('.gitignore', '# nothing\n\n')).toBe(false);
    expect(rules.setRuleFile('.gitignore', 'd/\n')).toBe(true);
    expect(by(rules, 'd/x')).toBe('gitignore');
    expect(rules.setRuleFile('.gitignore', '# why\r\nd/   \r\n')).toBe(false);
    expect(rules.setRuleFile('.gitignore', null)).toBe(true);
    expect(by(rules, 'd/x')).toBeUndefined();
    expect(rules.setRuleFile('.gitignore', null)).toBe(false);
    expect(rules.setRuleFile('d/other', 'd')).toBe(false);
  });

  test('knows the files that belong into it', () => {
    expect(['.gitignore', 'a/b/.caiignore'].every(isRuleFile)).toBe(true);
    expect(['gitignore', 'x.gitignore', '.gitignore/x', '.dockerignore'].some(isRuleFile)).toBe(
      false,
    );
  });
});
