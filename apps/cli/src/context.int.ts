import { describe, expect, it } from '@jest/globals';
import { chmod, link, mkdir, readdir, readFile, stat, symlink } from 'node:fs/promises';
import { policyAnswer } from './testing/answers.js';
import { API, failureOf, withCliWorld } from './testing/cli-world.js';
import type { CliRun } from './testing/run-cli.js';

const { server, path, file, bare } = withCliWorld();
const SHOW = ['policy', 'show'];
type Env = Readonly<Record<string, string>>;

const user = async (text: string): Promise<Env> => {
  await mkdir(path('config', 'verdict'), { recursive: true });
  await file('config/verdict/config.yaml', text);
  return { XDG_CONFIG_HOME: path('config') };
};
const context = (name: string, settings: Readonly<Record<string, string>>): string =>
  `context: ${name}\ncontexts:\n  ${name}: ${JSON.stringify(settings)}\n`;
/** What only looks like a JSON Web Token; it ends with its name. */
const tokenText = (name: string, tenant: string): string =>
  `e30.${Buffer.from(JSON.stringify({ tenant_id: tenant })).toString('base64url')}.${name.replaceAll(/\W/g, '-')}`;
const token = (name: string, tenant = 'acme'): Promise<string> => file(name, `${tokenText(name, tenant)}\n`);
const senders = (): readonly (string | undefined)[] =>
  server.seen.map(({ headers }) => headers.authorization?.split('.').at(-1));
const settingsOf = async (argv: readonly string[], env: Env): Promise<Record<string, unknown>> => {
  const shown = await bare(['context', 'show', '-o', 'json', ...argv], { env });
  if (shown.exit !== 0) throw new Error(shown.stderr);
  const { settings } = JSON.parse(shown.stdout) as { settings: Record<string, unknown> };
  return settings;
};
const refusal = async (run: Promise<CliRun>): Promise<readonly unknown[]> => {
  const result = await run;
  return [result.exit, failureOf(result)];
};
const NOWHERE = 'http://127.0.0.1:1';

