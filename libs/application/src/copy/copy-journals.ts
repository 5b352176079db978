import { Frontier } from '@verdict/ledger';
import type { JournalName, Revision } from '../ports/journals.js';
import { compareTo, copyJournal, type CopyRun } from './copy-journal.js';
import type {
  CopiedJournal,
  CopyDeps,
  CopyOptions,
  CopyProgress,
  CopyReport,
  Difference,
} from './copy-journals.types.js';
import { hasEqualRoots, type Pair } from './pair.js';
import { workThrough } from './work-through.js';

const AT_ONCE = 8;
/** Outlasts the restart of a server. */
const RETRY = { triesMax: 10, firstMs: 100, longestMs: 5_000 } as const;

const namesOf = async ({ source, target }: CopyDeps): Promise<readonly JournalName[]> =>
  [...new Set([...(await source.list()), ...(await target.list())])].sort();

const pairOf = (journal: JournalName, heads: Pick<Pair, 'last' | 'targetHead' | 'checkpoint'>): Pair => ({
  ...{ journal, ...heads, source: new Frontier(), target: new Frontier(), copied: 0, difference: undefined },
});

/**
 * Both sides as they are before anything is written. The source's heads are asked for last: all that was copied or signed
 * before that moment is below them.
 */
const survey = async (deps: CopyDeps): Promise<readonly Pair[]> => {
  const names = await namesOf(deps);
  const checkpoints = await deps.checkpoints?.latestCheckpoints(names);
  const newest = new Map(checkpoints?.map((checkpoint) => [checkpoint.journal, checkpoint]));
  const targetHeads = await deps.target.heads(names);
  const sourceHeads = await deps.source.heads(names);
  return names.map((journal, index) =>
    pairOf(journal, {
      last: sourceHeads[index] ?? -1n,
      targetHead: targetHeads[index] ?? -1n,
      checkpoint: newest.get(journal),
    }),
  );
};

/** Copies are made of what the source has, so a target never has more. */
const surplusIn = (targetHead: Revision, sourceHead: Revision): Difference | undefined =>
  targetHead > sourceHead ? { kind: 'surplus_entry', revision: sourceHead + 1n } : undefined;

/** What the heads alone say. */
const judgeHeads = ({ last, targetHead, checkpoint }: Pair): Difference | undefined => {
  const next = last + 1n;
  const isCut = checkpoint !== undefined && checkpoint.size > next;
  return surplusIn(targetHead, last) ?? (isCut ? { kind: 'lost_entry', revision: next } : undefined);
};

const sharedHead = ({ last, targetHead }: Pair): Revision => (targetHead < last ? targetHead : last);

/** One pass over all journals; counts what it has done of `entriesOf` each. */
interface Phase {
  readonly name: CopyProgress['phase'];
  readonly entriesOf: (pair: Pair) => Revision;
  readonly work: (run: CopyRun, pair: Pair) => Promise<void>;
}

const CHECKING: Phase = {
  name: 'checking',
  entriesOf: (pair) => sharedHead(pair) + 1n,
  work: async (run, pair) => {
    await compareTo(run, pair, sharedHead(pair));
    pair.difference ??= judgeHeads(pair);
  },
};
const COPYING: Phase = { name: 'copying', entriesOf: ({ last, targetHead }) => last - targetHead, work: copyJournal };
const VERIFYING: Phase = {
  name: 'verifying',
  entriesOf: (pair) => sharedHead(pair) + 1n - pair.source.size,
  work: (run, pair) => compareTo(run, pair, sharedHead(pair)),
};

const createPhaseRunner = ({ source, target }: CopyDeps, options: CopyOptions) => {
  const { atOnce = AT_ONCE, retry = RETRY, onProgress } = options;
  return async ({ name, entriesOf, work }: Phase, pairs: readonly Pair[]): Promise<void> => {
    const failed = new AbortController();
    const signal = options.signal === undefined ? failed.signal : AbortSignal.any([options.signal, failed.signal]);
    const total = Number(pairs.reduce((sum, pair) => sum + entriesOf(pair), 0n));
    let entries = 0;
    const onEntries = (count: number): void => {
      entries += count;
      onProgress?.({ phase: name, entries, total });
    };
    const run = { source, target, retry, signal, onEntries };
    const onFailure = (): void => {
      failed.abort();
    };
    await workThrough(pairs, { atOnce, onFailure }, (pair) => work(run, pair));
  };
};

interface SurveyedPair {
  readonly pair: Pair;
  /** As it is now. */
  readonly sourceHead: Revision;
}

/** What either side has got since it was surveyed: entries and whole journals. */
const surveyAgain = async (deps: CopyDeps, pairs: readonly Pair[]): Promise<readonly SurveyedPair[]> => {
  const known = new Map(pairs.map((pair) => [pair.journal, pair]));
  const names = await namesOf(deps);
  const targetHeads = await deps.target.heads(names);
  const sourceHeads = await deps.source.heads(names);
  return names.map((journal, index) => {
    const pair = known.get(journal) ?? pairOf(journal, { last: -1n, targetHead: -1n, checkpoint: undefined });
    const sourceHead = sourceHeads[index] ?? -1n;
    pair.difference ??= surplusIn(targetHeads[index] ?? -1n, sourceHead);
    return { pair, sourceHead };
  });
};

const copiedOf = ({ pair, sourceHead }: SurveyedPair): CopiedJournal => {
  const { journal, source, target, checkpoint, copied, difference = null } = pair;
  const isMet = checkpoint !== undefined && checkpoint.size <= source.size && difference === null;
  return {
    ...{ journal, entries: source.size, copied, difference },
    left: difference === null ? sourceHead + 1n - source.size : 0n,
    sourceRoot: source.root(),
    targetRoot: target.root(),
    checkpoint: isMet ? checkpoint.size : null,
  };
};

const outcomeOf = (surveyed: readonly SurveyedPair[]): 'equal' | 'incomplete' | 'different' => {
  if (surveyed.some(({ pair }) => pair.difference !== undefined || !hasEqualRoots(pair))) return 'different';
  return surveyed.some(({ pair, sourceHead }) => sourceHead >= pair.source.size) ? 'incomplete' : 'equal';
};

/**
 * Makes `target` the same log as `source`, byte for byte, and proves it: what the target has already must be a true prefix
 * of the source, else nothing is written; what is written is read back; roots of both sides are computed from the bytes and
 * compared with each other and with the newest signed checkpoint. It may be stopped at any instruction and begun again.
 *
 * Memory does not grow with the entries: a page and a batch for each journal under way, a tree's edge for every other.
 *
 * @throws CopyStalled when the target does not answer any more; JournalGap when a side has lost an entry; the adapters'
 * errors when a side cannot be reached; `signal.reason`. In each case what was copied stays, and copying again goes on.
 * @source ledger format sections 1 and 3
 */
export const copyJournals = async (deps: CopyDeps, options: CopyOptions = {}): Promise<CopyReport> => {
  const runPhase = createPhaseRunner(deps, options);
  const surveyed = await survey(deps);
  await runPhase(CHECKING, surveyed);
  const isVerifyOnly = options.verifyOnly === true;
  const isRefused = !isVerifyOnly && surveyed.some(({ difference }) => difference !== undefined);
  if (!isVerifyOnly && !isRefused) {
    await runPhase(COPYING, surveyed);
    await runPhase(VERIFYING, surveyed);
  }
  const last = await surveyAgain(deps, surveyed);
  return { outcome: isRefused ? 'refused' : outcomeOf(last), journals: last.map(copiedOf) };
};
