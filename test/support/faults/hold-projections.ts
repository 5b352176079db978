import { Client } from 'pg';

export interface HeldProjections {
  /** Transactions that wait, each of another process: a projector has one at a time. */
  waitingCount(): Promise<number>;
  release(): Promise<void>;
}

/** Lets projections come as far as their first decision, with their marks locked, and no further. Reads go on. */
export const holdProjections = async (adminUrl: string): Promise<HeldProjections> => {
  const client = new Client({ connectionString: adminUrl });
  await client.connect();
  await client.query('BEGIN');
  await client.query('LOCK TABLE read_model.decisions IN SHARE MODE');
  return {
    waitingCount: async () => {
      const { rows } = await client.query<{ count: string }>(
        `SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND application_name = 'verdict'`,
      );
      return Number(rows[0]?.count);
    },
    release: () => client.end(),
  };
};
