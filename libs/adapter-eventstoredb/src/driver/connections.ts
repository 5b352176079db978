import type { EventStoreDBClient } from '@eventstore/db-client';
import { Doubtful, JournalsClosed, messageOf } from '../errors.js';
import { connectionString } from './connection-string.js';
import { Connection } from './connection.js';
import { failureOf, isCallError } from './failure.js';
import { SilenceTimer } from './silence-timer.js';

export interface ConnectionsOptions {
  readonly url: string;
  readonly connectionName: string;
  /** Longest silence of the store within one try of one request. */
  readonly tryMs: number;
  /** Called when a client is thrown away; the next request makes a new one. */
  readonly onReplaced: (reason: string) => void;
  readonly onStrayAnswer: () => void;
}

/** The request; `alive` starts the timer anew, for answers of several parts. */
export type Request<T> = (client: EventStoreDBClient, alive: () => void) => Promise<T>;

const DOUBTS_MAX = 3;
/** Clients of this process so far: none of them shares a connection with another. */
let clientCount = 0;

/**
 * One client at a time, thrown away when its append call breaks, when it does not answer in time, or after three
 * doubtful outcomes in a row. The next is made when the last one has ended.
 *
 * @source protocols section 5 rules 5 and 7, rows 2, 3 and 8 of the table
 */
export class Connections {
  private connection: Connection | undefined;
  private disposal: Promise<void> = Promise.resolve();
  private isClosed = false;

  constructor(private readonly options: ConnectionsOptions) {}

  async current(): Promise<Connection> {
    await this.disposal;
    if (this.isClosed) throw new JournalsClosed();
    this.connection ??= this.open();
    return this.connection;
  }

  /**
   * One try of one request. Of an append the shared call may die: that is no answer to this append.
   * @throws Doubtful for a lost call or a missing answer, else what the client throws.
   */
  async run<T>(request: Request<T>, { isAppend = false }: { readonly isAppend?: boolean } = {}): Promise<T> {
    const connection = await this.current();
    try {
      const result = await this.timed(connection, request);
      connection.doubts = 0;
      return result;
    } catch (thrown) {
      const isLostCall = isAppend && connection.isSharedCall && isCallError(thrown);
      const error = isLostCall ? new Doubtful(messageOf(thrown)) : thrown;
      this.count(connection, failureOf(error) === 'doubtful');
      throw error;
    }
  }

  async close(): Promise<void> {
    this.isClosed = true;
    const { connection } = this;
    this.connection = undefined;
    await this.disposal;
    await connection?.close();
  }

  private open(): Connection {
    const { url, connectionName, onStrayAnswer } = this.options;
    const connection = new Connection(connectionString(url, clientCount, connectionName), onStrayAnswer);
    clientCount += 1;
    connection.onBroken((reason) => {
      this.replace(connection, reason);
    });
    return connection;
  }

  private replace(connection: Connection, reason: string): void {
    if (this.connection !== connection) return;
    this.connection = undefined;
    this.disposal = connection.close();
    this.options.onReplaced(reason);
  }

  private count(connection: Connection, isDoubtful: boolean): void {
    connection.doubts = isDoubtful ? connection.doubts + 1 : 0;
    if (connection.doubts >= DOUBTS_MAX) connection.breakDown(`${String(DOUBTS_MAX)} doubtful outcomes in a row`);
  }

  private timed<T>(connection: Connection, request: Request<T>): Promise<T> {
    const { tryMs } = this.options;
    return new Promise<T>((resolve, reject) => {
      const timer = new SilenceTimer(tryMs, () => {
        connection.breakDown(`no answer within ${String(tryMs)} ms`);
      });
      const forget = connection.onBroken((reason) => {
        reject(new Doubtful(reason));
      });
      const alive = (): void => {
        timer.restart();
      };
      request(connection.client, alive)
        .then(resolve, reject)
        .finally(() => {
          timer.stop();
          forget();
        });
    });
  }
}
