import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { toHex } from '@verdict/ledger';
import { MONEY_ONLY, ServiceWorld, usd, valueOf } from '../service-world.js';
import { type Acknowledgement, gaps, keyFindings, moneyFindings, untrueAcknowledgements } from './ledger-findings.js';
import { type Ledger, type LedgerEntry, ledgerEntry, readLedger } from './read-ledger.js';

describe('what is looked for after a fault', () => {
  let world: ServiceWorld;
  let ledger: Ledger;
  let told: Acknowledgement[];

  beforeEach(async () => {
    world = await new ServiceWorld().start();
    await world.policy(MONEY_ONLY);
    await world.budget('100');
    told = [];
    for (const key of ['a', 'b', 'c']) {
      const { entry, recorded } = valueOf(await world.ask('30', { key }));
      const decision = { id: recorded.decision_id, verdict: recorded.decision, key };
      told.push({ kind: 'decisions', revision: Number(entry.revision), leafHash: toHex(entry.leafHash), decision });
    }
    const settled = valueOf(
      await world.reconcile(
        {
          decisionId: told[0]!.decision!.id as never,
          actual: usd('10'),
          notes: null,
          isCorrection: false,
          trigger: 'manual',
        },
        world.meta('admin-1'),
      ),
    );
    told.push({ kind: 'reservations', revision: settled.entry.revision, leafHash: settled.entry.leaf_hash });
    ledger = await readLedger(world.journals, 'acme');
  });
  afterEach(() => world.stop());

  const withDecisions = (change: (entries: readonly LedgerEntry[]) => readonly LedgerEntry[]): Ledger => ({
    ...ledger,
    decisions: change(ledger.decisions),
  });
  /** The entry with another payload; its hashes are as they were. */
  const forged = (entry: LedgerEntry, from: string, to: string): LedgerEntry => {
    const line = entry.line.replaceAll(from, to);
    expect(line).not.toBe(entry.line);
    return { ...ledgerEntry(entry.revision, Buffer.from(line)), leafHash: entry.leafHash };
  };

  it('finds nothing where all is well', async () => {
    expect(untrueAcknowledgements(ledger, told)).toEqual([]);
    expect(keyFindings(ledger, ['a', 'b', 'c'])).toEqual([]);
    expect(await moneyFindings(ledger, world.clock.nowMs())).toEqual([]);
    expect(gaps(ledger)).toEqual([]);
  });

  it('finds an acknowledged decision that is lost, is another one, or is there twice', () => {
    const [first] = ledger.decisions;
    const lost = withDecisions((entries) => entries.slice(0, -1));
    expect(untrueAcknowledgements(lost, told)).toEqual([expect.stringContaining('decisions 2')]);
    const another = withDecisions((entries) => entries.map((each) => ({ ...each, leafHash: first!.leafHash })));
    expect(untrueAcknowledgements(another, told)).toHaveLength(2);
    const turned = withDecisions((entries) => entries.map((each) => forged(each, '"ALLOW"', '"DENY"')));
    expect(untrueAcknowledgements(turned, told)).toHaveLength(3);
    const twice = withDecisions((entries) => [...entries, { ...first!, revision: 3 }]);
    expect(untrueAcknowledgements(twice, told)).toEqual([expect.stringContaining('decisions 0')]);
    expect(untrueAcknowledgements({ ...ledger, reservations: [] }, told)).toHaveLength(1);
  });

  it('finds a key with two decisions, and one that was asked without any', () => {
    const again = withDecisions((entries) => [...entries, ...entries.slice(0, 1)]);
    expect(keyFindings(again, ['a', 'b', 'c'])).toEqual(['a has 2 decisions']);
    expect(keyFindings(ledger, ['a', 'b', 'c', 'd'])).toEqual(['d has 0 decisions']);
  });

  it('finds the revision at which a budget was exceeded', async () => {
    const greedy = withDecisions((entries) =>
      entries.map((each, index) => (index === 2 ? forged(each, '"30.0000"', '"60.0000"') : each)),
    );
    expect(await moneyFindings(greedy, world.clock.nowMs())).toEqual([expect.stringContaining('decisions 2')]);
  });

  it('finds a journal that is not dense', () => {
    expect(gaps(withDecisions((entries) => entries.filter(({ revision }) => revision !== 1)))).toEqual([
      'decisions has 2 where 1 is due',
    ]);
  });
});
