import { describe, expect, it } from '@jest/globals';
import { MemoryJournals, MemoryStore } from '@verdict/adapter-memory';
import { Frontier } from '@verdict/ledger';
import { drain, sealedBytes, sealedEntry } from '@verdict/testkit';
import type { StoredCheckpoint } from '../ports/audit.js';
import type { JournalName, Journals, SealedEntry, StoredEntry } from '../ports/journals.js';
import { copyJournals } from './copy-journals.js';
import { type CopyOptions, type CopyReport, CopyStalled } from './copy-journals.types.js';

const QUICK: CopyOptions = { retry: { triesMax: 5, firstMs: 1, longestMs: 2 } };
const DECISIONS = 'decisions-acme';
const POLICY = 'policy-acme';
const PER_APPEND = 2;

const entriesOf = (journal: JournalName, count: number, from = 0, bytesMin = 0): readonly SealedEntry[] =>
  Array.from({ length: count }, (_, index) => {
    const revision = from + index;
    return sealedEntry({ label: `${journal} ${String(revision)}`, journal, revision: BigInt(revision), bytesMin });
  });

const fill = async (
  journals: Journals,
  journal: JournalName,
  entries: readonly SealedEntry[],
  from = 0,
): Promise<void> => {
  for (let at = 0; at < entries.length; at += PER_APPEND) {
    const some = entries.slice(at, at + PER_APPEND);
    expect((await journals.append(journal, BigInt(from + at) - 1n, some)).kind).toBe('appended');
  }
};

const world = () => {
  const sourceStore = new MemoryStore();
  const targetStore = new MemoryStore();
  const source = new MemoryJournals({ store: sourceStore });
  const target = new MemoryJournals({ store: targetStore });
  /** As text: the runner compares long arrays of bytes one by one. */
  const textOf = ({ revision, type, storeId, leafHash, bytes }: StoredEntry): string =>
    [revision, type, storeId, Buffer.from(leafHash).toString('hex'), Buffer.from(bytes).toString('latin1')].join(' ');
  const all = async (journals: Journals): Promise<ReadonlyMap<JournalName, readonly string[]>> => {
    const found = new Map<JournalName, readonly string[]>();
    for (const journal of await journals.list())
      found.set(journal, (await drain(journals.read(journal, 0n))).map(textOf));
    return found;
  };
  return {
    source,
    target,
    copy: (options: CopyOptions = {}): Promise<CopyReport> =>
      copyJournals({ source, target }, { ...QUICK, ...options }),
    expectSame: async (): Promise<void> => {
      expect(await all(target)).toEqual(await all(source));
    },
    targetEntries: async (): Promise<number> => [...(await all(target)).values()].flat().length,
    /** Behind the port's back. */
    rewrite: (side: 'source' | 'target', journal: JournalName, index: number, change: Partial<StoredEntry>): void => {
      const stored = (side === 'source' ? sourceStore : targetStore).journals.get(journal) ?? [];
      stored[index] = { ...stored[index]!, ...change };
    },
  };
};

const checkpointsOf = (...kept: readonly { journal: JournalName; size: bigint; root: Uint8Array }[]) => ({
  latestCheckpoints: (): Promise<readonly StoredCheckpoint[]> =>
    Promise.resolve(kept.map((each) => ({ ...each, note: '', publishedAt: '2026-11-22T10:00:00.000Z' }))),
});
const rootOf = (entries: readonly SealedEntry[]): Uint8Array => {
  const tree = new Frontier();
  for (const { leafHash } of entries) tree.append(leafHash);
  return tree.root();
};
const journalIn = ({ journals }: CopyReport, journal: JournalName) => journals.find((each) => each.journal === journal);

/** The same journals but for one method. */
const withAppend = (journals: Journals, append: Journals['append']): Journals =>
  new Proxy<Journals>(journals, {
    get: (inner, member) => {
      if (member === 'append') return append;
      const value: unknown = Reflect.get(inner, member);
      return typeof value === 'function' ? (value.bind(inner) as unknown) : value;
    },
  });

