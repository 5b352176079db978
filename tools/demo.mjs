/**
 * `npm run demo [-- --keep]`: one change from the question to the proof, against a real server on a temporary data
 * folder. Ends with `demo: ok` and leaves nothing behind; `--keep` leaves the server up and says how to stop it.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { apiOf, DemoFailed, expectStatus } from './demo/api.mjs';
import { field, step, table, usd } from './demo/print.mjs';
import { startServer } from './demo/server.mjs';
import { changedCopy } from './demo/tamper.mjs';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const STACK = join(ROOT, 'examples/aws-web-stack');
const CLI = join(ROOT, 'apps/cli/bin/verdict.js');
const DEADLINE_MS = 55_000;

const read = (name) => JSON.parse(readFileSync(join(STACK, name), 'utf8'));
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');
const isKept = process.argv.includes('--keep');

/** Runs the command line as a process of its own: nothing is shared with the server but what is passed. */
const verdict = (args, { cwd = ROOT, env = {} } = {}) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, ...args], { cwd, env, encoding: 'utf8' });
  return { status, stdout, stderr };
};

const tokenFor = (dataDir, subject, roles) => {
  const args = ['token', '--tenant', 'acme', '--subject', subject, '--data-dir', dataDir];
  const { status, stdout, stderr } = verdict([...args, ...roles.flatMap((role) => ['--role', role])]);
  if (status !== 0) throw new DemoFailed(`no token for ${subject}: ${stderr}`);
  return stdout.trim();
};

const publishRules = async (admin) => {
  step(1, 'What things cost, what is allowed, and how much', 'as admin-1');
  const book = await admin.post('/price-books', read('price-book.json'));
  expectStatus(book, 201);
  field('price book', `${book.body.version}, ${book.body.entries} prices`);
  const before = await admin.get('/policies');
  const document = read('policy.json');
  const message = 'production needs a second person';
  const policy = await admin.post('/policies', { document, message }, { 'if-match': before.headers.get('etag') });
  expectStatus(policy, 201);
  field('policy', `version ${policy.body.version}: prod is soft, needs approval by somebody else`);
  const budget = await admin.post('/budgets', { scope: 'project:web', period: 'month', limit_usd: '1000' });
  expectStatus(budget, 201);
  field('budget', `project:web ${usd(budget.body.limit_usd)} USD a month`);
  return budget.body.budget_id;
};

const addressesOf = (plan) => new Map(plan.resource_changes.map(({ address }) => [sha256(address), address]));

const ask = async (dev) => {
  step(2, 'May this Terraform plan go ahead?', 'as dev-1, examples/aws-web-stack/plan.json');
  const bytes = readFileSync(join(STACK, 'plan.json'));
  const plan = JSON.parse(bytes.toString('utf8'));
  const answer = await dev.post('/gate/terraform/preflight', {
    run_id: 'run-1',
    project_id: 'web',
    environment: 'prod',
    resource_reference: 'stack:web',
    justification: 'the new web stack for the launch',
    ticket: 'WEB-42',
    plan_sha256: sha256(bytes),
    plan,
  });
  expectStatus(answer, 200);
  const { decision, cost, hold, reason_codes: reasons } = answer.body;
  const addresses = addressesOf(plan);
  table(
    ['TYPE', 'ACTION', 'PRICE ENTRY', 'USD/MONTH', 'RESOURCE'],
    cost.lines.map((line) => [
      line.type,
      line.action,
      line.entry_id ?? line.status,
      line.delta_usd === null ? '?' : `+${usd(line.delta_usd)}`,
      addresses.get(line.address_sha256) ?? `${line.count} equal ones`,
    ]),
    3,
  );
  field('total', `+${usd(cost.monthly)} USD a month (${cost.completeness}, price book ${cost.price_book.version})`);
  field('decision', decision);
  field('reasons', reasons.join(', '));
  field('held', `${usd(hold.total)} USD now; ${usd(hold.unfunded_usd)} fits no limit and needs the approval`);
  field('entry', `${answer.body.entry.origin} revision ${answer.body.entry.revision}, on disk before this answer`);
  if (decision !== 'REQUIRE_APPROVAL') throw new DemoFailed(`expected REQUIRE_APPROVAL, got ${decision}`);
  return answer.body;
};

