export type { AppendReport } from './append/appender.js';
export { LogDamaged } from './errors.js';
export type { Alarm } from './errors.js';
export { openEventStoreJournals } from './open-journals.js';
export type { EventStoreJournalsOptions } from './open-journals.js';
export type { Access } from './streams/stream-metadata.js';
