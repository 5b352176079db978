import { describe, expect, it } from '@jest/globals';
import { createHash, createPublicKey, verify } from 'node:crypto';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { openFileKeyStore } from '@verdict/adapter-file';
import {
  APPROVAL_ID,
  budgetAnswer,
  BUDGET_ID,
  consumeAnswer,
  DECISION_ID,
  EXPORT_ID,
  exportAnswer,
  policyAnswer,
  waiverAnswer,
  preflightAnswer,
  problemAnswer,
  voteAnswer,
} from './testing/answers.js';
import { API, failureOf, withCliWorld } from './testing/cli-world.js';
import { writeSmallBundle } from './testing/small-bundle.js';

const { server, path, file, bare, cli, run } = withCliWorld();

const GRANT = ['credit', 'grant', 'project:web', '--amount', '5', '--reason', 'season'];

const bookAnswer = (version: string): object => ({
  version,
  sha256: 'a'.repeat(64),
  entries: 3,
  published_by: 'admin-1',
  published_at: '2026-11-22T10:00:00.000Z',
});

describe('where the server is and who asks', () => {
  it('finds the server that runs from this folder', async () => {
    await mkdir(path('.verdict'));
    await file('.verdict/server.json', JSON.stringify({ url: server.url, pid: 1, started_at: 'now' }));
    server.on(`GET ${API}/policies`, { body: policyAnswer() });
    expect((await bare(['policy', 'show'], { env: { VERDICT_TOKEN: 'a-token' } })).exit).toBe(0);
  });

  it('a flag wins over a variable, before and after the command', async () => {
    server.on(`GET ${API}/policies`, { body: policyAnswer() });
    const env = { VERDICT_URL: 'http://127.0.0.1:1', VERDICT_TOKEN: 'of-the-variable' };
    const token = await file('token', 'of-the-file\n');
    expect((await bare(['--url', server.url, '--token-file', token, 'policy', 'show'], { env })).exit).toBe(0);
    expect((await bare(['policy', 'show', '--url', server.url, '--token-file', token], { env })).exit).toBe(0);
    expect(server.seen.map(({ headers }) => headers.authorization)).toEqual([
      'Bearer of-the-file',
      'Bearer of-the-file',
    ]);
  });

  it('refuses a token file that others can read', async () => {
    const result = await cli('policy', 'show', '--token-file', await file('token', 'secret', 0o644));
    expect(result.exit).toBe(2);
    expect(failureOf(result)).toMatchObject({ code: 'token_file_open', detail: 'run: chmod 600 token' });
    expect(server.seen).toHaveLength(0);
  });

  it('says what is missing when there is no server or no token', async () => {
    expect(failureOf(await bare(['policy', 'show']))).toMatchObject({ code: 'url_missing' });
    const result = await bare(['policy', 'show', '--url', server.url]);
    expect(result.exit).toBe(2);
    expect(failureOf(result)).toMatchObject({ code: 'token_missing' });
  });

  it('asks for public keys without a token', async () => {
    server.on('GET /.well-known/verdict-vkeys.txt', { bytes: Buffer.from('a+00000000+AA==\n') });
    expect(await bare(['key', 'public', '--url', server.url])).toMatchObject({ exit: 0, stdout: 'a+00000000+AA==\n' });
  });
});

describe('being called wrongly', () => {
  it.each([
    [['gate', 'preflight'], 'required option'],
    [['nonsense'], 'unknown command'],
    [['policy', 'show', '--nonsense'], 'unknown option'],
    [['policy', 'show', '-o', 'xml'], 'Allowed choices'],
    [['policy', 'show', '--timeout', 'soon'], 'not a duration'],
    [['policy', 'show', 'first'], 'no name of a version'],
    [['policy', 'cancel', 'first'], 'no name of a version'],
    [['budget', 'set', 'web', '--limit', '5'], 'not a scope'],
    [['budget', 'set', 'tenant', '--limit', '1e3'], 'not an amount'],
    [[...GRANT, '--priority', ''], 'not a whole number'],
    [[...GRANT, '--priority', 'abc'], 'not a whole number'],
    [[...GRANT, '--priority', '1e2'], 'not a whole number'],
    [[...GRANT, '--priority', '-1'], 'not a whole number'],
  ])('%j is exit code 2 with one error', async (argv, words) => {
    const result = await cli(...argv);
    expect(result.exit).toBe(2);
    expect(failureOf(result)['title']).toContain(words);
    expect(result.stdout).toBe('');
    expect(server.seen).toHaveLength(0);
  });

  it('shows help with examples, and an error as text on a terminal', async () => {
    const help = await cli('gate', 'preflight', '--help');
    expect(help).toMatchObject({ exit: 0, stdout: expect.stringContaining('Examples:') });
    expect(help.stdout).toContain('Global options:');
    expect((await bare(['policy', 'show'], { isTerminal: true })).stderr).toContain(
      'error: which server? (url_missing)',
    );
    expect((await cli('policy')).exit).toBe(2);
  });
});

