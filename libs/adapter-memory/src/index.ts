export { Faults } from './faults.js';
export type { Fault } from './faults.js';
export { MemoryJournals } from './memory-journals.js';
export type { MemoryJournalsOptions } from './memory-journals.js';
export { MemoryKeyStore } from './memory-key-store.js';
export { MemoryStore } from './memory-store.js';
export { MemoryRunTaskInbox, type MemoryRunTaskInboxOptions } from './memory-run-task-inbox.js';
export { MemoryRelayStore, type MemoryRelayStoreOptions } from './memory-relay-store.js';
