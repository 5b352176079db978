import type { Journals } from '@verdict/application';
import { withSpan } from '@verdict/nest-kit';

/** The log, with a span around each append: the last step of HTTP -> command -> append. */
export const tracedJournals = (journals: Journals): Journals => ({
  append: (journal, expected, entries) =>
    withSpan('journal append', { 'verdict.journal': journal, 'verdict.entries': entries.length }, () =>
      journals.append(journal, expected, entries),
    ),
  read: (journal, from, limit) => journals.read(journal, from, limit),
  heads: (names) => journals.heads(names),
  list: () => journals.list(),
  subscribe: (onMoved) => journals.subscribe(onMoved),
  saveSnapshot: (journal, owner, snapshot) => journals.saveSnapshot(journal, owner, snapshot),
  loadSnapshot: (journal, owner) => journals.loadSnapshot(journal, owner),
  close: () => journals.close(),
});