describe('writes', () => {
  it('publishes a policy on top of the version that is in force', async () => {
    server.on(`GET ${API}/policies`, { body: policyAnswer(), headers: { etag: '"3"' } });
    server.on(`POST ${API}/policies`, { status: 201, body: policyAnswer({ version: 4 }) });
    await file('policy.json', '{"entitlements":{"hard_deny_above_monthly_usd":12345678901234.5000}}');
    expect((await cli('policy', 'publish', 'policy.json', '--message', 'tighter')).exit).toBe(0);
    const post = server.seen[1];
    expect(post?.headers['if-match']).toBe('"3"');
    expect(post?.headers['idempotency-key']).toMatch(/^cli-/);
    expect(post?.text).toBe(
      '{"message":"tighter","document":{"entitlements":{"hard_deny_above_monthly_usd":12345678901234.5000}}}',
    );
  });

  it('repeats with the same key, and prints it when the outcome stays unknown', async () => {
    server.on(`POST ${API}/reservations/${DECISION_ID}/reconcile`, { isDropped: true });
    const result = await cli('reservations', 'reconcile', DECISION_ID, '--actual', '110');
    expect(result.exit).toBe(6);
    const keys = new Set(server.seen.map(({ headers }) => headers['idempotency-key']));
    expect(server.seen).toHaveLength(4);
    expect(keys.size).toBe(1);
    expect(failureOf(result)).toMatchObject({
      code: 'server_unreachable',
      retry: 'same-key',
      idempotencyKey: [...keys][0],
    });
  });

  it('sweeps what is older than a duration, as policy says unless it is told', async () => {
    const swept = {
      action: 'release',
      older_than_seconds: 90_000,
      released_count: 1,
      settled_count: 0,
      total_released_usd: '125.5000',
      total_settled_usd: '0.0000',
      decision_ids: [DECISION_ID],
      replayed: false,
      entry: { origin: 'log.test/acme/reservations', revision: 7, leaf_hash: 'ab'.repeat(32) },
    };
    server.on(`POST ${API}/reservations/reconcile-overdue`, { body: swept });
    const result = await cli('reservations', 'sweep', '--older-than', '25h', '--action', 'release');
    expect(result.exit).toBe(0);
    expect(JSON.parse(server.seen[0]?.text ?? '')).toEqual({
      older_than_seconds: 90_000,
      limit: 200,
      action: 'release',
    });
  });

  it('changes a version as it is now, or as the caller says that he has seen it', async () => {
    const at = `${API}/policies/versions/3`;
    server.on(`GET ${at}`, { body: policyAnswer(), headers: { etag: '"3.1"' } });
    for (const change of ['rollout', 'cancel']) server.on(`POST ${at}/${change}`, { body: policyAnswer() });
    const tagOf = async (...args: readonly string[]) => {
      const { exit } = await cli('policy', ...args);
      return [exit, server.seen.at(-1)?.headers['if-match']];
    };
    expect(await tagOf('rollout', '3', '--percent', '50')).toEqual([0, '"3.1"']);
    expect(await tagOf('cancel', '3')).toEqual([0, '"3.1"']);
    expect(server.seen).toHaveLength(4);
    expect(await tagOf('cancel', '3', '--if-match', '3.2')).toEqual([0, '"3.2"']);
    expect(server.seen).toHaveLength(5);
  });

  it('revokes an exception as it is now', async () => {
    const at = `${API}/exceptions/${BUDGET_ID}`;
    server.on(`GET ${at}`, { body: waiverAnswer(), headers: { etag: '"1"' } });
    server.on(`POST ${at}/revoke`, { body: waiverAnswer({ version: 2, status: 'revoked' }) });
    expect((await cli('exception', 'revoke', BUDGET_ID)).exit).toBe(0);
    expect(server.seen.map(({ headers }) => headers['if-match'])).toEqual([undefined, '"1"']);
  });

  it('lists exceptions of every kind in the same columns', async () => {
    const [id, at] = [DECISION_ID, '2026-11-24T08:00:00.000Z'];
    const overage = {
      ...{ exception_id: `overage:${id}`, kind: 'overage', decision_id: id, approval_id: APPROVAL_ID, granted_at: at },
      ...{ limit_usd: '25.5000', held_usd: '20.0000', spent_usd: '5.5000' },
    };
    const overrun = {
      ...{
        exception_id: `overrun:${id}`,
        kind: 'overrun',
        decision_id: id,
        owner: 'finops',
        opened_at: at,
        due_at: at,
      },
      ...{ status: 'open', expected_usd: '125.5000', actual_usd: '131.0000', amount_usd: '3.5000', resolution: null },
    };
    const items = [waiverAnswer(), overage, overrun];
    server.on(`GET ${API}/exceptions`, { body: { items, next_cursor: null, as_of: {} } });
    const { exit, stdout } = await cli('exception', 'list', '-o', 'table');
    expect(exit).toBe(0);
    const rows = stdout.split('\n').map((line) => line.trim().split(/ {2,}/));
    expect(rows[0]).toEqual(['KIND', 'STATUS', 'FOR', 'WAIVES', 'USES', 'OWNER', 'EXPIRES', 'ID']);
    expect(rows.slice(1, 4).map((row) => row.slice(0, 6))).toEqual([
      ['waiver', 'active', 'everything', 'cost_unknown', 'used 0 times', 'finops'],
      ['overage', '-', `decision ${id}`, '25.50 USD unfunded', '20.00 held, 5.50 spent', '-'],
      ['overrun', 'open', `decision ${id}`, '3.50 USD beyond headroom', '131.00 actual', 'finops'],
    ]);
    server.on(`GET ${API}/exceptions/${encodeURIComponent(`overrun:${id}`)}`, { body: overrun });
    const revoked = await cli('exception', 'revoke', `overrun:${id}`);
    expect([revoked.exit, failureOf(revoked).code]).toEqual([2, 'not_a_waiver']);
  });

  it('creates a budget, or changes the one that the scope has', async () => {
    server.on(
      `GET ${API}/budgets`,
      { body: { items: [], next_cursor: null, as_of: { policy: 0 } } },
      { body: { items: [budgetAnswer()], next_cursor: null, as_of: { policy: 1 } } },
    );
    server.on(`POST ${API}/budgets`, { status: 201, body: budgetAnswer() });
    server.on(`PUT ${API}/budgets/${BUDGET_ID}`, { body: budgetAnswer({ version: 5 }) });
    expect((await cli('budget', 'set', 'project:web', '--limit', '1000')).exit).toBe(0);
    expect((await cli('budget', 'set', 'project:web', '--limit', '2000', '--ratchet')).exit).toBe(0);
    const [, create, , update] = server.seen;
    expect(JSON.parse(create?.text ?? '')).toEqual({ scope: 'project:web', limit_usd: '1000' });
    expect(update?.headers['if-match']).toBe('"4"');
    expect(JSON.parse(update?.text ?? '')).toEqual({ limit_usd: '2000', when_committed: 'ratchet' });
  });
});

