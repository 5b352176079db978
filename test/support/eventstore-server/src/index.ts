export type { Fault, FaultOptions, Faults } from './faults.js';
export { type EventStoreServer, type EventStoreServerOptions, startEventStoreServer } from './server.js';
