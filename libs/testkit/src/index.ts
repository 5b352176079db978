// A log for the tests of adapters, which do not meet each other.
export { MemoryJournals, MemoryStore } from '@verdict/adapter-memory';
export { fixedClock } from './fixed-clock.js';
export type { FixedClock } from './fixed-clock.js';
export { sealedBytes, sealedEntry } from './sealed-entry.js';
export type { SealedEntryParts } from './sealed-entry.js';
export { specFor } from './spec-for.js';
export type { GivenSpec, Spec, SpecifiedDecider, WhenSpec } from './spec-for.js';
export { startCuttingProxy } from './cutting-proxy.js';
export type { CuttingProxy } from './cutting-proxy.js';
export { describeJournals } from './describe-journals.js';
export { describeKeyStore, type KeyStoreUnderTest } from './describe-key-store.js';
export { withEmbeddedPostgres } from './embedded-postgres.js';
export type { TestDatabase } from './embedded-postgres.js';
export { batchAfter, drain, freshJournal } from './journals-contract/under-test.js';
export type { JournalsUnderTest } from './journals-contract/under-test.js';
export { describeProjectionStore, describeReadModels } from './describe-read-models.js';
export type { ReadModelsUnderTest } from './describe-read-models.js';
export { freshHistory, History } from './read-models-contract/history.js';