it.each(['0', '7', '1000'])('a credit is granted with the priority %s that is given', async (priority) => {
  const { exit, stdout } = await cli(...GRANT, '--dry-run', '--priority', priority);
  expect(exit).toBe(0);
  expect(stdout).toContain(`"priority":${priority}`);
});

describe('the request of `budget set` that --dry-run prints', () => {
  it.each([
    ['changes the budget that the scope has, as it is now', [budgetAnswer()], 'PUT', `/budgets/${BUDGET_ID}`, '"4"'],
    ['creates one where there is none', [], 'POST', '/budgets', undefined],
  ])('%s', async (_, items, method, route, tag) => {
    server.on(`GET ${API}/budgets`, { body: { items, next_cursor: null, as_of: { policy: 1 } } });
    const { exit, stdout } = await cli('budget', 'set', 'project:web', '--limit', '2000', '--dry-run');
    expect([exit, server.seen.map((each) => each.method)]).toEqual([0, ['GET']]);
    expect(stdout.split('\n')[0]).toBe(`${method} ${server.url}${API}${route}`);
    expect(/^if-match: (.*)$/m.exec(stdout)?.[1]).toBe(tag);
  });
});

describe('the key of `gate batch`', () => {
  it('is the one that is given; without one the server makes the keys of the questions from what they ask', async () => {
    server.on(`POST ${API}/gate/batch`, { body: { atomic: false, items: [] } });
    await writeFile(path('batch.json'), '[]');
    await cli('gate', 'batch', '--event', path('batch.json'), '--idempotency-key', 'nightly-7');
    await cli('gate', 'batch', '--event', path('batch.json'));
    expect(server.seen.map(({ headers }) => headers['idempotency-key'])).toEqual(['nightly-7', undefined]);
  });
});