/** Does something of its own after `count` appends. */
const afterAppends = (journals: Journals, count: number, work: () => Promise<void>): Journals => {
  let appends = 0;
  return withAppend(journals, async (...given) => {
    const result = await journals.append(...given);
    appends += 1;
    if (appends === count) await work();
    return result;
  });
};

describe('copying journals', () => {
  it('makes the target the same log, byte for byte, and tells the root of each journal from both sides', async () => {
    const { source, copy, expectSame } = world();
    const decisions = entriesOf(DECISIONS, 7);
    await fill(source, DECISIONS, decisions);
    await fill(source, POLICY, entriesOf(POLICY, 2));
    const report = await copy();
    await expectSame();
    expect(report.outcome).toBe('equal');
    expect(report.journals.map(({ journal, entries, copied, left }) => [journal, entries, copied, left])).toEqual([
      [DECISIONS, 7n, 7, 0n],
      [POLICY, 2n, 2, 0n],
    ]);
    const copied = journalIn(report, DECISIONS);
    expect(copied?.sourceRoot).toEqual(rootOf(decisions));
    expect(copied?.targetRoot).toEqual(rootOf(decisions));
  });

  it('stays within the limits of an append, by entries and by bytes', async () => {
    const { source, copy, expectSame } = world();
    await fill(source, DECISIONS, entriesOf(DECISIONS, 1_203));
    await fill(source, POLICY, entriesOf(POLICY, 7, 0, 329_000));
    expect((await copy()).outcome).toBe('equal'); // The port throws InvalidAppend beyond them.
    await expectSame();
  });

  it('keeps bytes that are no entry of the ledger as they are', async () => {
    const { source, copy, expectSame } = world();
    await fill(source, 'system', [sealedBytes('x', Buffer.from([0, 255])), sealedBytes('y', Buffer.from('{"a":1.0}'))]);
    expect((await copy()).outcome).toBe('equal');
    await expectSame();
  });

  it('has no more journals under way at the same time than it was told', async () => {
    const { source, target } = world();
    for (let n = 0; n < 12; n += 1) await fill(source, `policy-t${String(n)}`, entriesOf(`policy-t${String(n)}`, 1));
    let underWay = 0;
    let most = 0;
    const counting = withAppend(target, async (...given) => {
      underWay += 1;
      most = Math.max(most, underWay);
      const result = await target.append(...given);
      underWay -= 1;
      return result;
    });
    expect((await copyJournals({ source, target: counting }, { ...QUICK, atOnce: 3 })).outcome).toBe('equal');
    expect(most).toBe(3);
  });

  it('says how far it is, of how many entries', async () => {
    const { source, target, copy } = world();
    const decisions = entriesOf(DECISIONS, 5);
    await fill(source, DECISIONS, decisions);
    await fill(target, DECISIONS, decisions.slice(0, 2));
    const told: string[] = [];
    await copy({
      onProgress: ({ phase, entries, total }) => told.push(`${phase} ${String(entries)} of ${String(total)}`),
    });
    expect(told).toEqual([
      'checking 1 of 2',
      'checking 2 of 2',
      'copying 3 of 3',
      'verifying 1 of 3',
      'verifying 2 of 3',
      'verifying 3 of 3',
    ]);
  });
});

