import { expect } from '@jest/globals';
import { JOURNAL_KINDS } from '@verdict/application';
import type { ApiAnswer } from '../e2e/api.js';
import type { ScaleOut } from '../e2e/scale-out.js';
import { type Acknowledgement, gaps, keyFindings, moneyFindings, untrueAcknowledgements } from './ledger-findings.js';
import { type Command, Pipelines } from './pipelines.js';
import { expectReplayable } from '../replay-journals.js';
import { readLedger } from './read-ledger.js';

const isGate = ({ route }: Command): boolean => route === 'gateTerraform' || route === 'gatePreflight';

const acknowledgementsOf = (command: Command, { body, status }: ApiAnswer): readonly Acknowledgement[] => {
  const kind = JOURNAL_KINDS.find((each) => each === String(body.entry?.origin).split('/')[2]);
  if (status !== 200 || kind === undefined) return [];
  const entry = { kind, revision: Number(body.entry.revision), leafHash: String(body.entry.leaf_hash) };
  if (!isGate(command)) return [entry];
  const { decision_id: id, decision: verdict } = body;
  return [{ ...entry, decision: { id: String(id), verdict: String(verdict), key: command.request.key ?? '' } }];
};

const ofEach = async (
  tenants: readonly string[],
  find: (tenant: string) => Promise<readonly string[]>,
): Promise<readonly string[]> =>
  (await Promise.all(tenants.map(async (tenant) => (await find(tenant)).map((each) => `${tenant}: ${each}`)))).flat();

/**
 * After a fault, and once the pipelines have their outcomes: no acknowledged decision is lost and none is doubled, no
 * budget was exceeded at any revision, read models equal a rebuild, topics have everything, and nothing lags or is parked.
 */
export const expectAllWell = async (deployment: ScaleOut, pipelines: Pipelines): Promise<void> => {
  await pipelines.end();
  await pipelines.askAgain();
  expect(pipelines.defects).toEqual([]);
  await deployment.settled(); // Marks of relays and read models at the heads, gauges at 0, nothing parked.
  await expectReplayable(deployment.journals);
  const ledgers = new Map(
    await Promise.all(
      pipelines.tenants.map(async (tenant) => [tenant, await readLedger(deployment.journals, tenant)] as const),
    ),
  );
  const ledgerOf = (tenant: string) => ledgers.get(tenant)!;
  const commandsOf = (tenant: string): readonly Command[] =>
    pipelines.commands.filter((command) => command.tenant === tenant);
  const { tenants } = pipelines;
  const findings = {
    gaps: await ofEach(tenants, async (tenant) => gaps(ledgerOf(tenant))),
    lostOrOther: await ofEach(tenants, async (tenant) => {
      const told = commandsOf(tenant).flatMap((each) =>
        each.answers.flatMap((answer) => acknowledgementsOf(each, answer)),
      );
      return untrueAcknowledgements(ledgerOf(tenant), told);
    }),
    keys: await ofEach(tenants, async (tenant) => {
      const asked = commandsOf(tenant).filter(isGate);
      return keyFindings(
        ledgerOf(tenant),
        asked.map(({ request }) => request.key ?? ''),
      );
    }),
    money: await ofEach(tenants, (tenant) => moneyFindings(ledgerOf(tenant), Date.now())),
  };
  expect(findings).toEqual({ gaps: [], lostOrOther: [], keys: [], money: [] });
  expect(await deployment.equalsRebuild()).toBe(true);
};

/** Runs a fault while pipelines work, and looks afterwards whether all is well. */
export const underLoad = async (
  deployment: ScaleOut,
  fault: (pipelines: Pipelines) => Promise<void>,
): Promise<void> => {
  const pipelines = await Pipelines.start(deployment);
  try {
    await pipelines.goOn('reconcile'); // The last step of a pipeline.
    await fault(pipelines);
    await expectAllWell(deployment, pipelines);
  } finally {
    await pipelines.abandon();
  }
};
