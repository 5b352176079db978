import {
  type HeldRunTask,
  type RunTaskInbox,
  RunTaskInboxUnavailable,
  type RunTaskKey,
  type RunTaskLane,
} from '@verdict/application';
import type { QueryResultRow } from 'pg';
import { messageOf } from '../shared/errors.js';
import { openPool } from '../shared/pool.js';
import { migrateRunTasks } from './migrate-run-tasks.js';

/** The port, and what its owner does besides. */
export interface OpenRunTaskInbox {
  readonly inbox: RunTaskInbox;
  close(): Promise<void>;
}

/** A task that was answered 200 must survive, so its commit waits for the disk. */
const SESSION =
  '-c synchronous_commit=on -c statement_timeout=5000 -c lock_timeout=2000 -c idle_in_transaction_session_timeout=5000';
const CONNECTIONS_MAX = 2;

const KEY = 'tenant_id = $1 AND integration_id = $2 AND task_result_id = $3';
const PUT = `INSERT INTO run_task.inbox (tenant_id, integration_id, task_result_id, task, sealed_token, arrived_at_ms)
VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING RETURNING 1`;
/**
 * Steps from tenant to tenant and looks at no more of one than may be taken, so that nobody's backlog costs the others time.
 * Whoever comes second skips what the first is taking, instead of waiting for it.
 */
const CLAIM = `WITH RECURSIVE waiting AS (
  (SELECT tenant_id FROM run_task.inbox WHERE finished_at IS NULL AND lane = $3 ORDER BY tenant_id LIMIT 1)
  UNION ALL
  SELECT (SELECT tenant_id FROM run_task.inbox AS i
           WHERE finished_at IS NULL AND lane = $3 AND i.tenant_id > w.tenant_id ORDER BY tenant_id LIMIT 1)
    FROM waiting AS w WHERE w.tenant_id IS NOT NULL
), turns AS (
  SELECT tenant_id,
         (SELECT count(*) FROM run_task.inbox AS i WHERE i.tenant_id = w.tenant_id AND lane = $3
             AND holder = $1 AND finished_at IS NULL AND held_until > now()) AS had,
         (SELECT max(claimed_at) FROM run_task.inbox AS i WHERE i.tenant_id = w.tenant_id) AS served_at
    FROM waiting AS w WHERE tenant_id IS NOT NULL
), fair AS (
  SELECT tenant_id, integration_id, task_result_id
    FROM turns CROSS JOIN LATERAL (
      SELECT integration_id, task_result_id, held_until, arrived_at_ms,
             row_number() OVER (ORDER BY held_until, arrived_at_ms) AS place
        FROM (SELECT * FROM run_task.inbox AS i
               WHERE finished_at IS NULL AND lane = $3 AND i.tenant_id = turns.tenant_id AND held_until <= now()
               ORDER BY held_until, arrived_at_ms LIMIT greatest($5::bigint - turns.had, 0)) AS first
    ) AS due
   ORDER BY had + place, served_at NULLS FIRST, held_until, arrived_at_ms LIMIT $4
), free AS (
  SELECT i.tenant_id, i.integration_id, i.task_result_id
    FROM run_task.inbox AS i JOIN fair USING (tenant_id, integration_id, task_result_id)
   WHERE i.finished_at IS NULL AND i.held_until <= now() FOR UPDATE OF i SKIP LOCKED
), held AS (
  UPDATE run_task.inbox AS i
     SET holder = $1, held_until = now() + $2::bigint * interval '1 millisecond', claimed_at = now()
    FROM free WHERE (i.tenant_id, i.integration_id, i.task_result_id) = (free.tenant_id, free.integration_id, free.task_result_id)
  RETURNING i.*
) SELECT * FROM held ORDER BY arrived_at_ms`;
const UNTIL = `UPDATE run_task.inbox SET held_until = now() + $5::bigint * interval '1 millisecond'`;
const PROLONG = `${UNTIL} WHERE ${KEY} AND holder = $4 AND finished_at IS NULL RETURNING 1`;
const RELEASE = `${UNTIL}, holder = NULL, lane = $6, attempt = $7 WHERE ${KEY} AND holder = $4 AND finished_at IS NULL`;
const KEEP = `UPDATE run_task.inbox SET result = coalesce(result, $4) WHERE ${KEY} RETURNING result`;
const FINISH = `UPDATE run_task.inbox SET finished_at = now(), sealed_token = NULL, holder = NULL WHERE ${KEY} AND finished_at IS NULL`;
const FORGET = `DELETE FROM run_task.inbox WHERE finished_at < to_timestamp(0) + $1::bigint * interval '1 millisecond'`;

