import { describe, expect, it } from '@jest/globals';
import { ENTRY_CONTRACTS, ENTRY_KINDS } from '@verdict/contracts';
import { overrunsOf } from '@verdict/domain';
import { checkEntry } from '@verdict/ledger';
import { replayed } from '../support/replay-journals.js';
import {
  expectedOf,
  foldRecording,
  readRecording,
  type Recording,
  recordedSource,
  recordingOf,
  releases,
  sameMembers,
  UNRELEASED,
  writeRecording,
} from './recording.js';
import { liveThrough } from './scenario.js';

/** `node tools/record-replay.mjs <release>` sets it. */
const toRecord = process.env['VERDICT_RECORD_REPLAY'];

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
      expect(sameMembers(now.meaning, expected.meaning)).toEqual(expected.meaning);
      for (const [name, { version, sha256 }] of Object.entries(expected.states)) {
        if (now.states[name]?.version === version) expect([name, now.states[name].sha256]).toEqual([name, sha256]);
      }
    });

    it('has the overruns in it that were recorded, open or as they were resolved', async () => {
      const { gate } = await foldRecording(recording);
      const told = new Map<string, string | null>();
      for (const line of recording.reservations) {
        const { envelope, payload } = JSON.parse(line) as {
          readonly envelope: { readonly type: string };
          readonly payload: { readonly exception_id?: string; readonly resolution?: string };
        };
        const { exception_id: id = '', resolution = null } = payload;
        if (/^exception_(opened|resolved)$/.test(envelope.type) && id.startsWith('overrun:')) told.set(id, resolution);
      }
      expect(told.size).toBeGreaterThan(0);
      const known = [...overrunsOf(gate.state.overruns)];
      expect(new Map(known.map(({ exceptionId, resolution }) => [exceptionId, resolution]))).toEqual(told);
    });

    it('is decided again as it was: the same verdict, reasons, hold and bytes, from what is recorded alone (G7)', async () => {
      const report = await replayed(recordedSource(recording));
      expect(report).toMatchObject({ diverging: 0, hidden: 0, reactionsDiverging: 0, divergences: [] });
      expect(report.reactions).toBeGreaterThan(5);
      const decisions = recording.decisions.map((line) => JSON.parse(line) as { envelope: { type: string } });
      expect(report.decisions).toBe(decisions.filter(({ envelope }) => envelope.type === 'decision_recorded').length);
      expect(report.decisions).toBeGreaterThan(15);
    });
  });

for (const release of releases()) replaying(release);

describe('what the code of today records', () => {
  const recordedNames = () => namesIn(readRecording(UNRELEASED).recording);
  const namesIn = (made: Recording): readonly string[] =>
    ENTRY_KINDS.flatMap((kind) =>
      made[kind].map((line) => {
        const { envelope } = JSON.parse(line) as {
          readonly envelope: { readonly type: string; readonly type_v: number };
        };
        return `${kind} ${envelope.type} ${String(envelope.type_v)}`;
      }),
    );
  const known = ENTRY_CONTRACTS.map(({ kind, type, typeV }) => `${kind} ${type} ${String(typeV)}`);

  it('has every entry type in it that a journal may hold', () => {
    const recorded = new Set(recordedNames());
    expect(known.filter((name) => !recorded.has(name))).toEqual([]);
  });

  it('is what the scenario writes, type by type: a change of the scenario is recorded too', async () => {
    const { store } = await liveThrough();
    // Reactions and commands may meet in another order: how often each type comes is always the same.
    expect([...namesIn(recordingOf(store, 'acme'))].sort()).toEqual([...recordedNames()].sort());
  });
});