describe('what is shown once', () => {
  const approve = `POST ${API}/approvals/${APPROVAL_ID}/approve`;
  const TOKEN = 'eyJ-the-approval-token-of-32-characters';

  it('is what --quiet leaves of a vote or of a token issued again, instead of the id', async () => {
    server.on(approve, { body: voteAnswer() });
    server.on(`POST ${API}/approvals/${APPROVAL_ID}/reissue-token`, { body: voteAnswer() });
    for (const command of ['approve', 'reissue'])
      expect(await cli('approvals', command, APPROVAL_ID, '-q')).toMatchObject({ exit: 0, stdout: `${TOKEN}\n` });
  });

  it('leaves the id where a file keeps it, or where there is none', async () => {
    server.on(approve, { body: voteAnswer() }, { body: voteAnswer({ status: 'pending', approval_token: null }) });
    const kept = await cli('approvals', 'approve', APPROVAL_ID, '-q', '--token-out', 'quiet.token');
    expect(kept.stdout).toBe(`${APPROVAL_ID}\n`);
    expect(await readFile(path('quiet.token'), 'utf8')).toBe(`${TOKEN}\n`);
    expect(await cli('approvals', 'approve', APPROVAL_ID, '-q')).toMatchObject({
      exit: 3,
      stdout: `${APPROVAL_ID}\n`,
    });
  });

  it.each([[['integration', 'create', 'terms.json', '-q']], [['integration', 'rotate', BUDGET_ID, '-q']]])(
    '%j would lose secrets, and is refused before anything is sent',
    async (args) => {
      const { exit, stderr } = await cli(...args);
      expect([exit, server.seen]).toEqual([2, []]);
      expect(stderr).toContain('--secrets-out');
    },
  );
});

describe('approvals', () => {
  it('ends with 3 while the quorum is open', async () => {
    server.on(`POST ${API}/approvals/${APPROVAL_ID}/approve`, {
      body: voteAnswer({ status: 'pending', approval_token: null }),
    });
    expect((await cli('approvals', 'approve', APPROVAL_ID)).exit).toBe(3);
  });

  it('keeps the token in a file of the caller alone, and does not print it', async () => {
    server.on(`POST ${API}/approvals/${APPROVAL_ID}/approve`, { body: voteAnswer() });
    const { exit, stdout } = await cli('approvals', 'approve', APPROVAL_ID, '--token-out', 'approval.token');
    expect(exit).toBe(0);
    expect(stdout).not.toContain('eyJ');
    expect((await stat(path('approval.token'))).mode & 0o777).toBe(0o600);
    expect(await readFile(path('approval.token'), 'utf8')).toBe('eyJ-the-approval-token-of-32-characters\n');
  });

  it('refuses the vote on an own change as not permitted', async () => {
    server.on(`POST ${API}/approvals/${APPROVAL_ID}/approve`, {
      status: 403,
      body: problemAnswer(403, 'self_review_forbidden'),
    });
    expect((await cli('approvals', 'approve', APPROVAL_ID)).exit).toBe(5);
  });

  const withState = async (): Promise<void> => {
    const { continuation } = preflightAnswer() as { continuation: { binding: object } };
    const state = {
      schema: 'verdict.continuation.v1',
      decision_id: DECISION_ID,
      approval_request_id: APPROVAL_ID,
      run_id: 'run-1',
      plan_sha256: 'a'.repeat(64),
      binding: continuation.binding,
      estimated_monthly_delta_usd: '1098.7400',
      estimated_hourly_delta_usd: '1.505123',
    };
    await file('state.json', JSON.stringify(state));
    await file('approval.token', 'eyJ-the-approval-token-of-32-characters\n');
  };
  const CONSUME = ['approvals', 'consume', '--state', 'state.json', '--token-file', 'approval.token'];

  it('consumes with the bindings of the state; the approval token is not the caller token', async () => {
    await withState();
    server.on(`POST ${API}/approvals/consume`, { body: consumeAnswer() });
    expect((await cli(...CONSUME)).exit).toBe(0);
    expect(server.seen[0]?.headers.authorization).toBe('Bearer a-token');
    expect(JSON.parse(server.seen[0]?.text ?? '')).toMatchObject({
      approval_token: 'eyJ-the-approval-token-of-32-characters',
      expected_resource_reference: 'stack:web',
      estimated_monthly_delta_usd: '1098.7400',
    });
  });

  it.each([
    [409, 'token_replayed', 4],
    [401, 'token_signature_invalid', 4],
    [403, 'consumer_not_permitted', 5],
  ])('%i %s of consume is exit code %i', async (status, code, exit) => {
    await withState();
    server.on(`POST ${API}/approvals/consume`, { status, body: problemAnswer(status, code) });
    expect((await cli(...CONSUME)).exit).toBe(exit);
  });
});