interface TaskRecord extends QueryResultRow {
  readonly tenant_id: string;
  readonly integration_id: string;
  readonly task_result_id: string;
  readonly task: string;
  readonly sealed_token: string;
  readonly arrived_at_ms: string;
  readonly result: string | null;
  readonly lane: RunTaskLane;
  readonly attempt: number;
}

const taskOf = (record: TaskRecord): HeldRunTask => ({
  tenantId: record.tenant_id,
  integrationId: record.integration_id,
  taskResultId: record.task_result_id,
  task: record.task,
  sealedToken: record.sealed_token,
  arrivedAtMs: Number(record.arrived_at_ms),
  result: record.result,
  lane: record.lane,
  attempt: record.attempt,
});
const keyOf = ({ tenantId, integrationId, taskResultId }: RunTaskKey): readonly string[] => [
  tenantId,
  integrationId,
  taskResultId,
];

type Ask = <Row extends QueryResultRow>(text: string, values: readonly unknown[]) => Promise<readonly Row[]>;

const inboxOn = (ask: Ask): RunTaskInbox => ({
  put: async (task) => {
    const values = [...keyOf(task), task.task, task.sealedToken, task.arrivedAtMs];
    return (await ask(PUT, values)).length > 0;
  },
  claim: async ({ holder, ttlMs, lane, limit, tenantMax }) =>
    (await ask<TaskRecord>(CLAIM, [holder, ttlMs, lane, limit, tenantMax])).map(taskOf),
  prolong: async (key, holder, ttlMs) => (await ask(PROLONG, [...keyOf(key), holder, ttlMs])).length > 0,
  release: async (key, holder, { lane, afterMs, attempt }) => {
    await ask(RELEASE, [...keyOf(key), holder, afterMs, lane, attempt]);
  },
  keepResult: async (key, result) => {
    const [row] = await ask<{ result: string }>(KEEP, [...keyOf(key), result]);
    if (row === undefined) throw new Error('there is no such run task');
    return row.result;
  },
  finish: async (key) => {
    await ask(FINISH, keyOf(key));
  },
  forget: async (finishedBeforeMs) => {
    await ask(FORGET, [finishedBeforeMs]);
  },
});

/** Opens the RunTaskInbox port on Postgres; migrates its schema first. `url`: the service role, as for the read models. */
export const openRunTaskInbox = async (url: string): Promise<OpenRunTaskInbox> => {
  await migrateRunTasks(url);
  const pool = openPool({
    ...{ connectionString: url, application_name: 'verdict-run-tasks', max: CONNECTIONS_MAX, options: SESSION },
    ...{ connectionTimeoutMillis: 3_000, keepAlive: true },
  });
  const ask = async <Row extends QueryResultRow>(text: string, values: readonly unknown[]): Promise<readonly Row[]> => {
    try {
      return (await pool.query<Row>(text, [...values])).rows;
    } catch (error) {
      throw new RunTaskInboxUnavailable(`the inbox of run tasks cannot be reached: ${messageOf(error)}`, {
        cause: error,
      });
    }
  };
  return { inbox: inboxOn(ask), close: () => pool.end() };
};
