import type { JournalName } from '../ports/journals.js';

/** Journals of a tenant, in the order in which a fold may take them when nothing else decides. */
export const JOURNAL_KINDS = ['policy', 'decisions', 'approvals', 'reservations'] as const;
export type JournalKind = (typeof JOURNAL_KINDS)[number];

export const journalName = (kind: JournalKind, tenantId: string): JournalName => `${kind}-${tenantId}`;

/** Kind and tenant of a journal's name; undefined for journals that belong to no tenant. */
export const parseJournalName = (
  name: JournalName,
): { readonly kind: JournalKind; readonly tenantId: string } | undefined => {
  const dash = name.indexOf('-');
  const kind = JOURNAL_KINDS.find((each) => each === name.slice(0, dash));
  return dash < 0 || kind === undefined ? undefined : { kind, tenantId: name.slice(dash + 1) };
};

/** Checkpoint origin of a journal: `<log host>/<tenant>/<kind>`. */
export const originOf = (logHost: string, tenantId: string, kind: JournalKind): string =>
  `${logHost}/${tenantId}/${kind}`;