const approve = async ({ dev, lead }, approvalId) => {
  step(3, 'Two people', 'dev-1 may vote on changes, but not on an own one; lead-1 may');
  const own = await dev.post(`/approvals/${approvalId}/approve`, { notes: 'looks good to me' });
  expectStatus(own, 403, 'self_review_forbidden');
  const granted = await lead.post(`/approvals/${approvalId}/approve`, { notes: 'agreed for the launch' });
  expectStatus(granted, 200);
  const { status, progress, approval_token: token, use_by: useBy } = granted.body;
  field('status', `${status}, ${progress.map(({ approved, quorum }) => `${approved} of ${quorum}`).join(', ')}`);
  field('token', `${token.slice(0, 24)}... shown once, bound to this change, use by ${useBy}`);
  return token;
};

const consume = async (dev, asked, token) => {
  step(4, 'Using the approval, once', 'as dev-1, before terraform apply');
  const body = {
    approval_token: token,
    ...asked.continuation.binding,
    estimated_monthly_delta_usd: asked.cost.monthly,
  };
  const other = await dev.post('/approvals/consume', { ...body, expected_resource_reference: 'stack:other' });
  expectStatus(other, 409, 'binding_resource_mismatch');
  const first = await dev.post('/approvals/consume', body);
  expectStatus(first, 200);
  field('consumed', `by ${first.body.consumed_by}, up to ${usd(first.body.max_monthly_delta_usd)} USD a month`);
  expectStatus(await dev.post('/approvals/consume', body), 409, 'token_replayed');
};