describe('where settings come from', () => {
  it('the configuration of the person names server and token', async () => {
    server.on(`GET ${API}/policies`, { body: policyAnswer() });
    const env = await user(context('staging', { url: server.url, token_file: 'staging.token', tenant: 'acme' }));
    await token('config/verdict/staging.token');
    expect((await bare(SHOW, { env })).stderr).toBe('');
    expect(senders()).toEqual(['config-verdict-staging-token']);
  });

  it('of flag, variable, ./.verdict.yaml and the file of the person the first wins, and `context show` names it', async () => {
    const env = await user(context('dev', { url: `${NOWHERE}/user`, output: 'md', timeout: '4s', tenant: 'person' }));
    await file('.verdict.yaml', 'contexts: { dev: { url: "http://127.0.0.1:1/folder", output: yaml, timeout: 3s } }');
    const all = { ...env, VERDICT_URL: `${NOWHERE}/variable`, VERDICT_TIMEOUT: '2s' };
    const settings = await settingsOf(['--url', `${NOWHERE}/flag`], all);
    const folder = { kind: 'file', path: path('.verdict.yaml'), context: 'dev' };
    const person = { kind: 'file', path: path('config/verdict/config.yaml') };
    expect(settings).toMatchObject({
      context: { value: 'dev', from: person },
      url: {
        value: `${NOWHERE}/flag`,
        from: { kind: 'flag', name: '--url' },
        over: [{ value: `${NOWHERE}/variable` }, { value: `${NOWHERE}/folder` }, { value: `${NOWHERE}/user` }],
      },
      timeout: {
        value: '2s',
        from: { kind: 'variable', name: 'VERDICT_TIMEOUT' },
        over: [{ value: '3s' }, { value: '4s' }],
      },
      output: { value: 'json', from: { name: '--output' }, over: [{ value: 'yaml', source: folder }, { value: 'md' }] },
      tenant: { value: 'person', from: { ...person, context: 'dev' } },
    });
    expect((await bare(['context', 'show'], { env: all })).stdout).toMatch(/^schema: verdict\.cli\.settings\.v1$/m);
  });

  it('the folder chooses among the contexts of the person, a variable before it, a flag before all', async () => {
    const env = await user(
      'context: a\ncontexts: { a: { tenant: ta }, b: { tenant: tb }, c: { tenant: tc }, d: { tenant: td } }',
    );
    await file('.verdict.yaml', 'context: b\n');
    const chosen = async (argv: readonly string[], more: Env = {}): Promise<unknown> =>
      ((await settingsOf(argv, { ...env, ...more }))['tenant'] as { value: unknown }).value;
    expect(await chosen([])).toBe('tb');
    expect(await chosen([], { VERDICT_CONTEXT: 'c' })).toBe('tc');
    expect(await chosen(['-c', 'd'], { VERDICT_CONTEXT: 'c' })).toBe('td');
    expect(await chosen(['--env', 'd'])).toBe('td');
    expect(await refusal(bare(['context', 'show', '-c', 'a', '--env', 'b'], { env }))).toMatchObject([
      2,
      { code: 'usage' },
    ]);
  });

  it('a context that a flag names goes before variables that are left over', async () => {
    server.on(`GET ${API}/policies`, { body: policyAnswer() });
    const env = await user(`contexts: { staging: { url: "${server.url}", token_file: s.token } }`);
    await token('config/verdict/s.token');
    const leftOver = { ...env, VERDICT_URL: NOWHERE, VERDICT_TOKEN: 'of-another' };
    expect((await bare([...SHOW, '-c', 'staging'], { env: leftOver })).exit).toBe(0);
    expect(senders()).toEqual(['config-verdict-s-token']);
  });

  it('a file that is named is the only one, and has to be there', async () => {
    const env = await user(context('dev', { tenant: 'person' }));
    await file('.verdict.yaml', context('dev', { tenant: 'folder' }));
    await file('other.yaml', context('dev', { timeout: '5s' }));
    for (const [argv, more] of [
      [['--config', 'other.yaml'], {}],
      [[], { VERDICT_CONFIG: 'other.yaml' }],
    ] as const)
      expect(await settingsOf(argv, { ...env, ...more })).toMatchObject({
        tenant: { value: null },
        timeout: { value: '5s' },
      });
    expect(await refusal(bare([...SHOW, '--config', 'gone.yaml']))).toMatchObject([2, { code: 'file_unreadable' }]);
  });

  it('an XDG_CONFIG_HOME that is not absolute is none: then it is ~/.config', async () => {
    await mkdir(path('.config', 'verdict'), { recursive: true });
    await file('.config/verdict/config.yaml', context('home', { tenant: 'home' }));
    expect(await settingsOf([], { XDG_CONFIG_HOME: 'config', HOME: path() })).toMatchObject({
      tenant: { value: 'home' },
    });
  });

  it('errors take the form that is configured, even an error of the configuration', async () => {
    const env = await user(context('dev', { output: 'table' }));
    expect((await bare(SHOW, { env })).stderr).toMatch(/^error: which server\?/);
    expect((await bare(SHOW, { env: { VERDICT_OUTPUT: 'table' } })).stderr).toMatch(/^error: which server\?/);
    expect(await refusal(bare(SHOW, { env: { VERDICT_OUTPUT: 'xml' } }))).toMatchObject([
      2,
      { code: 'output_invalid' },
    ]);
  });
});

describe('a token of the configuration', () => {
  const DENIED = { code: 'token_missing' };

  it('is in a file that others cannot read', async () => {
    const env = await user(context('dev', { url: server.url, token_file: 'dev.token' }));
    await token('config/verdict/dev.token');
    await chmod(path('config/verdict/dev.token'), 0o640);
    expect(await refusal(bare(SHOW, { env }))).toMatchObject([2, { code: 'token_file_open' }]);
    expect(server.seen).toEqual([]);
  });

  it('goes to no address but that which its own file names for the context', async () => {
    const env = await user(context('dev', { url: NOWHERE, token_file: 'dev.token' }));
    await token('config/verdict/dev.token');
    expect(await refusal(bare([...SHOW, '--url', server.url], { env }))).toMatchObject([2, DENIED]);
    await file('.verdict.yaml', `contexts: { dev: { url: "${server.url}" } }`);
    const [exit, error] = await refusal(bare(SHOW, { env }));
    expect([exit, error]).toMatchObject([2, { ...DENIED, detail: expect.stringContaining('dev.token is not used') }]);
    expect(server.seen).toEqual([]);
  });

  it('is not taken for the address of a folder where the file of the person names none', async () => {
    const env = await user(context('dev', { token_file: 'dev.token' }));
    await token('config/verdict/dev.token');
    await mkdir(path('.verdict'));
    await file('.verdict/server.json', JSON.stringify({ url: server.url }));
    expect(await refusal(bare(SHOW, { env }))).toMatchObject([2, DENIED]);
    server.on(`GET ${API}/policies`, { body: policyAnswer() });
    expect((await bare([...SHOW, '--url', server.url], { env })).exit).toBe(0);
  });

  it('is of its own folder where ./.verdict.yaml names it, links looked through', async () => {
    await mkdir(path('home'));
    await mkdir(path('work'));
    await token('home/my.token');
    await symlink(path('home/my.token'), path('work/inside.token'));
    const inWork = (text: string): Promise<CliRun> =>
      file('work/.verdict.yaml', text).then(() => bare(SHOW, { env: { HOME: path('home') }, cwd: path('work') }));
    for (const name of ['../home/my.token', '~/my.token', path('home/my.token'), 'inside.token'])
      expect(await refusal(inWork(context('dev', { url: server.url, token_file: name })))).toMatchObject([2, DENIED]);
    expect(server.seen).toEqual([]);
    server.on(`GET ${API}/policies`, { body: policyAnswer() });
    await token('work/own.token');
    expect((await inWork(context('dev', { url: server.url, token_file: 'own.token' }))).exit).toBe(0);
  });

  it('is never shown, as no token is', async () => {
    const shown = await bare(['context', 'show'], { env: { VERDICT_TOKEN: 'a-secret' } });
    expect(shown.stdout).not.toContain('a-secret');
    expect(JSON.parse(shown.stdout)).toMatchObject({ settings: { token_file: { from: { name: 'VERDICT_TOKEN' } } } });
  });
});

