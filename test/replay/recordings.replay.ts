import { describe, expect, it } from '@jest/globals';
import {
  type ApprovalId,
  type AskForChange,
  type DecisionRecorded,
  evaluate,
  type Evidence,
  type GateState,
  usdOf,
} from '@verdict/domain';
import { checkEntry } from '@verdict/ledger';
import { expectedOf, foldRecording, readRecording, recordingOf, releases, writeRecording } from './recording.js';
import { liveThrough } from './scenario.js';

/** `node tools/record-replay.mjs <release>` sets it. */
const toRecord = process.env['VERDICT_RECORD_REPLAY'];

/** The evidence that a decision saw, as far as the decision shows it; undefined: the caller's claim hides its amount. */
const evidenceOf = ({ cost, request }: DecisionRecorded): Evidence | null | undefined => {
  if (cost.price_book === null)
    return cost.method === 'declared' && cost.completeness !== 'complete' ? undefined : null;
  const { monthly_delta_usd: monthly, hourly_delta_usd: hourly, completeness, priced, unpriced, lines } = cost;
  if (
    request.declared_monthly_delta_usd !== null &&
    (monthly === null || monthly === request.declared_monthly_delta_usd)
  )
    return undefined;
  return {
    priceWith: () => ({
      monthly: monthly === null ? (0n as never) : usdOf(monthly),
      hourly: hourly === null ? (0n as never) : usdOf(hourly),
      completeness,
      priced,
      unpriced,
      lines,
    }),
  };
};

const questionOf = (recorded: DecisionRecorded, evidence: Evidence | null): AskForChange => {
  const { environment_class: _decided, ...request } = recorded.request;
  const { declared_monthly_delta_usd: monthly, declared_hourly_delta_usd: hourly } = request;
  return {
    kind: 'ask_for_change',
    decisionId: recorded.decision_id,
    approvalId: recorded.approval?.approval_id ?? ('' as ApprovalId),
    salt: recorded.salt,
    now: recorded.decided_at,
    key: { scope: recorded.key.scope, text: recorded.key.text, isDerived: recorded.key.is_derived },
    payloadHash: recorded.payload_hash,
    request,
    requester: recorded.requester,
    isDryRun: recorded.dry_run,
    claim: { monthly: monthly === null ? null : usdOf(monthly), hourly: hourly === null ? null : usdOf(hourly) },
    evidence,
    expectedFingerprint: null,
    rememberedAnswer: null,
  };
};

if (toRecord !== undefined) {
  describe('recording', () => {
    it(`writes what release ${toRecord} makes of a tenant's life`, async () => {
      const { store, at } = await liveThrough();
      const recording = recordingOf(store, 'acme');
      writeRecording(toRecord, recording, expectedOf(await foldRecording(recording), at));
    });
  });
}

const replaying = (release: string): void =>
  describe(`what release ${release} recorded`, () => {
    const { recording, expected } = readRecording(release);

    it('is sound, entry by entry', () => {
      const findings = Object.values(recording).flatMap((lines) =>
        lines.flatMap((line) => checkEntry(Buffer.from(line, 'utf8'))),
      );
      expect(findings).toEqual([]);
    });

    it('has everything in it that can happen', () => {
      const types = new Set(
        Object.values(recording).flatMap((lines) =>
          lines.map((line) => (JSON.parse(line) as { envelope: { type: string } }).envelope.type),
        ),
      );
      for (const type of [
        'policy_published',
        'budget_set',
        'price_book_published',
        'exception_granted',
        'decision_recorded',
        'hold_voided',
        'hold_expired',
        'approval_requested',
        'vote_cast',
        'approval_granted',
        'approval_denied',
        'approval_expired',
        'approval_withdrawn',
        'token_issued',
        'token_consumed',
        'token_refused',
        'actual_recorded',
        'reservation_settled',
        'drift_found',
        'exception_opened',
      ])
        expect(types).toContain(type);
    });

    it('folds with the code of today to what it meant then', async () => {
      const now = expectedOf(await foldRecording(recording), expected.at);
      expect(now.folded).toEqual(expected.folded);
      expect(now.meaning).toEqual(expected.meaning);
      for (const [name, { version, sha256 }] of Object.entries(expected.states)) {
        if (now.states[name]?.version === version) expect([name, now.states[name].sha256]).toEqual([name, sha256]);
      }
    });

    it('is decided again as it was: the same verdict, reasons, hold and bytes, from what is recorded alone (G7)', async () => {
      const derived: string[] = [];
      const hidden: string[] = [];
      const compare = (recorded: DecisionRecorded, state: GateState): void => {
        const evidence = evidenceOf(recorded);
        if (evidence === undefined) {
          hidden.push(recorded.decision_id);
          return;
        }
        const again = evaluate(questionOf(recorded, evidence), state, recorded.key.generation);
        expect({ ...again, supersedes: recorded.supersedes }).toEqual(recorded);
        derived.push(recorded.decision);
      };
      await foldRecording(recording, (state, kind, { type, payload }) => {
        if (kind === 'decisions' && type === 'decision_recorded') compare(payload as DecisionRecorded, state);
      });
      expect(new Set(derived)).toEqual(new Set(['ALLOW', 'REQUIRE_APPROVAL', 'DENY']));
      expect(derived.length).toBeGreaterThan(15);
      expect(hidden).toEqual([]);
    });
  });

for (const release of releases()) replaying(release);