const showBudget = async (admin, when, { budgetId, until = () => true }) => {
  const endMs = Date.now() + 5000;
  for (;;) {
    const { body, status } = await admin.get(`/budgets/${budgetId}`, { isQuiet: true });
    if (status === 200 && until(body)) {
      const numbers = `limit ${usd(body.limit_usd)}, spent ${usd(body.spent_usd)}, held ${usd(body.held_usd)}, left ${usd(body.headroom_usd)}`;
      field(when, numbers);
      return;
    }
    if (Date.now() > endMs) throw new DemoFailed(`the budget did not follow within 5 s: ${JSON.stringify(body)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};

/** Reads what was just written: the read waits until it has seen that entry. */
const showExceptions = async (admin, settled) => {
  const headers = { 'verdict-min-entry': settled.headers.get('verdict-entry') };
  const listed = await admin.get('/reservations/reconciliation-exceptions', { headers });
  expectStatus(listed, 200);
  const rows = listed.body.items.map((each) => [
    each.kind,
    usd(each.amount_usd),
    usd(each.drift_usd),
    each.owner,
    each.due_at,
  ]);
  if (rows.length === 0) throw new DemoFailed('the exception is not listed');
  table(['EXCEPTION', 'USD', 'DRIFT', 'OWNER', 'DUE'], rows, 1);
};

const settle = async (admin, { budgetId, decisionId }) => {
  step(5, 'What it really cost', 'as admin-1; the invoice says 1150');
  await showBudget(admin, 'before', { budgetId });
  const settled = await admin.post(`/reservations/${decisionId}/reconcile`, { actual_monthly_delta_usd: '1150' });
  expectStatus(settled, 200);
  const { status, expected_usd: expected, drift_usd: drift, overrun_usd: overrun, exception_id: id } = settled.body;
  field('settled', `${status}: expected ${usd(expected)}, actual 1150.00, drift ${usd(drift)}`);
  field('overrun', `${usd(overrun)} above every limit, kept under its own name`);
  if (id === null) throw new DemoFailed('drift without an exception');
  await showExceptions(admin, settled);
  await showBudget(admin, 'after', { budgetId, until: ({ held_usd: held }) => Number(held) === 0 });
};

const exportBundle = async (auditor, folder) => {
  step(6, 'Everything, for an auditor', 'as auditor-1');
  const order = await auditor.post('/exports', {});
  expectStatus(order, 202);
  const endMs = Date.now() + 30_000;
  let job = order.body;
  while (job.status === 'queued' || job.status === 'running') {
    if (Date.now() > endMs) throw new DemoFailed(`the export is still ${job.status} after 30 s`);
    await new Promise((resolve) => setTimeout(resolve, 100));
    job = (await auditor.get(`/exports/${order.body.export_id}`, { isQuiet: true })).body;
  }
  if (job.status !== 'ready') throw new DemoFailed(`the export ${job.status}: ${job.failure}`);
  const bytes = await auditor.download(`/exports/${job.export_id}/download`);
  if (sha256(bytes) !== job.content_sha256) throw new DemoFailed('the download is not what was exported');
  writeFileSync(join(folder, 'bundle.zip'), bytes);
  writeFileSync(join(folder, 'vkeys.txt'), await auditor.text('/.well-known/verdict-vkeys.txt'));
  field('bundle', `${bytes.length} bytes, ${job.progress.total} entries, sha256 ${job.content_sha256.slice(0, 16)}...`);
};

const indented = (text) => text.replaceAll(/^(?=.)/gm, '      ');

const verify = (folder) => {
  step(7, 'Proof', 'another process, no network, no environment: the bundle and the public key');
  const { status, stdout, stderr } = verdict(['verify', 'bundle.zip', '--trust', 'vkeys.txt', '-o', 'table'], {
    cwd: folder,
  });
  console.log(`      $ verdict verify bundle.zip --trust vkeys.txt\n${indented(stdout + stderr)}      exit ${status}`);
  if (status !== 0) throw new DemoFailed(`verify ended with ${status}`);
};

const verifyChanged = (folder) => {
  step(8, 'Somebody changes one byte', 'of a recorded decision, in a copy');
  const { bytes, was, is, entry } = changedCopy(
    readFileSync(join(folder, 'bundle.zip')),
    'journals/decisions/entries.ndjson',
  );
  writeFileSync(join(folder, 'changed.zip'), bytes);
  field('changed', `${entry}: "${was}" is now "${is}"`);
  const { status, stdout, stderr } = verdict(['verify', 'changed.zip', '--trust', 'vkeys.txt', '-o', 'table'], {
    cwd: folder,
  });
  const lines = stdout.split('\n');
  const failed = lines.filter((line, index) => /^(FAIL|NOT )/.test(line) || /^FAIL/.test(lines[index - 1] ?? ''));
  console.log(
    `      $ verdict verify changed.zip --trust vkeys.txt\n${indented(`${failed.join('\n')}\n${stderr}`)}      exit ${status}`,
  );
  const isNamed = stdout.includes('journals/decisions/entries.ndjson revision');
  if (status !== 1 || !isNamed) throw new DemoFailed(`the change was not found: exit ${status}`);
};

const play = async (server, folder) => {
  const as = (subject, ...roles) => apiOf(server.url, tokenFor(server.dataDir, subject, roles));
  const admin = as('admin-1', 'admin');
  const dev = as('dev-1', 'member', 'approver');
  const lead = as('lead-1', 'approver');
  const budgetId = await publishRules(admin);
  const asked = await ask(dev);
  const token = await approve({ dev, lead }, asked.approval_request_id);
  await consume(dev, asked, token);
  await settle(admin, { budgetId, decisionId: asked.decision_id });
  const auditorFolder = join(folder, 'auditor');
  mkdirSync(auditorFolder);
  await exportBundle(as('auditor-1', 'auditor'), auditorFolder);
  verify(auditorFolder);
  verifyChanged(auditorFolder);
};

const keep = (server, folder) => {
  server.leave();
  console.log('\nThe server stays up.');
  field('url', server.url);
  field('token', tokenFor(server.dataDir, 'admin-1', ['admin', 'member', 'approver', 'auditor']));
  field('log', server.logFile);
  field('stop', `kill ${server.pid}; while kill -0 ${server.pid} 2>/dev/null; do sleep 0.1; done; rm -rf ${folder}`);
};

// The database server runs as another user when this one is root, and has to reach its folder.
process.umask(0o022);
const folder = mkdtempSync(join(tmpdir(), 'verdict-demo-'));
chmodSync(folder, 0o711);
const server = startServer({ root: ROOT, folder });

const cleanUp = async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
};
let isEnding = false;
const endWith = async (code, message) => {
  if (isEnding) return;
  isEnding = true;
  if (message !== undefined) console.error(`\n${message}`);
  console.log = () => undefined; // A step under way has nothing more to tell.
  await cleanUp();
  process.exit(code);
};
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
])
  process.on(signal, () => void endWith(code, 'demo: interrupted'));
const late = setTimeout(
  () => void endWith(1, `demo: FAILED: not done after ${DEADLINE_MS / 1000} s\n${server.logTail()}`),
  DEADLINE_MS,
);

try {
  await server.ready;
  console.log(`Verdict runs at ${server.url}, on an own Postgres in ${folder}`);
  await play(server, folder);
  clearTimeout(late);
  if (isKept) keep(server, folder);
  else await cleanUp();
  console.log('\ndemo: ok');
} catch (error) {
  const detail = error instanceof DemoFailed ? error.message : (error.stack ?? String(error));
  await endWith(1, `demo: FAILED: ${detail}\n\nlast lines of the server's log:\n${server.logTail()}`);
}