describe('a configuration that is not valid', () => {
  const SECRET = 'eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJhIn0.c2ln';
  it.each([
    [
      'a member that is not known',
      'contexts:\n  dev:\n    adress: x\n',
      'line 3: /contexts/dev/adress: expected url, token_file',
    ],
    [
      'an address that is none',
      'contexts:\n  dev:\n    url: example.org\n',
      'line 3: /contexts/dev/url: expected an http',
    ],
    [
      'a password in an address',
      'contexts:\n  dev:\n    url: https://u:p4ss@x\n',
      'line 3: /contexts/dev/url: expected',
    ],
    ['a tenant in capitals', 'contexts:\n  dev: { tenant: ACME }\n', 'line 2: /contexts/dev/tenant: expected a tenant'],
    [
      'a form that is none',
      'contexts: { dev: { output: xml } }',
      'line 1: /contexts/dev/output: expected one of table',
    ],
    [
      'a number for a duration',
      'contexts: { dev: { timeout: 30 } }',
      'line 1: /contexts/dev/timeout: expected a duration',
    ],
    ['a name that is none', 'contexts:\n  "a b": {}\n', 'line 2: /contexts/a b: expected a name'],
    [
      'standard input for a token',
      'contexts: { d: { token_file: "-" } }',
      'line 1: /contexts/d/token_file: expected the name',
    ],
    ['no YAML', 'contexts: [\n', 'expected YAML'],
    ['a member that occurs twice', 'context: a\ncontext: b\n', 'line 2: expected YAML'],
    ['a list', '- a\n', 'line 1: : expected context and contexts'],
  ])('is refused with its file, its line and what is expected: %s', async (_, text, detail) => {
    await file('.verdict.yaml', text);
    const result = await bare(SHOW);
    expect([result.exit, failureOf(result)]).toMatchObject([
      2,
      { code: 'config_invalid', title: `${path('.verdict.yaml')} is not a configuration` },
    ]);
    expect(failureOf(result)['detail']).toContain(detail);
    expect(result.stderr).not.toContain('p4ss');
  });

  it.each([
    ['token', `contexts:\n  dev:\n    token: ${SECRET}\n`, 'line 3: /contexts/dev/token'],
    ['api_key', 'contexts:\n  dev:\n    api_key: hunter2\n', 'line 3: /contexts/dev/api_key'],
    ['password', 'password: hunter2\n', 'line 1: /password'],
    ['token_file', `contexts:\n  dev:\n    token_file: ${SECRET}\n`, 'line 3: /contexts/dev/token_file'],
  ])('holds no secret as a value: %s is refused, and what it holds is not repeated', async (_, text, place) => {
    await file('.verdict.yaml', text);
    const result = await bare(SHOW);
    expect([result.exit, failureOf(result)]).toMatchObject([2, { code: 'config_holds_secret' }]);
    expect(failureOf(result)['detail']).toContain(`${place}: a secret is never a value`);
    expect(result.stderr).not.toMatch(/hunter2|eyJ/);
  });

  it('does not show the line that YAML stumbles over: a secret may be on it', async () => {
    await file('.verdict.yaml', `token: "${SECRET}\n  : :\n]`);
    const result = await bare(SHOW);
    expect(failureOf(result)).toMatchObject({ code: 'config_invalid' });
    expect(result.stderr).not.toContain('eyJ');
  });
});