describe('lists', () => {
  it('walks every page in as few calls as it takes, one item a line, as it was sent', async () => {
    const item = (revision: number): object => ({
      decision_id: DECISION_ID,
      revision,
      decision: 'ALLOW',
      state: 'permitted',
      reason_codes: ['within_policy'],
      source: 'terraform',
      project_id: 'web',
      environment_class: 'prod',
      resource_reference: 'stack:web',
      monthly_delta_usd: null,
      hold_usd: '0.0000',
      request_fingerprint: 'a'.repeat(64),
      dry_run: false,
      decided_at: '2026-11-22T10:00:00.000Z',
    });
    const page = (items: readonly object[], next: string | null): object => ({
      items,
      next_cursor: next,
      as_of: { decisions: 9 },
    });
    const newer = { ...item(0), shiny: 1 };
    server.on(`GET ${API}/decisions`, { body: page([item(2), item(1)], 'c1') }, { body: page([newer], null) });
    const { stdout } = await cli('gate', 'list', '--all');
    const lines = stdout.trim().split('\n');
    expect(lines).toHaveLength(3);
    expect(JSON.parse(lines[2] ?? '')).toEqual({ schema: 'verdict.api.DecisionSummary.v1', ...newer });
    expect(server.seen.map(({ path }) => path.slice(API.length))).toEqual([
      '/decisions?limit=200',
      '/decisions?limit=200&cursor=c1',
    ]);
  });

  describe('with a quota', () => {
    const OTHER = '0193a7c4-0000-7000-8000-000000000009';
    const other = budgetAnswer({ budget_id: OTHER, scope: 'project:api', version: 1 });
    const page = (items: readonly object[], next: string | null): { readonly body: object } => ({
      body: { items, next_cursor: next, as_of: { policy: 9 } },
    });
    const twoPages = (): void => {
      server.on(`GET ${API}/budgets`, page([other], 'c1'), page([budgetAnswer()], null));
    };
    const asked = (): readonly string[] =>
      server.seen.filter(({ method }) => method === 'GET').map(({ path }) => path.slice(API.length));
    const BOTH = ['/budgets?limit=200', '/budgets?limit=200&cursor=c1'];

    it('are shown whole: as one body, as ids, and as a table', async () => {
      twoPages();
      expect(JSON.parse((await cli('budget', 'list')).stdout)).toEqual({
        schema: 'verdict.api.Budgets.v1',
        items: [other, budgetAnswer()],
        next_cursor: null,
        as_of: { policy: 9 },
      });
      expect(asked()).toEqual(BOTH);
      twoPages();
      expect((await cli('budget', 'list', '--quiet')).stdout).toBe(`${OTHER}\n${BUDGET_ID}\n`);
      twoPages();
      const { stdout } = await cli('budget', 'list', '--output', 'table');
      expect([stdout.includes('project:api'), stdout.includes('project:web')]).toEqual([true, true]);
    });

    it('are shown by the page to who asks for one', async () => {
      twoPages();
      const first = await cli('budget', 'list', '--limit', '1', '--output', 'table');
      expect(first.stdout).toContain('project:api');
      expect(first.stdout).not.toContain('project:web');
      expect(first.stderr).toBe('more: --cursor c1, or --all\n');
      expect((await cli('budget', 'list', '--cursor', 'c1', '--quiet')).stdout).toBe(`${BUDGET_ID}\n`);
      expect(asked()).toEqual(['/budgets?limit=1', '/budgets?cursor=c1']);
    });

    it('are searched beyond their first page for the budget of a scope', async () => {
      twoPages();
      server.on(`GET ${API}/budgets/${BUDGET_ID}`, { body: budgetAnswer() });
      expect((await cli('budget', 'show', 'project:web', '--quiet')).stdout).toBe(`${BUDGET_ID}\n`);
      expect(asked()).toEqual([...BOTH, `/budgets/${BUDGET_ID}`]);
      twoPages();
      server.on(`PUT ${API}/budgets/${BUDGET_ID}`, { body: budgetAnswer({ version: 5 }) });
      expect((await cli('budget', 'set', 'project:web', '--limit', '2000')).exit).toBe(0);
      expect(server.seen.at(-1)?.method).toBe('PUT');
    });

    it.each([
      ['policy', 'policies/versions', policyAnswer({ version: 2 }), policyAnswer({ version: 1 }), ['2', '1']],
      ['price-book', 'price-books', bookAnswer('b2'), bookAnswer('b1'), ['b2', 'b1']],
    ] as const)('%s list follows the pages to the end', async (command, path, newer, older, ids) => {
      server.on(`GET ${API}/${path}`, page([newer], 'c1'), page([older], null));
      expect((await cli(command, 'list', '--quiet')).stdout.trim().split('\n')).toEqual(ids);
      expect(asked()).toEqual([`/${path}?limit=200`, `/${path}?limit=200&cursor=c1`]);
    });
  });
});