describe('copying again', () => {
  it('goes on from where a copy was stopped, and copies nothing twice', async () => {
    const { source, target, copy, expectSame, targetEntries } = world();
    await fill(source, DECISIONS, entriesOf(DECISIONS, 1_300));
    const dying = afterAppends(target, 2, () => Promise.reject(new Error('killed')));
    await expect(copyJournals({ source, target: dying }, QUICK)).rejects.toThrow('killed');
    expect(await targetEntries()).toBe(1_000);
    const report = await copy();
    expect(report.outcome).toBe('equal');
    expect(journalIn(report, DECISIONS)?.copied).toBe(300);
    await expectSame();
    expect((await copy()).journals.map(({ copied }) => copied)).toEqual([0]);
  });

  it.each(['crash_before_commit', 'crash_after_commit'] as const)(
    'repeats the same bytes after an unknown outcome: %s',
    async (fault) => {
      const { source, target, copy, expectSame } = world();
      await fill(source, DECISIONS, entriesOf(DECISIONS, 600));
      target.faults.arm(fault, 3);
      expect((await copy()).outcome).toBe('equal');
      expect(target.faults.count(fault)).toBe(3);
      await expectSame();
    },
  );

  it('gives up on a target that never answers, and begins nothing else', async () => {
    const { source, target, copy, targetEntries } = world();
    for (const journal of [DECISIONS, POLICY]) await fill(source, journal, entriesOf(journal, 3));
    target.faults.arm('crash_before_commit', 1_000);
    await expect(copy({ atOnce: 1 })).rejects.toBeInstanceOf(CopyStalled);
    expect(target.faults.count('crash_before_commit')).toBe(5);
    expect(await targetEntries()).toBe(0);
  });

  it('stops between two batches when it is told to', async () => {
    const { source, target, targetEntries } = world();
    await fill(source, DECISIONS, entriesOf(DECISIONS, 1_300));
    const controller = new AbortController();
    const watched = afterAppends(target, 1, async () => {
      controller.abort(new Error('interrupted'));
    });
    const copying = copyJournals({ source, target: watched }, { ...QUICK, signal: controller.signal });
    await expect(copying).rejects.toThrow('interrupted');
    expect(await targetEntries()).toBe(500);
  });

  it('takes what another run of the same copy has written meanwhile', async () => {
    const { source, target, expectSame } = world();
    const decisions = entriesOf(DECISIONS, 1_300);
    await fill(source, DECISIONS, decisions);
    const watched = afterAppends(target, 1, async () => {
      await target.append(DECISIONS, 499n, decisions.slice(500, 800));
    });
    const report = await copyJournals({ source, target: watched }, QUICK);
    expect(report.outcome).toBe('equal');
    expect(journalIn(report, DECISIONS)?.copied).toBe(1_000);
    await expectSame();
  });
});

