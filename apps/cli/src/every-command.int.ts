import { beforeEach, describe, expect, it } from '@jest/globals';
import { openFileKeyStore } from '@verdict/adapter-file';
import type { Command } from 'commander';
import { mkdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { type CommandFacts, factsOf } from './cli-command.js';
import { createProgram } from './run.js';
import { systemIo } from './system-io.js';
import { APPROVAL_ID, BUDGET_ID, DECISION_ID, preflightAnswer, problemAnswer } from './testing/answers.js';
import { API, failureOf, PLAN, withCliWorld } from './testing/cli-world.js';
import type { CliRun } from './testing/run-cli.js';
import { agreeable } from './testing/sample-answer.js';
import { writeSmallBundle } from './testing/small-bundle.js';

const REPOSITORY = fileURLToPath(new URL('../../../', import.meta.url));
const EXAMPLE = `${REPOSITORY}examples/policy-cases`;
const POLICY = `${EXAMPLE}/policy.json`;
const BOOK = `${REPOSITORY}examples/aws-web-stack/price-book.json`;
const INSTANT = '2027-01-01T00:00:00Z';

interface Call {
  readonly args: readonly string[];
  /** In place of an own option that --reason, or --incident, is another name for. */
  readonly told?: readonly string[];
  /** Its stores are elsewhere: what it does there is told by tests that have them. */
  readonly isElsewhere?: true;
  /** What it prints is a text for others to read, whatever its form would be. */
  readonly isDocument?: true;
  /** It shows people what changes before it goes on. */
  readonly hasNotes?: true;
}

/** One good call of every command. A command that is new has to be named here. */
const CALLS: Readonly<Record<string, Call>> = {
  token: { args: ['--role', 'admin', '--subject', 'a'], isDocument: true },
  'gate preflight': { args: ['--plan', PLAN, '--project', 'web', '--environment', 'prod', '--run', 'r1'] },
  'gate admission': { args: ['--review', 'review.json'] },
  'gate event': { args: ['--event', 'event.json'] },
  'gate batch': { args: ['--event', 'batch.json'] },
  'gate list': { args: [] },
  'gate show': { args: [DECISION_ID] },
  'gate explain': { args: [DECISION_ID] },
  'policy show': { args: [] },
  'policy list': { args: [] },
  'policy diff': { args: ['1', '2'] },
  'policy validate': { args: [POLICY] },
  'policy test': { args: [POLICY, '--cases', EXAMPLE] },
  'policy impact': { args: [], isElsewhere: true },
  'policy review': { args: [], isElsewhere: true },
  'policy publish': { args: [POLICY], told: ['--message', 'why'] },
  'policy rollback': { args: ['1'], told: ['--message', 'why'] },
  'policy rollout': { args: ['1', '--percent', '50'] },
  'policy cancel': { args: ['1'] },
  'policy add-validation': { args: ['rule.yaml'], told: ['--message', 'why'], hasNotes: true },
  'budget list': { args: [] },
  'budget show': { args: [DECISION_ID] },
  'budget set': { args: ['project:web', '--limit', '5'] },
  'budget close': { args: [DECISION_ID] },
  'credit list': { args: [] },
  'credit grant': { args: ['tenant', '--amount', '5'], told: ['--reason', 'why'] },
  'credit revoke': { args: [BUDGET_ID] },
  'exception list': { args: [] },
  'exception create': {
    args: ['--waives', 'a', '--owner', 'o', '--expires', INSTANT],
    told: ['--reason', 'why', '--ticket', 'T-1'],
  },
  'exception revoke': { args: [BUDGET_ID] },
  'price-book list': { args: [] },
  'price-book show': { args: ['b1'] },
  'price-book publish': { args: [BOOK] },
  'price-book price': { args: ['--plan', PLAN, '--book-version', 'b1'] },
  'integration list': { args: [] },
  'integration create': { args: ['terms.json', '--secrets-out', 'secrets.json'] },
  'integration rotate': { args: [BUDGET_ID, '--secrets-out', 'secrets.json'] },
  'integration revoke': { args: [BUDGET_ID] },
  'approvals list': { args: [] },
  'approvals show': { args: [APPROVAL_ID] },
  'approvals file': { args: [DECISION_ID] },
  'approvals approve': { args: [APPROVAL_ID] },
  'approvals deny': { args: [APPROVAL_ID] },
  'approvals withdraw': { args: [APPROVAL_ID] },
  'approvals reissue': { args: [APPROVAL_ID] },
  'approvals consume': { args: ['--state', 'state.json', '--token-file', 'approval.token'] },
  'reservations list': { args: [] },
  'reservations show': { args: [DECISION_ID] },
  'reservations reconcile': { args: [DECISION_ID, '--actual', '5'] },
  'reservations import': { args: ['costs.csv'] },
  'reservations sweep': { args: [] },
  'reservations exceptions': { args: [] },
  'reservations resolve': { args: ['E1', '--resolution', 'accepted'] },
  'export archive': { args: ['--out', 'b.zip'] },
  'export list': { args: [] },
  'export parity': { args: [] },
  verify: { args: ['bundle.zip', '--trust', 'vkeys.txt'] },
  replay: { args: [], isElsewhere: true },
  'key public': { args: [], isDocument: true },
  migrate: { args: [], isElsewhere: true },
  rebuild: { args: [], isElsewhere: true },
  'journals list': { args: [], isElsewhere: true },
  'journals copy': { args: ['--from', 'postgres', '--to', 'postgres'], isElsewhere: true },
  'journals parked': { args: [], isElsewhere: true },
  'journals resume': { args: ['--all'], isElsewhere: true },
  'context list': { args: [] },
  'context use': { args: ['here'] },
  'context show': { args: [] },
  'completion bash': { args: [], isDocument: true },
  'completion zsh': { args: [], isDocument: true },
  'completion fish': { args: [], isDocument: true },
};
const PATHS = Object.keys(CALLS);
const callOf = (path: string): Call => CALLS[path] ?? { args: [] };

const tree = (command: Command, before: readonly string[] = []): readonly (readonly [string, Command])[] =>
  command
    .createHelp()
    .visibleCommands(command)
    .filter((each) => each.name() !== 'help')
    .flatMap((each) => {
      const path = [...before, each.name()];
      return each.commands.length === 0 ? [[path.join(' '), each] as const] : tree(each, path);
    });
const LEAVES = new Map(tree(createProgram(systemIo())));
const factsAt = (path: string): CommandFacts => {
  const leaf = LEAVES.get(path);
  const facts = leaf === undefined ? undefined : factsOf(leaf);
  if (facts === undefined) throw new Error(`${path} says nothing of itself`);
  return facts;
};

const world = withCliWorld();
const { server, path: inFolder, file, bare } = world;

const STATE = {
  ...{ schema: 'verdict.continuation.v1', decision_id: DECISION_ID, approval_request_id: APPROVAL_ID },
  ...{ run_id: 'r1', plan_sha256: 'a'.repeat(64), estimated_monthly_delta_usd: '1.0000' },
  binding: (preflightAnswer() as { continuation: { binding: object } }).continuation.binding,
  estimated_hourly_delta_usd: null,
};
const CLAIMS = Buffer.from(JSON.stringify({ tenant_id: 'acme' })).toString('base64url');

beforeEach(async () => {
  server.otherwise(agreeable);
  const book: unknown = JSON.parse(await readFile(BOOK, 'utf8'));
  const about = { version: 'b1', sha256: 'a'.repeat(64), entries: 0, published_by: 'a', published_at: INSTANT };
  server.on(`GET ${API}/price-books/b1`, { body: { ...about, book } });
  await openFileKeyStore(inFolder('.verdict', 'keys')).then((keys) => keys.publicKeys('issuer'));
  await mkdir(inFolder('home'));
  await file('config.yaml', 'contexts: { here: { timeout: 10s } }');
  await file('token', `e30.${CLAIMS}.c2ln`);
  await file('approval.token', 'x'.repeat(40));
  await file('review.json', '{}');
  await file('event.json', '{"data":{}}');
  await file('batch.json', '[]');
  await file('terms.json', '{}');
  await file('rule.yaml', 'id: a\ncondition: "true"\neffect: warn\n');
  await file('costs.csv', 'a\n1\n');
  await file('state.json', JSON.stringify(STATE));
  await file('vkeys.txt', await writeSmallBundle(inFolder('bundle.zip')));
});

const call = (path: string, before: readonly string[], after: readonly string[] = []): Promise<CliRun> =>
  bare(
    [
      ...['--url', server.url, '--token-file', 'token', '--config', 'config.yaml', '--tenant', 'acme'],
      ...before,
      ...path.split(' '),
      ...callOf(path).args,
      ...after,
    ],
    { env: { HOME: inFolder('home') } },
  );
const told = (path: string): readonly string[] => callOf(path).told ?? [];
/** Yes, no, a person, incomplete: what was asked was answered. */
const GOOD = 'answered';
const outcomeOf = ({ exit }: CliRun): string | number => ([0, 1, 3, 7].includes(exit) ? GOOD : exit);
const PRINTING = PATHS.filter((path) => callOf(path).isElsewhere !== true);
const DATA = PRINTING.filter((path) => callOf(path).isDocument !== true);
const notesOf = (path: string, { stderr }: CliRun): string => (callOf(path).hasNotes === true ? '' : stderr);

describe('every command', () => {
  it('is called here, and no other', () => {
    expect([...LEAVES.keys()].sort()).toEqual([...PATHS].sort());
  });

  it.each(PATHS)('%s: --help shows what it is, its exit codes and an example, and is 0', async (path) => {
    const { exit, stdout, stderr } = await bare([...path.split(' '), '--help']);
    expect([exit, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/\nExit codes:\n {2}0 {2}\S/);
    expect(stdout).toMatch(/\n {2}2 {2}\S/);
    expect(stdout).toMatch(/\nExamples:\n {2}\S/);
    expect(factsAt(path).examples.join('\n')).toContain(`verdict ${path.replace(' archive', '')}`);
  });

  it.each(PATHS)('%s: a flag that there is not is 2, and the nearest is named', async (path) => {
    const result = await call(path, [], [...told(path), '--quite']);
    expect([result.exit, result.stdout]).toEqual([2, '']);
    expect(failureOf(result)).toMatchObject({
      code: 'usage',
      title: "unknown option '--quite'",
      detail: 'did you mean --quiet?',
      retry: 'never',
      idempotencyKey: null,
    });
  });

  it.each(PRINTING)('%s: every global flag is taken behind the command, and before it', async (path) => {
    const own = path === 'approvals consume' ? [] : ['--token-file', 'token'];
    const flags = [
      ...['-c', 'here', '--env', 'here', '--config', 'config.yaml', '-t', 'acme', '--url', server.url],
      ...['-o', 'json', '--no-color', '--timeout', '5s', '--idempotency-key', 'a-key', '-y'],
    ];
    const behind = await call(path, [], [...told(path), ...flags, ...own]);
    expect([outcomeOf(behind), notesOf(path, behind)]).toEqual([GOOD, '']);
    const before = await call(path, flags, told(path));
    expect([outcomeOf(before), notesOf(path, before)]).toEqual([GOOD, '']);
  });

  it.each(PRINTING)('%s: data is on standard output and nothing else, in every form', async (path) => {
    const json = await call(path, ['-o', 'json'], told(path));
    expect([outcomeOf(json), notesOf(path, json)]).toEqual([GOOD, '']);
    expect(JSON.parse(json.stdout)).toHaveProperty('schema', expect.stringMatching(/^verdict\.[A-Za-z_.]+\.v1$/));
    const yaml = await call(path, ['-o', 'yaml', '-y'], told(path));
    expect([parse(yaml.stdout), notesOf(path, yaml)]).toEqual([
      expect.objectContaining({ schema: expect.anything() }),
      '',
    ]);
    const lines = await call(path, ['-o', 'ndjson', '-y'], told(path));
    for (const line of lines.stdout.trimEnd().split('\n')) expect(JSON.parse(line)).toHaveProperty('schema');
    expect(notesOf(path, lines)).toBe('');
  });

  it.each(DATA)('%s: -q leaves an id a line, md is a block, and hints are no data', async (path) => {
    const quiet = await call(path, ['-q'], told(path));
    expect([outcomeOf(quiet), quiet.stderr]).toEqual([GOOD, '']);
    expect(quiet.stdout).toMatch(/^(\S+\n)+$/);
    const table = await call(path, ['-o', 'table', '-y'], told(path));
    expect(table.stdout).toMatch(/\S\n$/);
    expect(table.stdout).not.toMatch(/^(more:|Next:|check it offline:|error:)/m);
    const markdown = await call(path, ['-o', 'md', '-y'], told(path));
    expect(markdown.stdout).toMatch(/^```text\n[^`]+\n```\n$/);
  });

  it.each(PATHS)('%s: --dry-run prints the request and sends nothing, or is refused', async (path) => {
    const result = await call(path, ['--dry-run'], told(path));
    if (factsAt(path).reach !== 'server') {
      expect([result.exit, failureOf(result)]).toMatchObject([
        2,
        { title: expect.stringContaining('sends no request') },
      ]);
      expect(server.seen).toEqual([]);
      return;
    }
    expect([result.exit, notesOf(path, result)]).toEqual([0, '']);
    const [line = ''] = result.stdout.split('\n');
    expect(line.startsWith(`GET ${server.url}/`) || /^(POST|PUT) /.test(line)).toBe(true);
    expect(result.stdout).not.toContain(CLAIMS);
    // What has to be known first is read: it changes nothing.
    const reads = server.seen.filter((each) => each.method === 'GET' || each.path.endsWith('/validate'));
    expect(server.seen.length).toBe(reads.length);
    if (!['budget set', 'budget close', 'policy add-validation'].includes(path)) expect(server.seen).toEqual([]);
  });

  it.each(PATHS)('%s: a reason and an incident are recorded, or refused: never dropped', async (path) => {
    const { reason, incident } = factsAt(path);
    const own = told(path);
    const without = (name: string | undefined): readonly string[] => {
      const at = own.indexOf(name ?? '');
      return at < 0 ? own : [...own.slice(0, at), ...own.slice(at + 2)];
    };
    const reasoned = await call(path, ['--dry-run', '--reason', 'because of X'], without(reason));
    const belonging = await call(path, ['--dry-run', '--incident', 'INC-2026-11-22-001'], without(incident));
    if (reason === undefined)
      expect([reasoned.exit, failureOf(reasoned)]).toMatchObject([2, { code: 'reason_not_recorded' }]);
    else expect(reasoned).toMatchObject({ exit: 0, stdout: expect.stringContaining('"because of X"') });
    if (incident === undefined)
      expect([belonging.exit, failureOf(belonging)]).toMatchObject([2, { code: 'incident_not_recorded' }]);
    else expect(belonging).toMatchObject({ exit: 0, stdout: expect.stringContaining('"INC-2026-11-22-001"') });
  });

  it.each(PATHS.filter((path) => factsAt(path).reach === 'server'))(
    '%s: an outcome that is unknown is 6, on standard error alone, with the key of a write',
    async (path) => {
      server.otherwise(() => ({ status: 503, body: problemAnswer(503, 'outcome_unknown') }));
      server.on(`GET ${API}/price-books/b1`, { status: 503, body: problemAnswer(503, 'outcome_unknown') });
      const result = await call(path, ['--timeout', '50ms'], told(path));
      expect([result.exit, result.stdout]).toEqual([6, '']);
      const last = server.seen.at(-1);
      const isWrite = last?.method !== 'GET';
      expect(failureOf(result)).toMatchObject({
        code: 'outcome_unknown',
        title: 'Title of outcome_unknown',
        retry: isWrite ? 'same-key' : 'later',
        idempotencyKey: last?.headers['idempotency-key'] ?? null,
      });
    },
  );

  it.each(PATHS.filter((path) => callOf(path).isElsewhere === true && factsAt(path).reach === 'stores'))(
    '%s: what it cannot find is 2, on standard error alone, as JSON and as text',
    async (path) => {
      const json = await call(path, [], told(path));
      expect([json.exit, json.stdout, failureOf(json)['retry']]).toEqual([2, '', 'never']);
      const text = await call(path, ['-o', 'table']);
      expect([text.exit, text.stdout, text.stderr]).toEqual([2, '', expect.stringMatching(/^error: /)]);
    },
  );
});

describe('the reason and the incident', () => {
  it('are another name for the text of the command: both are one too many, and none may be too few', async () => {
    const twice = await call('policy publish', ['--reason', 'a'], ['--message', 'b']);
    expect([twice.exit, failureOf(twice)]).toMatchObject([2, { title: expect.stringContaining('one text here') }]);
    const none = await call('policy publish', []);
    expect([none.exit, failureOf(none)]).toMatchObject([
      2,
      { title: "required option '--message <text>' not specified" },
    ]);
    const nothing = await call('exception create', ['--reason', 'a']);
    expect([nothing.exit, failureOf(nothing)]).toMatchObject([
      2,
      { title: "required option '--ticket <id>' not specified" },
    ]);
    expect(server.seen).toEqual([]);
  });
});

describe('a group', () => {
  it('that is named without a command is 2: JSON for scripts, its help for people', async () => {
    const json = await bare(['policy']);
    expect([json.exit, json.stdout, failureOf(json)]).toMatchObject([2, '', { title: 'which command?' }]);
    const text = await bare(['policy'], { isTerminal: true });
    expect([text.exit, text.stdout]).toEqual([2, '']);
    expect(text.stderr).toContain('Usage: verdict policy');
  });

  it('takes global flags between its name and that of the command', async () => {
    const { exit, stdout } = await bare(['policy', '--url', server.url, '-q', 'show'], { env: { VERDICT_TOKEN: 'a' } });
    expect([exit, stdout]).toEqual([0, '1\n']);
  });

  it.each([
    [['polcy', 'show'], 'did you mean policy?'],
    [['policy', 'shwo'], 'did you mean show?'],
    [
      ['gate', 'preflight', '--plan', 'x', '--projct', 'web', '--environment', 'prod'],
      "required option '--project <id>' not specified",
    ],
  ])('%j names the nearest that there is', async (argv, detail) => {
    const result = await bare(argv);
    expect([result.exit, failureOf(result)]).toMatchObject([2, { code: 'usage', detail }]);
    expect(failureOf(result)['title']).toMatch(/^unknown (command|option) '/);
  });
});