describe('export', () => {
  const bytes = Buffer.from('a bundle');
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const plan = (hash: string): void => {
    const running = exportAnswer({ status: 'running', content_sha256: null, manifest_sha256: null, size: null });
    server.on(`POST ${API}/exports`, { status: 202, body: running });
    server.on(`GET ${API}/exports/${EXPORT_ID}`, { body: running }, { body: exportAnswer({ content_sha256: hash }) });
    server.on(`GET ${API}/exports/${EXPORT_ID}/download`, { bytes, headers: { 'content-type': 'application/zip' } });
  };

  it.each([[['export', '--out', 'b.zip']], [['export', 'archive', '--out', 'b.zip']]])(
    '%j waits, downloads and checks the hash',
    async (argv) => {
      plan(sha256);
      const { exit, stdout } = await cli(...argv);
      expect(exit).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({ file: 'b.zip', downloaded: { bytes: bytes.length, sha256 } });
      expect(await readFile(path('b.zip'))).toEqual(bytes);
    },
  );

  it('keeps nothing of a bundle with another hash', async () => {
    plan('b'.repeat(64));
    const result = await cli('export', '--out', 'b.zip');
    expect(result.exit).toBe(1);
    expect(failureOf(result)).toMatchObject({ code: 'content_mismatch' });
    expect(await readdir(path())).toEqual([]);
  });

  it('overwrites only when told to', async () => {
    plan(sha256);
    await file('b.zip', 'older');
    expect((await cli('export', '--out', 'b.zip')).exit).toBe(2);
    expect(server.seen).toHaveLength(0);
    expect((await cli('export', '--out', 'b.zip', '--yes')).exit).toBe(0);
    expect(await readFile(path('b.zip'))).toEqual(bytes);
  });

  it('asks a person before it overwrites, and nobody where nobody sits', async () => {
    plan(sha256);
    await file('b.zip', 'older');
    const no = await run(['export', '--out', 'b.zip'], { answer: false });
    expect([no.exit, no.stderr]).toEqual([2, expect.stringContaining('b.zip is there already: overwrite it?\n')]);
    expect(await readFile(path('b.zip'), 'utf8')).toBe('older');
    expect((await run(['export', '--out', 'b.zip'], { answer: true })).exit).toBe(0);
    expect(await readFile(path('b.zip'))).toEqual(bytes);
  });

  it('names the failure of an export', async () => {
    server.on(`POST ${API}/exports`, { status: 202, body: exportAnswer({ status: 'queued', content_sha256: null }) });
    server.on(`GET ${API}/exports/${EXPORT_ID}`, { body: exportAnswer({ status: 'failed', failure: 'disk full' }) });
    const result = await cli('export', '--out', 'b.zip');
    expect(result.exit).toBe(7);
    expect(failureOf(result)).toMatchObject({ code: 'export_failed', detail: 'disk full' });
  });
});