describe('a target that has other entries', () => {
  it('is refused with the first revision that differs, and nothing is written to any journal', async () => {
    const { source, target, copy, targetEntries } = world();
    const decisions = entriesOf(DECISIONS, 5);
    await fill(source, DECISIONS, decisions);
    await fill(source, POLICY, entriesOf(POLICY, 3));
    const foreign = sealedEntry({ label: 'foreign', journal: DECISIONS, revision: 2n });
    await fill(target, DECISIONS, [...decisions.slice(0, 2), foreign]);
    const report = await copy();
    expect(report.outcome).toBe('refused');
    expect(journalIn(report, DECISIONS)).toMatchObject({
      entries: 2n,
      difference: { kind: 'other_entry', revision: 2n },
    });
    expect(journalIn(report, POLICY)).toMatchObject({ copied: 0, difference: null });
    expect(await targetEntries()).toBe(3);
  });

  it('is refused when it has more than the source, or a journal of its own', async () => {
    const { source, target, copy } = world();
    await fill(source, DECISIONS, entriesOf(DECISIONS, 2));
    await fill(target, DECISIONS, entriesOf(DECISIONS, 3));
    await fill(target, 'policy-globex', entriesOf('policy-globex', 1));
    const report = await copy();
    expect(report.outcome).toBe('refused');
    expect(report.journals.map(({ journal, difference }) => [journal, difference])).toEqual([
      [DECISIONS, { kind: 'surplus_entry', revision: 2n }],
      ['policy-globex', { kind: 'surplus_entry', revision: 0n }],
    ]);
  });

  it('is refused when a payload differs under the same leaf hash', async () => {
    const { source, copy, rewrite } = world();
    await fill(source, DECISIONS, entriesOf(DECISIONS, 3));
    await copy();
    const [, entry] = entriesOf(DECISIONS, 3);
    const bytes = Buffer.from(Buffer.from(entry!.bytes).toString().replace('"pad":""', '"pad":"!"'));
    rewrite('target', DECISIONS, 1, { bytes });
    expect(journalIn(await copy(), DECISIONS)?.difference).toEqual({ kind: 'other_entry', revision: 1n });
  });

  it('is told from a conflict: who writes there during the copy is found, and the other journals are copied', async () => {
    const { source, target } = world();
    await fill(source, DECISIONS, entriesOf(DECISIONS, 700));
    await fill(source, POLICY, entriesOf(POLICY, 3));
    const foreign = sealedEntry({ label: 'foreign', journal: DECISIONS, revision: 500n });
    const watched = afterAppends(target, 1, async () => {
      await target.append(DECISIONS, 499n, [foreign]);
    });
    const report = await copyJournals({ source, target: watched }, { ...QUICK, atOnce: 1 });
    expect(report.outcome).toBe('different');
    expect(journalIn(report, DECISIONS)?.difference).toEqual({ kind: 'other_entry', revision: 500n });
    expect(journalIn(report, POLICY)).toMatchObject({ copied: 3, difference: null });
  });

  it('a conflict that nobody has caused is tried again, and named when it stays', async () => {
    const { source, target, copy } = world();
    await fill(source, DECISIONS, entriesOf(DECISIONS, 3));
    target.faults.arm('conflict', 100);
    expect(journalIn(await copy(), DECISIONS)?.difference).toEqual({ kind: 'refused_entry', revision: 0n });
    target.faults.clear();
    target.faults.arm('conflict');
    expect((await copy()).outcome).toBe('equal');
  });
});

describe('a source that moves', () => {
  it('is copied as it was, and the entries that are left are counted; the next run takes them', async () => {
    const { source, target, copy, expectSame } = world();
    await fill(source, DECISIONS, entriesOf(DECISIONS, 3));
    const watched = afterAppends(target, 1, async () => {
      await fill(source, DECISIONS, entriesOf(DECISIONS, 2, 3), 3);
      await fill(source, POLICY, entriesOf(POLICY, 4));
    });
    const report = await copyJournals({ source, target: watched }, QUICK);
    expect(report.outcome).toBe('incomplete');
    expect(report.journals.map(({ journal, entries, left }) => [journal, entries, left])).toEqual([
      [DECISIONS, 3n, 2n],
      [POLICY, 0n, 4n],
    ]);
    expect((await copy()).outcome).toBe('equal');
    await expectSame();
  });

  it('a target that got an entry of somebody else at the end is different', async () => {
    const { source, target } = world();
    await fill(source, DECISIONS, entriesOf(DECISIONS, 3));
    const watched = afterAppends(target, 1, async () => {
      await target.append(POLICY, -1n, entriesOf(POLICY, 1));
    });
    const report = await copyJournals({ source, target: watched }, QUICK);
    expect(report.outcome).toBe('different');
    expect(journalIn(report, POLICY)?.difference).toEqual({ kind: 'surplus_entry', revision: 0n });
  });
});

