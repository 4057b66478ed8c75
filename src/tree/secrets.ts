/**
 * Names under which secrets usually stand. They stay out of the container unless the user allows them
 * (DESIGN 8). Patterns in .gitignore syntax, in lower case: they are compared without regard to case,
 * because a host that does not tell `.ENV` from `.env` reads both.
 */

/** Match anything of that name, directories too. */
export const secretPatterns: readonly string[] = [
  // Environment files with their values, but not the templates that show which there are.
  '.env',
  '.env~',
  '.env.*',
  ...['example', 'sample', 'template', 'dist', 'defaults'].flatMap((suffix) => [
    `!.env.${suffix}`,
    `!.env.*.${suffix}`,
  ]),

  // Configuration of cloud command lines: tokens and caches of tokens in many files.
  '**/.azure/',
  '**/.config/gcloud/',
];

/** Match files (and links) only: a directory of such a name is likely to hold code. */
export const secretFilePatterns: readonly string[] = [
  // Private keys, as ssh-keygen names them.
  'id_rsa',
  'id_dsa',
  'id_ecdsa',
  'id_ecdsa_sk',
  'id_ed25519',
  'id_ed25519_sk',

  // Private keys and key stores by extension. Certificates in *.pem cannot be told from keys by name.
  '*.pem',
  '*.key',
  '*.p12',
  '*.pfx',
  '*.jks',
  '*.keystore',
  '*.ppk',
  '*.kdbx',

  // Package registries: tokens for publishing.
  '.npmrc',
  '.pypirc',
  '**/.gem/credentials',
  '**/.cargo/credentials',
  '**/.cargo/credentials.toml',

  // Container registries and clusters.
  '.dockercfg',
  '**/.docker/config.json',
  '**/.kube/config',
  'kubeconfig',

  // Clouds and their tools.
  '**/.aws/credentials',
  'service-account*.json',
  'terraform.rc',
  '.terraformrc',
  '.vault-token',

  // Logins for web servers and source hosting.
  '.netrc',
  '_netrc',
  '.git-credentials',
  '.htpasswd',
  '**/.config/gh/hosts.yml',

  // What `cai export` writes into the current directory, which is a workspace as a rule.
  'containai-export-*.tgz',
];