describe('verify', () => {
  it('says intact, from a key or a file of keys, without a server', async () => {
    const vkey = await writeSmallBundle(path('b.zip'));
    await file('vkeys.txt', `# keys\nexport 2026-11-05T10:00:00.000Z - ${vkey}\n`);
    for (const trust of [vkey, 'vkeys.txt']) {
      const { exit, stdout } = await bare(['verify', 'b.zip', '--trust', trust]);
      expect(exit).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({ schema: 'verdict.verify.report.v1', result: 'intact' });
    }
    expect((await bare(['verify', 'b.zip', '--trust', vkey, '-o', 'table'])).stdout).toMatch(/\nINTACT\n$/);
  });

  it('names the revision that was changed', async () => {
    const vkey = await writeSmallBundle(path('b.zip'));
    const bytes = await readFile(path('b.zip'));
    const place = bytes.indexOf('2000.0000');
    bytes[place] = '9'.charCodeAt(0);
    await file('b.zip', bytes);
    const { exit, stdout } = await bare(['verify', 'b.zip', '--trust', vkey]);
    expect(exit).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      result: 'not_intact',
      firstBad: { file: 'journals/policy/entries.ndjson', revision: 1 },
    });
  });

  it('trusts no other key', async () => {
    await writeSmallBundle(path('b.zip'));
    const other = await writeSmallBundle(path('other.zip'));
    expect((await bare(['verify', 'b.zip', '--trust', other])).exit).toBe(1);
  });

  it('cannot check what is not there, or without a usable key', async () => {
    const vkey = await writeSmallBundle(path('b.zip'));
    expect((await bare(['verify', 'nowhere.zip', '--trust', vkey])).exit).toBe(2);
    expect((await bare(['verify', 'b.zip'])).exit).toBe(2);
    const wrong = await bare(['verify', 'b.zip', '--trust', vkey.replace(/\+[0-9a-f]{8}\+/, '+00000000+')]);
    expect(wrong.exit).toBe(2);
    expect(failureOf(wrong)).toMatchObject({ code: 'vkey_invalid' });
  });
});

describe('token', () => {
  const ARGV = [
    'token',
    '--tenant',
    'acme',
    '--role',
    'admin',
    '--role',
    'auditor',
    '--subject',
    'admin-1',
    '--ttl',
    '2h',
  ];

  it('makes no token, and no key, where no server has run', async () => {
    const result = await bare(ARGV);
    expect(result.exit).toBe(2);
    expect(failureOf(result)).toMatchObject({ code: 'data_dir_missing' });
    expect(await readdir(path())).toEqual([]);
  });

  it('signs the claims that the standalone believes', async () => {
    const keys = await openFileKeyStore(path('.verdict', 'keys'));
    const [key] = await keys.publicKeys('issuer');
    const { exit, stdout } = await bare([...ARGV, '--project', 'web']);
    expect(exit).toBe(0);
    const [head = '', claims = '', signature = ''] = stdout.trim().split('.');
    const read = (part: string): unknown => JSON.parse(Buffer.from(part, 'base64url').toString());
    expect(read(head)).toEqual({ alg: 'EdDSA', kid: key?.kid, typ: 'JWT' });
    const body = read(claims) as { iat: number; exp: number };
    expect(body).toMatchObject({
      iss: 'verdict-standalone',
      aud: 'verdict',
      sub: 'admin-1',
      tenant_id: 'acme',
      roles: ['admin', 'auditor'],
      projects: ['web'],
    });
    expect(body.exp - body.iat).toBe(7200);
    const jwk = { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(key?.publicKey ?? []).toString('base64url') };
    const isValid = verify(
      null,
      Buffer.from(`${head}.${claims}`),
      createPublicKey({ key: jwk, format: 'jwk' }),
      Buffer.from(signature, 'base64url'),
    );
    expect(isValid).toBe(true);
  });

  it('refuses a role that is none', async () => {
    expect((await bare(['token', '--tenant', 'acme', '--role', 'king', '--subject', 'a'])).exit).toBe(2);
  });
});

describe('rebuild', () => {
  it('does not touch the database of a server that runs', async () => {
    await mkdir(path('.verdict', 'postgres', 'data'), { recursive: true });
    await file('.verdict/server.json', '{}');
    const result = await bare(['rebuild', '--verify']);
    expect(result.exit).toBe(2);
    expect(failureOf(result)).toMatchObject({ code: 'server_running' });
  });
});
