export type {
  AppendResult,
  JournalName,
  Journals,
  Revision,
  SealedEntry,
  Snapshot,
  StoredEntry,
  Subscription,
} from './ports/journals.js';
export { APPEND_BYTES_MAX, APPEND_ENTRIES_MAX, InvalidAppend, JournalGap } from './ports/journals.js';
export { type KeyPurpose, type KeyStore, KeyStoreUnavailable, type PublicSigningKey } from './ports/key-store.js';
export type {
  ApprovalRow,
  ApprovalRowStatus,
  DecisionFilter,
  DecisionRow,
  DecisionView,
  ExceptionRow,
  Page,
  PageRequest,
  ReadModels,
  SettlementRow,
} from './ports/read-models.js';
export { type Clock, type Ids, type Observer, type Sealer, silentObserver } from './ports/system.js';
export { EntryLog, type FreshEntry, type RecordedEntry } from './journals/entry-log.js';
export { type Folded, foldInOrder, NOTHING_FOLDED } from './journals/fold-in-order.js';
export { JOURNAL_KINDS, type JournalKind, journalName, originOf, parseJournalName } from './journals/kinds.js';
export { ServiceHost } from './journals/service-host.js';
export { decodeState, encodeState } from './journals/state-codec.js';
export {
  type CommandContext,
  type CommittedEntry,
  type Decided,
  type LaneDeps,
  type LaneOutcome,
  type ServiceDefinition,
  TenantLane,
} from './journals/tenant-lane.js';
