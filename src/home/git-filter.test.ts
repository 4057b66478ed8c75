/** The filter for git configurations; git itself is asked what is left. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { describeNeeding } from '../../test/support/needs.ts';
import { temporaryDirectory } from '../../test/support/tree.ts';
import { splitGitConfig } from './git-config.ts';
import { filterGitConfig } from './git-filter.ts';

const nasty = `# mine
[user]
	name = A # B
	email = a@b.c
	signingkey = SECRET1
[credential] helper = "!echo \\
 SECRET2"
[credential "https://SECRET3@x/"]
	username = me
[commit] gpgsign
[tag]
	gpgsign
	sort = -version:refname
[GPG "ssh"] allowedSignersFile = SECRET4
[core] editor = vim
	pager = "less \\"x\\" ; # no comment" ; comment
	sshCommand = ssh -i SECRET5 \\
	  -v
[alias]
	s = status
	t = \\
	  "a # b"
	lg = log --pretty='%h # %s'
[http "https://example.com/"]
	extraHeader = Authorization: SECRET6
	sslVerify = true
[url "https://oauth2:SECRET7@example.com/"]
	insteadOf = https://example.com/
[url "ssh://git@example.org/"]
	insteadOf = https://example.org/
[includeIf "gitdir:~/work/"] path = ~/.gitconfig-work
[github]
	# token = SECRET8
	user = me
	oauthToken = SECRET9
`;

test('everything private is gone, also where it hides; all else is left', () => {
  const { text, removed } = filterGitConfig(nasty);
  expect(text).not.toMatch(/SECRET|gpgsign/i);
  expect(removed).toEqual([
    'user.signingkey',
    'credential.helper',
    'credential.username',
    'commit.gpgsign',
    'tag.gpgsign',
    'gpg.allowedsignersfile',
    'core.sshcommand',
    'http.extraheader',
    'url.insteadof',
    'github.oauthtoken',
  ]);
  expect(text).not.toContain('[commit]');
});

test('what holds nothing private stays as it is, byte by byte', () => {
  const text = '\ufeff# x\r\n[user]\r\n\tname = "A;B" ; c\r\n[a "b\\"c"] d\n';
  expect(filterGitConfig(text.slice(1))).toEqual({ text: text.slice(1), removed: [] });
  expect(filterGitConfig('')).toEqual({ text: '', removed: [] });
});

test('the pieces are the text again, whatever it is', () => {
  const bits = ['[', ']', '"', '\\', '\n', '\r\n', '#', ';', '=', ' ', '\t', 'a', 'user', 'helper'];
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...bits, '[credential]', 'helper = x\n')), (parts) => {
      const source = parts.join('');
      const pieces = splitGitConfig(source);
      expect(pieces.map(({ text }) => text).join('')).toBe(source);
      const { text } = filterGitConfig(source);
      expect(filterGitConfig(text).removed).toEqual([]);
    }),
    { numRuns: 2000 },
  );
});

describeNeeding(['git'], 'git itself', () => {
  const list = (text: string): string[] => {
    const file = join(temporaryDirectory(), 'config');
    writeFileSync(file, text);
    const args = ['config', '--file', file, '--list', '--null'];
    return execFileSync('git', args, { encoding: 'utf8' }).split('\0').filter(Boolean);
  };

  test('reads the same values as before, without the private ones', () => {
    const before = list(nasty);
    const after = list(filterGitConfig(nasty).text);
    expect(
      before.filter((each) => !after.includes(each)).map((each) => each.split('\n')[0]),
    ).toEqual([
      'user.signingkey',
      'credential.helper',
      'credential.https://SECRET3@x/.username',
      'commit.gpgsign',
      'tag.gpgsign',
      'gpg.ssh.allowedsignersfile',
      'core.sshcommand',
      'http.https://example.com/.extraheader',
      'url.https://oauth2:SECRET7@example.com/.insteadof',
      'github.oauthtoken',
    ]);
    expect(after.filter((each) => !before.includes(each))).toEqual([]);
    expect(after).toContain('url.ssh://git@example.org/.insteadof\nhttps://example.org/');
  });
});
