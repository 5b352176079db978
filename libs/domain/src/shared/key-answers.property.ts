import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Sha256Hex } from './brand.js';
import {
  earlierKeyAnswer,
  type KeyAnswers,
  type LookedUpAnswer,
  mayBeForgotten,
  noKeyAnswers,
  withKeyAnswer,
} from './key-answers.js';

const SCOPE = 'reconcile';
const keyed = (key: string | null, asked: number) => ({
  scope: SCOPE,
  keyed: { key, payload_hash: String(asked) as Sha256Hex },
});
const step = fc.record({
  key: fc.option(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'), { freq: 6 }),
  asked: fc.nat(1),
  /** Entries of the journal that answer nobody. */
  skipped: fc.nat(2),
});
type Answered = ReadonlyMap<string, { readonly payloadHash: string; readonly revision: bigint }>;

/** What all entries up to a revision say of a key. */
const scan = (journal: readonly Answered[], key: string, upTo: bigint): LookedUpAnswer => {
  const answers = journal.flatMap((each) => each.get(key) ?? []).filter(({ revision }) => revision <= upTo);
  return { upTo, answer: (answers.at(-1) ?? null) as LookedUpAnswer['answer'] };
};

const histories = fc.record({ capacity: fc.integer({ min: 1, max: 4 }), steps: fc.array(step, { maxLength: 60 }) });

describe('answers by key', () => {
  const play = (
    { capacity, steps }: { capacity: number; steps: readonly { key: string | null; asked: number; skipped: number }[] },
    check: (answers: KeyAnswers, journal: readonly Answered[]) => void,
  ): void => {
    let answers = noKeyAnswers(capacity);
    let revision = -1n;
    const journal: Answered[] = [];
    for (const { key, asked, skipped } of steps) {
      revision += BigInt(skipped) + 1n;
      answers = withKeyAnswer(answers, keyed(key, asked), revision);
      if (key !== null) journal.push(new Map([[key, { payloadHash: String(asked), revision }]]));
      check(answers, journal);
    }
  };

  it('are those of the whole journal, from memory or looked up as far as memory forgot, however little is kept', () => {
    fc.assert(
      fc.property(histories, (history) => {
        play(history, (answers, journal) => {
          for (const key of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'never']) {
            const { answer } = scan(journal, key, 1_000_000n);
            const expected =
              answer === null
                ? undefined
                : answer.payloadHash === '0'
                  ? { kind: 'replay', revision: answer.revision }
                  : { kind: 'refused', refusal: { code: 'idempotency_conflict', firstRevision: answer.revision } };
            const lookedUp = scan(journal, key, answers.forgottenUpTo);
            expect(earlierKeyAnswer(answers, keyed(key, 0), lookedUp)).toEqual(expected);
          }
        });
      }),
    );
  });

  it('are never taken for none where less was looked through than memory forgot', () => {
    fc.assert(
      fc.property(histories, (history) => {
        play(history, (answers, journal) => {
          for (const key of ['a', 'b', 'c', 'never']) {
            if (answers.forgottenUpTo < 0n) continue;
            const tooLittle = scan(journal, key, answers.forgottenUpTo - 1n);
            const decided = earlierKeyAnswer(answers, keyed(key, 0), tooLittle);
            if (mayBeForgotten(answers, SCOPE, key)) expect(decided).not.toBeUndefined();
            else expect(decided).toEqual(earlierKeyAnswer(answers, keyed(key, 0)));
          }
        });
      }),
    );
  });

  it('of the newest keys are in memory, as many as it is for, and at most twice as many and one', () => {
    fc.assert(
      fc.property(histories, (history) => {
        play(history, ({ kept }, journal) => {
          const newest = [...new Set(journal.flatMap((each) => [...each.keys()]).reverse())].slice(0, history.capacity);
          for (const key of newest) expect(kept.has(`${SCOPE}\n${key}`)).toBe(true);
          expect(kept.size).toBeLessThanOrEqual(2 * history.capacity + 1);
        });
      }),
    );
  });

  it('are nobody else’s: a command without a key is always new', () => {
    const answers = withKeyAnswer(noKeyAnswers(1), keyed(null, 0), 3n);
    expect(answers).toEqual(noKeyAnswers(1));
    expect(earlierKeyAnswer(answers, keyed(null, 0))).toBeUndefined();
  });
});