describe('--tenant', () => {
  const at = (...argv: readonly string[]): Promise<CliRun> => bare([...SHOW, '--url', server.url, ...argv]);

  it('goes on with a token of that tenant only', async () => {
    server.on(`GET ${API}/policies`, { body: policyAnswer() });
    const name = await token('acme.token', 'acme');
    expect((await at('--token-file', name, '-t', 'acme')).exit).toBe(0);
    expect(await refusal(at('--token-file', name, '-t', 'globex'))).toMatchObject([2, { code: 'tenant_mismatch' }]);
    expect(server.seen).toHaveLength(1);
  });

  it('cannot be checked with a token that does not say whose it is', async () => {
    const name = await file('opaque', 'vct_opaque\n');
    expect(await refusal(at('--token-file', name, '-t', 'acme'))).toMatchObject([2, { code: 'tenant_unknown' }]);
    expect(await refusal(at('--token-file', name, '-t', 'ACME'))).toMatchObject([2, { code: 'tenant_invalid' }]);
    expect(server.seen).toEqual([]);
  });
});

describe('context', () => {
  const CONFIG = '# mine\ncontext: a # the old one\ncontexts:\n  a: { url: "http://127.0.0.1:1" } # one\n  b: {}\n';

  it('list shows every context and marks the one that is used', async () => {
    const env = await user(CONFIG);
    const { stdout } = await bare(['context', 'list'], { env });
    expect(JSON.parse(stdout)).toMatchObject({
      schema: 'verdict.cli.contexts.v1',
      items: [
        { name: 'a', url: 'http://127.0.0.1:1', current: true },
        { name: 'b', current: false },
      ],
    });
    expect((await bare(['context', 'list', '-q'], { env })).stdout).toBe('a\nb\n');
    expect((await bare(['context', 'list', '-o', 'table'])).stdout).toBe('no contexts\n');
  });

  it('use changes what is used and nothing else: comments, mode, and the file behind a link stay', async () => {
    const env = await user('');
    await file('dotfiles.yaml', CONFIG, 0o640);
    const own = path('config/verdict/config.yaml');
    await symlink(path('dotfiles.yaml'), path('config/verdict/linked'));
    const linked = { ...env, VERDICT_CONFIG: path('config/verdict/linked') };
    expect((await bare(['context', 'use', 'b'], { env: linked })).exit).toBe(0);
    expect(await readFile(path('dotfiles.yaml'), 'utf8')).toBe(CONFIG.replace('context: a', 'context: b'));
    expect((await stat(path('dotfiles.yaml'))).mode & 0o777).toBe(0o640);
    expect(await readdir(path())).toEqual(['config', 'dotfiles.yaml']);
    expect(await readFile(own, 'utf8')).toBe('');
  });

  it('use puts a new file in place of the old one: whoever has that open reads on, whole', async () => {
    const env = await user(CONFIG);
    await link(path('config/verdict/config.yaml'), path('old.yaml'));
    expect((await bare(['context', 'use', 'b'], { env })).exit).toBe(0);
    expect(await readFile(path('old.yaml'), 'utf8')).toBe(CONFIG);
    expect(await readdir(path('config/verdict'))).toEqual(['config.yaml']);
  });

  it('use makes the file of the person where there is none, for the person alone', async () => {
    await file('.verdict.yaml', 'contexts: { here: {} }');
    const env = { XDG_CONFIG_HOME: path('new') };
    expect((await bare(['context', 'use', 'here'], { env })).exit).toBe(0);
    expect(await readFile(path('new/verdict/config.yaml'), 'utf8')).toBe('context: here\n');
    expect((await stat(path('new/verdict/config.yaml'))).mode & 0o777).toBe(0o600);
  });

  it('use says where a nearer file wins', async () => {
    const env = await user('contexts: { a: {}, b: {} }');
    await file('.verdict.yaml', 'context: a\n');
    const used = await bare(['context', 'use', 'b'], { env, isTerminal: true });
    expect([used.exit, used.stderr]).toEqual([0, `here ${path('.verdict.yaml')} wins: it names a\n`]);
  });

  it.each([[['context', 'use', 'c']], [[...SHOW, '-c', 'c']], [['verify', 'b.zip', '--trust', 'k', '-c', 'c']]])(
    '%j names the contexts that there are, and writes nothing',
    async (argv) => {
      const env = await user(CONFIG);
      expect(await refusal(bare(argv, { env }))).toMatchObject([2, { code: 'context_unknown', detail: 'known: a, b' }]);
      expect(await readFile(path('config/verdict/config.yaml'), 'utf8')).toBe(CONFIG);
    },
  );

  it('use repairs a file that has chosen a context which is gone', async () => {
    const env = await user('context: gone\ncontexts: { a: {} }\n');
    expect(await refusal(bare(SHOW, { env }))).toMatchObject([2, { code: 'context_unknown' }]);
    expect((await bare(['context', 'use', 'a'], { env })).exit).toBe(0);
  });
});
