import { createCelRules } from '@verdict/adapter-cel';
import {
  createReplayDecisions,
  journalName,
  type JournalKind,
  type Journals,
  parseJournalName,
  recordEntry,
  type RecordedEntry,
  type ReplayRange,
  type ReplayReport,
  type ReplaySource,
} from '@verdict/application';

/** Entries of one tenant straight from a store; `change` may make them say something else. */
export const sourceOf = (
  journals: Pick<Journals, 'read'>,
  tenantId: string,
  change: (kind: JournalKind, entry: RecordedEntry) => RecordedEntry = (_kind, entry) => entry,
): ReplaySource => ({
  tenantId,
  async *read(kind, from) {
    for await (const stored of journals.read(journalName(kind, tenantId), from))
      yield change(kind, recordEntry(stored));
  },
});

export const replayed = (source: ReplaySource, range?: ReplayRange): Promise<ReplayReport> =>
  createReplayDecisions({ rules: createCelRules() })(source, range);

/** Tenants that have decisions there. */
const tenantsIn = async (journals: Pick<Journals, 'list'>): Promise<readonly string[]> =>
  (await journals.list()).flatMap((name) => {
    const parsed = parseJournalName(name);
    return parsed?.kind === 'decisions' ? [parsed.tenantId] : [];
  });

/**
 * Decides every decision of every tenant again (G7), whatever test made them.
 * @throws Error that names the first decisions that come out differently, and where.
 */
export const expectReplayable = async (journals: Pick<Journals, 'list' | 'read'>): Promise<number> => {
  let decisions = 0;
  for (const tenantId of await tenantsIn(journals)) {
    const report = await replayed(sourceOf(journals, tenantId));
    if (report.diverging + report.reactionsDiverging > 0)
      throw new Error(
        `${String(report.diverging)} of ${String(report.decisions)} decisions and ${String(report.reactionsDiverging)} of ${String(report.reactions)} reactions of ${tenantId} diverge (G7): ${report.divergences
          .slice(0, 5)
          .map(
            ({ journal, revision, type, kind, pointers }) =>
              `${journal}@${String(revision)} ${type} ${kind} ${pointers.join(' ')}`,
          )
          .join('; ')}`,
      );
    decisions += report.decisions - report.hidden;
  }
  return decisions;
};
