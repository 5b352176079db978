import { Pool, type PoolConfig } from 'pg';

/**
 * A pool whose connections may die at any moment: idle, between two statements, or while they are being handed out. An
 * `error` event that nobody listens for would end the process; the query under way, or the next one, reports it anyway.
 */
export const openPool = (config: PoolConfig): Pool => {
  const pool = new Pool({ idleTimeoutMillis: 0, ...config });
  pool.on('error', () => undefined); // The pool has dropped it already.
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
};
