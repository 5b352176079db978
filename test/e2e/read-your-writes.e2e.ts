import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { isTenantRead, type RouteContract, type RouteId, ROUTES } from '@verdict/contracts';
import { call } from '../support/e2e/api.js';
import type { LedgerReader } from '../support/e2e/ledger.js';
import { buildEstate, type Estate, SAMPLES } from '../support/e2e/samples.js';
import { Standalone } from '../support/e2e/standalone.js';
import { after, grantedApproval, must } from '../support/e2e/story.js';
import { freshTenant, type People, peopleOf } from '../support/e2e/tokens.js';

const KINDS = ['policy', 'decisions', 'approvals', 'reservations'] as const;
const contractOf = (id: RouteId): RouteContract => ROUTES[id];
const READS = (Object.keys(ROUTES) as RouteId[]).filter((id) => isTenantRead(contractOf(id)));

describe('a read that names an entry', () => {
  let server: Standalone;
  let ledger: LedgerReader;
  let people: People;
  let estate: Estate;

  beforeAll(async () => {
    server = await Standalone.start();
    ledger = await server.openLedger();
    people = peopleOf(freshTenant('reads'));
    estate = await buildEstate(server, people.admin.tenant, 'reads');
  }, 120_000);
  afterAll(() => server.dispose());

  const read = (id: RouteId, entry: string) =>
    call(server, id, {
      as: contractOf(id).roles.includes('admin') ? people.admin : people.lead,
      params: SAMPLES[id].params?.(estate) ?? {},
      headers: { 'verdict-min-entry': entry },
    });

  it('is answered once the entry is there, and 503 when it does not come in time, whatever it reads', async () => {
    const heads = await ledger.heads(people.admin.tenant);
    const answersTo = (ahead: number) =>
      Promise.all(
        READS.flatMap((id) =>
          KINDS.map(async (kind) => {
            const { status, body } = await read(id, `${kind}@${String(heads[kind] + ahead)}`);
            return `${id} ${kind}: ${body.code === 'read_model_behind' ? `${String(status)} behind` : 'answered'}`;
          }),
        ),
      );
    const all = (outcome: string) => READS.flatMap((id) => KINDS.map((kind) => `${id} ${kind}: ${outcome}`));
    expect(await answersTo(0)).toEqual(all('answered'));
    expect(await answersTo(5)).toEqual(all('503 behind'));
  });

  it('shows an approval as the vote left it, in lists and alone', async () => {
    const { approvalId } = await grantedApproval(server, people, { project_id: 'shop' });
    const params = { approval_id: approvalId };
    const withdrawn = await must(server, 'withdrawApproval', { as: people.dev, params, body: {} });
    const one = await must(server, 'getApproval', { as: people.dev, params, headers: after(withdrawn) });
    const list = await must(server, 'listApprovals', {
      as: people.dev,
      query: { project_id: 'shop', status: 'withdrawn' },
      headers: after(withdrawn),
    });
    expect([one.body.status, list.body.items[0]?.approval_id]).toEqual(['withdrawn', approvalId]);
  });

  it('shows checkpoints that cover the entry', async () => {
    const answer = await must(server, 'createBudget', {
      as: people.admin,
      body: { scope: 'project:covered', limit_usd: '1' },
    });
    const latest = await must(server, 'latestCheckpoint', {
      as: people.auditor,
      params: { kind: 'policy' },
      headers: after(answer),
    });
    expect(latest.body.size).toBeGreaterThan(answer.body.entry.revision);
  });
});