describe('what was signed', () => {
  const decisions = entriesOf(DECISIONS, 5);
  const copyWith = async (size: bigint, root: Uint8Array, options: CopyOptions = {}) => {
    const { source, target, targetEntries } = world();
    await fill(source, DECISIONS, decisions);
    const checkpoints = checkpointsOf({ journal: DECISIONS, size, root });
    const report = await copyJournals({ source, target, checkpoints }, { ...QUICK, ...options });
    return { report, journal: journalIn(report, DECISIONS), targetEntries };
  };

  it('holds for both sides: the root of the newest checkpoint is met', async () => {
    const { report, journal } = await copyWith(3n, rootOf(decisions.slice(0, 3)));
    expect(report.outcome).toBe('equal');
    expect(journal?.checkpoint).toBe(3n);
  });

  it('is compared with: another root at that size is a difference', async () => {
    const { report, journal } = await copyWith(3n, rootOf(decisions.slice(0, 2)));
    expect(report.outcome).toBe('different');
    expect(journal).toMatchObject({ checkpoint: null, difference: { kind: 'other_root', revision: 2n } });
  });

  it('is compared with: a log that ends before what was signed is not copied', async () => {
    const { report, journal, targetEntries } = await copyWith(6n, rootOf(decisions));
    expect(report.outcome).toBe('refused');
    expect(journal?.difference).toEqual({ kind: 'lost_entry', revision: 5n });
    expect(await targetEntries()).toBe(0);
  });

  it('a journal that was lost whole is missed, too', async () => {
    const { source, target } = world();
    await fill(source, DECISIONS, decisions);
    await fill(target, POLICY, entriesOf(POLICY, 1));
    const checkpoints = checkpointsOf({ journal: POLICY, size: 1n, root: rootOf(entriesOf(POLICY, 1)) });
    expect((await copyJournals({ source, target, checkpoints }, QUICK)).outcome).toBe('refused');
  });

  it('is not said to hold when less was compared', async () => {
    const { report, journal } = await copyWith(3n, rootOf(decisions.slice(0, 3)), { verifyOnly: true });
    expect(report.outcome).toBe('incomplete');
    expect(journal?.checkpoint).toBeNull();
  });
});

describe('comparing only', () => {
  it('writes nothing, and counts what the target lacks', async () => {
    const { source, target, copy, targetEntries } = world();
    const decisions = entriesOf(DECISIONS, 5);
    await fill(source, DECISIONS, decisions);
    await fill(target, DECISIONS, decisions.slice(0, 2));
    const report = await copy({ verifyOnly: true });
    expect(report.outcome).toBe('incomplete');
    expect(journalIn(report, DECISIONS)).toMatchObject({ entries: 2n, copied: 0, left: 3n, difference: null });
    expect(await targetEntries()).toBe(2);
    await copy();
    expect((await copy({ verifyOnly: true })).outcome).toBe('equal');
  });

  it('calls a difference by its name', async () => {
    const { source, copy, rewrite } = world();
    await fill(source, DECISIONS, entriesOf(DECISIONS, 3));
    await copy();
    rewrite('target', DECISIONS, 2, { type: 'hold_voided' });
    const report = await copy({ verifyOnly: true });
    expect(report.outcome).toBe('different');
    expect(journalIn(report, DECISIONS)?.difference).toEqual({ kind: 'other_entry', revision: 2n });
  });
});

describe('a source that is damaged', () => {
  it.each(['copies', 'compares'] as const)('%s nothing whose leaf hash is not that of its bytes', async (what) => {
    const { source, target, copy, rewrite, targetEntries } = world();
    const decisions = entriesOf(DECISIONS, 5);
    await fill(source, DECISIONS, decisions);
    if (what === 'compares') await fill(target, DECISIONS, decisions);
    const bytes = Buffer.from(Buffer.from(decisions[3]!.bytes).toString().replace('acme 3', 'acme 4'));
    rewrite('source', DECISIONS, 3, { bytes });
    const report = await copy();
    expect(journalIn(report, DECISIONS)?.difference).toEqual({ kind: 'damaged_entry', revision: 3n });
    expect(await targetEntries()).toBe(what === 'compares' ? 5 : 0);
  });

  it('ends the copy where an entry was lost', async () => {
    const { source, copy } = world();
    await fill(source, DECISIONS, entriesOf(DECISIONS, 5));
    source.faults.arm('gap');
    await expect(copy()).rejects.toThrow('has lost the entry');
  });
});
