import type { AuditStore } from '@verdict/application';
import { openAuditConnections } from './audit-connections.js';
import { postgresCheckpointStore } from './checkpoint-store.js';
import { postgresExportStore } from './export-store.js';

export interface AuditStoreOptions {
  /** Leads to a database that `migrateAudit` has prepared, as role `verdict_service`. */
  readonly url: string;
  /** Default 3. */
  readonly connectionsMax?: number;
}

const CONNECTIONS_MAX = 3;

/** Opens what audit-export keeps outside the log. Rejects with AuditStoreUnavailable when the server does not answer. */
export const openAuditStore = async ({
  url,
  connectionsMax = CONNECTIONS_MAX,
}: AuditStoreOptions): Promise<AuditStore> => {
  const connections = openAuditConnections(url, connectionsMax);
  const ping = async (): Promise<void> => {
    await connections.ask('SELECT 1');
  };
  try {
    await ping();
  } catch (error) {
    await connections.close();
    throw error;
  }
  return {
    ...postgresCheckpointStore(connections),
    ...postgresExportStore(connections),
    ping,
    close: () => connections.close(),
  };
};
