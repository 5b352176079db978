import type { JournalName, Revision, Subscription } from '@verdict/application';
import type { Client, ClientConfig } from 'pg';
import { messageOf } from '../shared/errors.js';
import { openClient } from './connections.js';
import { CHANNEL, LIST_JOURNALS } from './statements.js';

export type OnMoved = (journal: JournalName, head: Revision) => void;

export interface FeedOptions {
  readonly config: ClientConfig;
  readonly pollMs: number;
  /** Called for each lost connection; the feed reconnects by itself. */
  readonly onLost: (reason: string) => void;
}

const BACKOFF_MS_MIN = 50;
const BACKOFF_MS_MAX = 5_000;
const POLL_ROWS_MAX = 5_000;

/** Everything before it was seen. Rows are read below the oldest open transaction only: none can still appear there. */
interface Cursor {
  readonly txid: string;
  readonly position: string;
}

interface FeedRow {
  readonly stream: string;
  readonly head: string;
  readonly txid: string;
  readonly position: string;
  readonly rows: number;
}

const START = {
  name: 'verdict_feed_start',
  text: `SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS txid`,
};

/** @source protocols section 7 rule 6; the row that ends the page is the new cursor, the heads are one row a journal. */
const POLL = `
WITH feed AS MATERIALIZED (
  SELECT txid, position, stream, revision FROM log.entries
   WHERE (txid, position) > ($1::xid8, $2::int8) AND txid < pg_snapshot_xmin(pg_current_snapshot())
   ORDER BY txid, position LIMIT ${String(POLL_ROWS_MAX)}
), tail AS (
  SELECT txid, position FROM feed ORDER BY txid DESC, position DESC LIMIT 1
)
SELECT f.stream, max(f.revision) AS head, t.txid::text AS txid, t.position, (SELECT count(*)::int4 FROM feed) AS rows
  FROM feed AS f, tail AS t GROUP BY f.stream, t.txid, t.position`;

/** One LISTEN connection for all subscribers of a process, and a poll for what LISTEN may lose. */
export class Feed {
  private readonly listeners = new Set<OnMoved>();
  /** Highest head told so far: a poll repeats nothing that a notice said, a new subscriber starts from here. */
  private readonly told = new Map<JournalName, Revision>();
  private client: Client | undefined;
  private running: Promise<void> | undefined;
  private wake: (() => void) | undefined;
  private isClosed = false;

  constructor(private readonly options: FeedOptions) {}

  subscribe(onMoved: OnMoved): Subscription {
    if (this.isClosed) throw new Error('the journals are closed');
    this.listeners.add(onMoved);
    const known = [...this.told];
    setImmediate(() => {
      for (const [journal, head] of known) if (this.listeners.has(onMoved)) onMoved(journal, head);
    });
    this.running ??= this.keepRunning();
    return {
      close: () => {
        this.listeners.delete(onMoved);
        return Promise.resolve();
      },
    };
  }

  async close(): Promise<void> {
    this.isClosed = true;
    this.listeners.clear();
    this.wake?.();
    await this.running;
  }

  private tell(journal: JournalName, head: Revision): void {
    this.told.set(journal, head);
    for (const listener of this.listeners) listener(journal, head);
  }

  private tellNew(journal: JournalName, head: Revision): void {
    if (head > (this.told.get(journal) ?? -1n)) this.tell(journal, head);
  }

  private async keepRunning(): Promise<void> {
    let waitMs = BACKOFF_MS_MIN;
    while (!this.isClosed) {
      try {
        this.client = await openClient(this.options.config);
        const cursor = await this.start(this.client);
        waitMs = BACKOFF_MS_MIN;
        await this.pollUntilClosed(this.client, cursor);
      } catch (error) {
        this.options.onLost(messageOf(error));
      }
      await this.client?.end().catch(() => undefined);
      this.client = undefined;
      await this.pause(waitMs);
      waitMs = Math.min(BACKOFF_MS_MAX, waitMs * 2);
    }
  }

  /** Listens first, takes the cursor second and the heads last: what is appended in between is told twice, not never. */
  private async start(client: Client): Promise<Cursor> {
    client.on('notification', ({ payload = '' }) => {
      this.heard(payload);
    });
    client.on('end', () => this.wake?.());
    await client.query(`LISTEN ${CHANNEL}`);
    const { rows } = await client.query<{ txid: string }>(START);
    const heads = await client.query<{ stream: string; head: string }>(LIST_JOURNALS);
    for (const { stream, head } of heads.rows) this.tell(stream, BigInt(head));
    return { txid: rows[0]?.txid ?? '0', position: '0' };
  }

  private heard(payload: string): void {
    for (const line of payload.split('\n')) {
      const [journal = '', head = ''] = line.split(' ');
      if (/^[0-9]+$/.test(head)) this.tellNew(journal, BigInt(head));
    }
  }

  private async pollUntilClosed(client: Client, start: Cursor): Promise<void> {
    let cursor = start;
    while (!this.isClosed) {
      await this.pause(this.options.pollMs);
      let isMore = true;
      while (isMore) {
        const values = [cursor.txid, cursor.position];
        const { rows } = await client.query<FeedRow>({ name: 'verdict_feed', text: POLL, values });
        for (const { stream, head } of rows) this.tellNew(stream, BigInt(head));
        const [first] = rows;
        if (first !== undefined) cursor = { txid: first.txid, position: first.position };
        isMore = first !== undefined && first.rows === POLL_ROWS_MAX;
      }
    }
  }

  /** Ends early when the feed is closed or its connection is lost. */
  private pause(ms: number): Promise<void> {
    if (this.isClosed) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
