import type { Journals, StoredEntry } from '../ports/journals.js';
import { backoffMs, type RetryTerms } from '../projections/lane.js';
import { batchesOf } from './batches.js';
import { CopyStalled } from './copy-journals.types.js';
import { compareNext, isContentAddressed, type Pair } from './pair.js';

/** What the steps of one copy share. */
export interface CopyRun {
  readonly source: Journals;
  readonly target: Journals;
  readonly retry: RetryTerms;
  readonly signal: AbortSignal;
  readonly onEntries: (count: number) => void;
}

const REFUSALS_MAX = 3;

/** Reads on both sides from where they were compared last, up to `last`, or to where they differ. */
export const compareTo = async (run: CopyRun, pair: Pair, last: bigint): Promise<void> => {
  const from = pair.source.size;
  if (pair.difference !== undefined || last < from) return;
  const count = Number(last - from) + 1;
  const copies = run.target.read(pair.journal, from, count)[Symbol.asyncIterator]();
  try {
    for await (const entry of run.source.read(pair.journal, from, count)) {
      run.signal.throwIfAborted();
      const copy = await copies.next();
      if (!compareNext(pair, entry, copy.done === true ? undefined : copy.value)) return;
      run.onEntries(1);
    }
  } finally {
    await copies.return?.();
  }
};

const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

/** The same bytes at the same place until the outcome is known. */
const appendSurely = async (
  { target, retry, signal }: CopyRun,
  { journal, targetHead }: Pair,
  batch: readonly StoredEntry[],
): Promise<'appended' | 'conflict'> => {
  for (let tries = 1; ; tries += 1) {
    const { kind } = await target.append(journal, targetHead, batch);
    if (kind !== 'unknown') return kind;
    if (tries >= retry.triesMax) {
      throw new CopyStalled(
        `${journal}: the target does not say whether it has stored the entries from revision ${(targetHead + 1n).toString()} on`,
      );
    }
    await pause(backoffMs(retry, tries));
    signal.throwIfAborted();
  }
};

const copyOn = async (run: CopyRun, pair: Pair): Promise<'done' | 'conflict'> => {
  const { journal, last, targetHead } = pair;
  for await (const batch of batchesOf(run.source.read(journal, targetHead + 1n, Number(last - targetHead)))) {
    run.signal.throwIfAborted();
    const damaged = batch.find((entry) => !isContentAddressed(entry));
    if (damaged !== undefined) {
      pair.difference = { kind: 'damaged_entry', revision: damaged.revision };
      return 'done';
    }
    if ((await appendSurely(run, pair, batch)) === 'conflict') return 'conflict';
    pair.targetHead += BigInt(batch.length);
    pair.copied += batch.length;
    run.onEntries(batch.length);
  }
  return 'done';
};

/** Looks at what stands in the way: entries of another run of the same copy are as good as ours. */
const lookAgain = async (run: CopyRun, pair: Pair): Promise<void> => {
  const [head = -1n] = await run.target.heads([pair.journal]);
  pair.targetHead = head;
  await compareTo({ ...run, onEntries: () => undefined }, pair, head < pair.last ? head : pair.last);
};

/** Appends what the target lacks, up to `last`, or to where the sides differ. What was compared before is a true prefix. */
export const copyJournal = async (run: CopyRun, pair: Pair): Promise<void> => {
  let refusals = 0;
  while (pair.difference === undefined && pair.targetHead < pair.last) {
    if ((await copyOn(run, pair)) === 'done') return;
    const before = pair.targetHead;
    await lookAgain(run, pair);
    refusals = pair.targetHead === before ? refusals + 1 : 0;
    if (refusals >= REFUSALS_MAX) pair.difference ??= { kind: 'refused_entry', revision: before + 1n };
  }
};
